"""Finding a dataset's files, and one reader for each form that they come in."""

from srgnn_bench.data.sources.locate import Found, Missing, digest, find, search
from srgnn_bench.data.sources.reading import SplitSessions, read

__all__ = ["Found", "Missing", "SplitSessions", "digest", "find", "read", "search"]

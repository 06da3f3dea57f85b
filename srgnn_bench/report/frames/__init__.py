"""The frames that every table and figure is made of: long, unrounded, traceable to runs' keys.

One file per frame; metrics are shares, not percent.
"""

from srgnn_bench.report.frames.frames import Frames

__all__ = ["Frames"]

"""The command line: words in, calls out. What is asked for is done elsewhere."""

from srgnn_bench.cli.main import app, main

__all__ = ["app", "main"]

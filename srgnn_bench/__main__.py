"""``python -m srgnn_bench`` is ``srgnn-bench``."""

from srgnn_bench.cli import main

main()

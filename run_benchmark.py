"""Run the benchmark: the same as ``srgnn-bench run``, without installing the command."""

import sys

from srgnn_bench.cli import main

if __name__ == "__main__":
    main(["run", *sys.argv[1:]])

"""Write the versions that pip would install, as constraints for this Python.

Run as ``python constraints/make.py``, once under each Python that is supported; it installs
nothing. torch is pinned by hand, since an open range takes a build with CUDA on most platforms.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

TORCH = "torch==2.13.0"

# Libraries that torch brings along on some platforms only.
OF_TORCH = ("nvidia-", "cuda-", "triton")


def main() -> None:
    """Resolve the project with its extras and write ``constraints/pythonX.Y.txt``."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"]
    project = f"{Path(__file__).resolve().parent.parent}[test,lint,docs]"
    done = subprocess.run(
        [*command, "--report", "-", TORCH, project], check=True, capture_output=True, text=True
    )
    found = [package["metadata"] for package in json.loads(done.stdout)["install"]]
    pins = sorted(
        f"{each['name'].lower()}=={each['version'].split('+')[0]}"
        for each in found
        if each["name"] != "srgnn-bench" and not each["name"].lower().startswith(OF_TORCH)
    )
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    heading = f"# Versions the tests pass with on Python {version}; made by constraints/make.py."
    path = Path(__file__).parent / f"python{version}.txt"
    path.write_text("\n".join([heading, *pins]) + "\n")


if __name__ == "__main__":
    main()

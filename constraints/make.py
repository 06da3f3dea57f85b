"""Write the versions that an installation takes, as constraints for each Python.

Run as ``python constraints/make.py``, with uv on the path; it installs nothing. Beside the newest
versions for each Python that ``pyproject.toml`` names stand the lowest that it allows, for the
oldest Python. torch is pinned by hand, so that all Pythons have the same.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

TORCH = "torch==2.13.0"

# Libraries that torch brings along on some platforms only.
OF_TORCH = ("nvidia-", "cuda-", "triton")

FOLDER = Path(__file__).resolve().parent
PROJECT = FOLDER.parent / "pyproject.toml"


def main() -> None:
    """Write ``constraints/pythonX.Y.txt`` for every Python, and ``constraints/lowest.txt``."""
    classifier = r'"Programming Language :: Python :: (3\.\d+)"'
    versions = re.findall(classifier, PROJECT.read_text(encoding="utf-8"))
    for version in versions:
        pins = resolve(version, "--all-extras", given=TORCH)
        write(f"python{version}.txt", f"Versions the tests pass with on Python {version}", pins)
    lowest = ("--resolution", "lowest-direct", "--only-binary", ":all:")
    pins = resolve(versions[0], "--extra", "test", *lowest)
    write("lowest.txt", f"The lowest versions, which the tests pass with on {versions[0]}", pins)


def resolve(python: str, *options: str, given: str = "") -> list[str]:
    """Pins that uv finds for a Python.

    Args:
        python: its version.
        options: what to resolve, and how.
        given: a constraint that holds already.
    """
    command = ["uv", "pip", "compile", str(PROJECT), "--quiet", "--no-header", "--no-annotate"]
    command += ["--python-version", python, "--constraint", "-", *options]
    done = subprocess.run(command, check=True, input=given, stdout=subprocess.PIPE, text=True)
    lines = [line.split(" ")[0].split("+")[0] for line in done.stdout.splitlines()]
    return [line for line in lines if "==" in line and not line.startswith(OF_TORCH)]


def write(name: str, heading: str, pins: list[str]) -> None:
    """Write a file of constraints."""
    lines = [f"# {heading}; made by constraints/make.py.", *pins]
    (FOLDER / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

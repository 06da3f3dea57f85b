"""What is shipped besides the wheel: the files of the sdist, and those of the container's image."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

import pytest
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

CHECKOUT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def sdist() -> set[str]:
    """Paths of the files that an sdist has."""
    found = SdistBuilder(str(CHECKOUT)).recurse_included_files()
    return {file.distribution_path for file in found}


def test_the_sdist_has_what_its_documents_and_tests_read(sdist: set[str]) -> None:
    report = CHECKOUT / "results" / "reference" / "report"
    kept = {
        path.relative_to(CHECKOUT).as_posix()
        for path in report.rglob("*")
        if path.suffix in (".csv", ".md", ".svg")
    }
    assert len(kept) > 40
    assert kept <= sdist
    assert {"tests/test_reference.py", "docs/stored_numbers.py"} <= sdist


def test_the_sdist_has_what_the_wheel_is_made_of(sdist: set[str]) -> None:
    for part in WheelBuilder(str(CHECKOUT)).target_config["force-include"]:
        assert any(name.startswith(f"{part}/") for name in sdist), part


def test_the_sdist_has_no_unfinished_results(sdist: set[str]) -> None:
    parts = {name.split("/")[1] for name in sdist if name.startswith("results/")}
    assert parts == {"README.md", "reference"}


def is_in_image(path: str) -> bool:
    """Whether Docker copies a path: the last pattern that names it or a folder above it decides."""
    place = PurePosixPath(path)
    names = [place.as_posix(), *(folder.as_posix() for folder in place.parents)][:-1]
    copied = True
    for line in (CHECKOUT / ".dockerignore").read_text(encoding="utf-8").split():
        words = re.escape(line.removeprefix("!"))
        pattern = words.replace(r"\*\*/", "(.*/)?").replace(r"\*", "[^/]*")
        if any(re.fullmatch(pattern, name) for name in names):
            copied = line.startswith("!")
    return copied


def test_the_image_is_given_all_that_a_wheel_is_made_of() -> None:
    builder = WheelBuilder(str(CHECKOUT))
    needed = [*builder.target_config["force-include"], *builder.target_config["packages"]]
    needed += ["pyproject.toml", "README.md", "LICENSE", "constraints/python3.13.txt"]
    assert len(needed) > 8
    for path in needed:
        assert (CHECKOUT / path).exists()
        assert is_in_image(path), path


def test_the_image_is_given_no_other_results() -> None:
    for path in ("results/data/x", "results/mine/runs", "results/runs/x", ".git/HEAD", ".venv/bin"):
        assert not is_in_image(path), path
    assert not is_in_image("srgnn_bench/cli/__pycache__/run.pyc")
    assert not is_in_image("__pycache__")

"""The pinned versions cover what the project asks for, so that every extra installs with them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

CHECKOUT = Path(__file__).resolve().parent.parent
PROJECT = WheelBuilder(str(CHECKOUT)).metadata.core
PYTHONS = [
    classifier.removeprefix("Programming Language :: Python :: ")
    for classifier in PROJECT.classifiers
    if re.search(r":: Python :: 3\.\d+$", classifier)
]


def pins(name: str) -> dict[str, str]:
    """Version of each package that a file of constraints names."""
    lines = (CHECKOUT / "constraints" / name).read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if "==" in line)


def asked_for(python: str, extras: list[str]) -> list[Requirement]:
    """What an installation with extras asks for on a Python, the project itself left out."""
    lines = list(PROJECT.dependencies)
    for extra in extras:
        lines += PROJECT.optional_dependencies[extra]
    wanted = [Requirement(line) for line in lines]
    return [
        one
        for one in wanted
        if canonicalize_name(one.name) != "srgnn-bench"
        and (one.marker is None or one.marker.evaluate({"python_version": python}))
    ]


@pytest.mark.parametrize("python", PYTHONS)
def test_every_extra_is_pinned(python: str) -> None:
    check(f"python{python}.txt", asked_for(python, list(PROJECT.optional_dependencies)))


def test_the_lowest_versions_are_pinned() -> None:
    check("lowest.txt", asked_for(PYTHONS[0], ["test", "distributed"]))


def check(name: str, wanted: list[Requirement]) -> None:
    """Assert that a file of constraints has a version that each requirement allows."""
    found = pins(name)
    assert len(wanted) > len(PROJECT.optional_dependencies)
    for one in wanted:
        version = found.get(canonicalize_name(one.name))
        assert version is not None, f"{one} is not in {name}: run make constraints"
        assert one.specifier.contains(version), f"{one} against {version}: run make constraints"

"""Names, paths and texts that are safe everywhere, and the places where they are asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from srgnn_bench.errors import DataError, SpecError
from srgnn_bench.plain_text import visible
from srgnn_bench.specs import registry
from srgnn_bench.specs.dataset import (
    AtomicSource,
    DatasetSpec,
    FilesDownload,
    RecBoleSessionsSource,
)
from srgnn_bench.specs.fields import (
    LONGEST_NAME,
    checked_name,
    checked_path,
    checked_text,
    checked_title,
)
from srgnn_bench.specs.model import ModelSpec
from srgnn_bench.specs.suite import ModelEntry, SuiteSpec
from srgnn_bench.store.record import Cell

CLIMBING = ["..", "../x", "a/../../b", "/etc/x", "a//b", "", ".", "a/.", "C:x", "a\\b", "a\x00b"]
BAD_NAMES = [*CLIMBING, ".x", "x.", "-x", "a/b", "a b", "a\n", "a\u202eb", "nul", "Com1.yaml"]
EVIL_TEXTS = ["\x1b[31mred", "a\u202eb", "a\u2066b", "a\x85b", "a\rb", "a\u200bb", "\x00"]


@pytest.mark.parametrize("name", [*BAD_NAMES, "a" * (LONGEST_NAME + 1), "ä" * LONGEST_NAME])
def test_a_name_that_is_no_plain_word_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        checked_name(name)


@pytest.mark.parametrize("name", ["srgnn", "yoochoose1_64", "ml-100k", "v2.1", "Größe", "con_v"])
def test_plain_names_pass(name: str) -> None:
    assert checked_name(name) == name


@pytest.mark.parametrize("path", CLIMBING)
def test_a_path_that_may_leave_its_folder_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="path"):
        checked_path(path)


@pytest.mark.parametrize("path", ["clicks.csv", "raw/clicks.csv.gz", "two words..csv"])
def test_plain_paths_pass(path: str) -> None:
    assert checked_path(path) == path


@pytest.mark.parametrize("text", EVIL_TEXTS)
def test_unseen_characters_are_refused_or_written_out(text: str) -> None:
    for check in (checked_text, checked_title):
        with pytest.raises(ValueError, match=r"U\+"):
            check(text)
    assert checked_text(visible(text)) == visible(text)
    error = SpecError(f"title {text}", remedy=f"not {text}")
    assert checked_text(str(error)) == f"title {visible(text)} not {visible(text)}"
    assert checked_text(str(error.args[0])) == f"title {visible(text)}"


def test_text_of_any_language_is_left_alone() -> None:
    text = "Größe, 大小, \tحجم,\n गति, 🙂"
    assert visible(text) == checked_text(text) == text


ENTRY = {"model": "markov", "name": "m"}
SUITE = {"name": "s", "title": "S", "datasets": ["ml-100k"], "models": [ENTRY]}
MODEL = {"name": "m", "title": "M", "class": "a:B", "citation": "c"}
LOG: dict[str, Any] = {
    "name": "log",
    "kind": "recbole_interactions",
    "files": "x.inter",
}
DATASET = {
    "name": "d",
    "title": "D",
    "citation": "c",
    "licence": "l",
    "obtain": "o",
    "sources": [LOG],
    "preparation": {"split": {"kind": "newest_sessions", "fraction": 0.2}},
}


CELL = {"dataset": "d", "entry": "e", "title": "E", "model": "m", "seed": 0, "key": None}


@pytest.mark.parametrize("field", ["dataset", "entry", "model"])
def test_a_strangers_results_folder_names_no_place_outside(field: str) -> None:
    """A report writes to folders named after the entries of the stored list of runs."""
    Cell.model_validate(CELL)
    for name in ("../../outside", "..", "/etc/x", "nul"):
        with pytest.raises(ValidationError, match="name"):
            Cell.model_validate({**CELL, field: name})


@pytest.mark.parametrize("name", BAD_NAMES)
@pytest.mark.parametrize(
    ("kind", "content"),
    [(SuiteSpec, SUITE), (ModelSpec, MODEL), (ModelEntry, ENTRY), (DatasetSpec, DATASET)],
)
def test_every_name_is_asked_for(kind: type[Any], content: dict[str, Any], name: str) -> None:
    kind.model_validate(content)
    with pytest.raises(ValidationError, match="name"):
        kind.model_validate({**content, "name": name})


@pytest.mark.parametrize("path", CLIMBING)
def test_every_path_is_asked_for(path: str) -> None:
    sessions = {"name": "s", "kind": "recbole_sessions", "prefix": path}
    fetched = {"kind": "files", "base": "https://example.org/", "files": {path: "0" * 64}}
    for kind, content in (
        (AtomicSource, {**LOG, "files": path}),
        (AtomicSource, {**LOG, "files": ["x.inter", path]}),
        (RecBoleSessionsSource, sessions),
        (FilesDownload, fetched),
        (DatasetSpec, {**DATASET, "folders": [path]}),
    ):
        with pytest.raises(ValidationError, match="path"):
            kind.model_validate(content)


@pytest.mark.parametrize("text", EVIL_TEXTS)
@pytest.mark.parametrize(
    ("kind", "content", "fields"),
    [
        (SuiteSpec, SUITE, ["title", "note"]),
        (ModelSpec, MODEL, ["title", "citation"]),
        (ModelEntry, ENTRY, ["title"]),
        (DatasetSpec, DATASET, ["title", "citation", "licence", "obtain", "note"]),
    ],
)
def test_every_text_is_asked_for(
    kind: type[Any], content: dict[str, Any], fields: list[str], text: str
) -> None:
    for field in fields:
        with pytest.raises(ValidationError, match=r"unseen"):
            kind.model_validate({**content, field: text})


def cyclic() -> dict[str, Any]:
    around: dict[str, Any] = {}
    around["x"] = [around]
    return around


@pytest.mark.parametrize("value", [b"\xff", {1}, object(), {1: 2}, "\x1b", cyclic()])
def test_values_that_yaml_cannot_say_are_refused(value: Any) -> None:
    for kind, content, field in (
        (SuiteSpec, SUITE, "training"),
        (ModelSpec, MODEL, "parameters"),
        (ModelEntry, ENTRY, "parameters"),
    ):
        with pytest.raises(ValidationError):
            kind.model_validate({**content, field: {"x": value}})


def test_a_download_that_climbs_is_refused_when_its_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "{title: t, citation: c, licence: l, obtain: o, "
        "sources: [{name: s, kind: srgnn_pickles}], downloads: [{kind: files, "
        f"base: 'https://example.org/', files: {{'../../outside.txt': '{'0' * 64}'}}}}]}}"
    )
    with pytest.raises((SpecError, DataError), match="below the data root"):
        registry.dataset(str(path))

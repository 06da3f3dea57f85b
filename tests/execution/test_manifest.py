"""In which order a suite's cells stand after several calls."""

from __future__ import annotations

import multiprocessing
from functools import partial
from itertools import product
from pathlib import Path

import pytest

from srgnn_bench.errors import StoreError
from srgnn_bench.execution.manifest import update_manifest
from srgnn_bench.specs.suite import ModelEntry, SuiteSpec
from srgnn_bench.store.record import Cell
from srgnn_bench.store.store import ResultStore


def note(store: ResultStore, *, datasets: str, entries: str, key: str) -> None:
    suite = SuiteSpec(
        name="s",
        title="S",
        datasets=tuple(datasets),
        models=tuple(ModelEntry(model=name, name=name) for name in entries),
    )
    cells = [
        Cell(dataset=dataset, entry=entry, title=entry, model=entry, seed=0, key=key)
        for dataset, entry in product(datasets, entries)
    ]
    update_manifest(store, suite, cells, data={})


def noted(store: ResultStore) -> list[str]:
    manifest = store.manifest("s")
    assert manifest is not None
    return [f"{cell.dataset}{cell.entry}{cell.key}" for cell in manifest.cells]


def test_a_part_of_a_suite_is_renewed_in_its_place(tmp_path: Path) -> None:
    store = ResultStore(tmp_path)
    note(store, datasets="dy", entries="abc", key="1")
    note(store, datasets="y", entries="b", key="2")
    assert noted(store) == ["da1", "db1", "dc1", "ya1", "yb2", "yc1"]


def test_the_stored_suite_keeps_what_a_later_call_leaves_out(tmp_path: Path) -> None:
    """Reports take the subject, and which variant changes what, from there."""
    store = ResultStore(tmp_path)
    note(store, datasets="dy", entries="abc", key="1")
    note(store, datasets="y", entries="b", key="2")
    spec = SuiteSpec.model_validate(store.manifest("s").spec)
    assert [entry.name for entry in spec.models] == ["a", "b", "c"]
    assert spec.datasets == ("d", "y")


def test_a_damaged_list_is_an_error_and_stays_as_it_is(tmp_path: Path) -> None:
    store = ResultStore(tmp_path)
    note(store, datasets="y", entries="c", key="1")
    (tmp_path / "suites" / "s.json").write_text("{")
    with pytest.raises(StoreError, match=r"s\.json is damaged"):
        note(store, datasets="y", entries="a", key="1")
    assert (tmp_path / "suites" / "s.json").read_text() == "{"


def test_processes_that_note_at_once_lose_nothing(tmp_path: Path) -> None:
    names = [f"{first}{second}" for first, second in product("abcd", "wxyz")]
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        pool.map(partial(note_one, tmp_path), names)
    assert sorted(noted(ResultStore(tmp_path))) == [f"{name}1" for name in names]


def note_one(root: Path, name: str) -> None:
    note(ResultStore(root), datasets=name[0], entries=name[1], key="1")


def test_new_parts_come_last_until_a_call_has_all(tmp_path: Path) -> None:
    store = ResultStore(tmp_path)
    note(store, datasets="y", entries="c", key="1")
    note(store, datasets="y", entries="a", key="2")
    note(store, datasets="d", entries="c", key="3")
    assert noted(store) == ["yc1", "ya2", "dc3"]
    note(store, datasets="dy", entries="abc", key="4")
    assert noted(store) == ["da4", "db4", "dc4", "ya4", "yb4", "yc4"]


def test_the_parts_of_a_call_stand_in_its_order(tmp_path: Path) -> None:
    store = ResultStore(tmp_path)
    note(store, datasets="y", entries="cabd", key="1")
    note(store, datasets="y", entries="abce", key="2")
    assert noted(store) == ["ya2", "yb2", "yc2", "yd1", "ye2"]

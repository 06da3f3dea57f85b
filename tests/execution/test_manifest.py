"""In which order a suite's cells stand after several calls."""

from __future__ import annotations

from itertools import product
from pathlib import Path

from srgnn_bench.execution.plan import update_manifest
from srgnn_bench.schema import ModelEntry, SuiteSpec
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
    update_manifest(store, suite, cells)


def noted(store: ResultStore) -> list[str]:
    manifest = store.manifest("s")
    assert manifest is not None
    return [f"{cell.dataset}{cell.entry}{cell.key}" for cell in manifest.cells]


def test_a_part_of_a_suite_is_renewed_in_its_place(tmp_path: Path) -> None:
    store = ResultStore(tmp_path)
    note(store, datasets="dy", entries="abc", key="1")
    note(store, datasets="y", entries="b", key="2")
    assert noted(store) == ["da1", "db1", "dc1", "ya1", "yb2", "yc1"]


def test_new_parts_come_last_until_a_call_has_all(tmp_path: Path) -> None:
    store = ResultStore(tmp_path)
    note(store, datasets="y", entries="c", key="1")
    note(store, datasets="y", entries="a", key="2")
    note(store, datasets="d", entries="c", key="3")
    assert noted(store) == ["yc1", "ya2", "dc3"]
    note(store, datasets="dy", entries="abc", key="4")
    assert noted(store) == ["da4", "db4", "dc4", "ya4", "yb4", "yc4"]

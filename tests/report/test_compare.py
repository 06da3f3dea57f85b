from __future__ import annotations

import pytest
from made_up import write_again, write_suite

from srgnn_bench.errors import StoreError
from srgnn_bench.report.compare import compare_stores, comparison_table
from srgnn_bench.report.results import load_suite
from srgnn_bench.report.tables.table import Table
from srgnn_bench.store.store import ResultStore


def compared(before: ResultStore, after: ResultStore) -> Table:
    return comparison_table(load_suite(before, suite="made-up"), load_suite(after, suite="made-up"))


def test_what_changed_is_named_and_its_size_told(store, tmp_path):
    write_suite(store, datasets=1, models=3, seeds=2)
    other = ResultStore(tmp_path / "after")
    write_suite(other, datasets=1, models=2, seeds=2, skills={"srgnn": 3.0, "gru4rec": 0.55})
    paths = compare_stores(store, other, suite="made-up", out=tmp_path / "out")
    table = compared(store, other)
    forms = {"compare.md", "compare.tex", "compare-column.tex", "compare.csv"}
    assert {path.name for path in paths} == forms
    data = table.data.set_index(["entry", "metric"])
    assert data.loc[("srgnn", "mrr@20"), "low"] > 0
    assert data.loc[("srgnn", "mrr@20"), "p_holm"] < 0.01
    assert data.loc[("gru4rec", "mrr@20"), "difference"] == 0
    assert data.loc[("gru4rec", "mrr@20"), "p_holm"] == 1
    assert "Before only: NARM on Diginetica." in table.lines


def test_a_changed_setting_is_named(store, tmp_path):
    write_suite(store, datasets=1, seeds=1, entries={"a": {}, "b": {"step": 2}})
    other = ResultStore(tmp_path / "after")
    write_suite(other, datasets=1, seeds=1, entries={"a": {}, "b": {"step": 3}})
    table = compared(store, other)
    assert table.data.groupby("entry")["changed"].first().to_dict() == {
        "a": "nothing",
        "b": "step: 2 → 3",
    }
    assert "Changed in the making of b on Diginetica: step: 2 → 3." in table.lines
    assert "Nothing changed in the making." in compared(store, store).lines


def test_epochs_prefix_limit_and_seed_are_settings_too(store, tmp_path):
    write_suite(store, datasets=1, models=2, seeds=1)
    other = ResultStore(tmp_path / "after")
    manifest = write_suite(other, datasets=1, models=2, seeds=1)
    cells = []
    for cell in manifest.cells:
        record = other.record(dataset=cell.dataset, model=cell.model, key=cell.key)
        identity = record.identity.model_copy(
            update={
                "epochs": 9,
                "seed": 7,
                "protocol": {"kind": "temporal", "max_prefix_length": 5},
            }
        )
        cost = record.cost.model_copy(update={"epochs": 9})
        changed = write_again(other, record, identity=identity, cost=cost)
        cells.append(cell.model_copy(update={"key": changed.key}))
    spec = {**manifest.spec, "protocol": {"kind": "temporal", "max_prefix_length": 5}}
    other.write_manifest(manifest.model_copy(update={"cells": tuple(cells), "spec": spec}))
    told = [line for line in compared(store, other).lines if line.startswith("Changed")]
    assert told == [
        "Changed in the making of all: longest prefix: None → 5; first seed: 0 → 7.",
        "Changed in the making of SR-GNN on Diginetica: epochs trained: 4 → 9.",
        "Changed in the making of GRU4Rec on Diginetica: epochs trained: 5 → 9.",
    ]


@pytest.mark.parametrize("seeds", [1, 2])
def test_an_interval_without_seeds_is_marked(store, tmp_path, seeds):
    write_suite(store, datasets=1, models=5, seeds=1)
    other = ResultStore(tmp_path / "after")
    skills = dict.fromkeys(("srgnn", "gru4rec", "narm", "stamp"), 1.2)  # equal runs need no mark
    write_suite(other, datasets=1, models=5, seeds=seeds, skills=skills)
    table = compared(store, other)
    for row in table.rows:
        marked = [cell.text for cell in row if cell.text.endswith("‡")]
        trained = row[1].text != "Popularity"
        assert len(marked) == 2 * trained
    assert "(‡: sessions alone)" in table.note


def test_other_test_prefixes_have_no_interval(store, tmp_path):
    write_suite(store, datasets=1, models=2, seeds=1)
    other = ResultStore(tmp_path / "after")
    write_suite(other, datasets=1, models=2, seeds=1, sessions=120)
    table = compared(store, other)
    assert table.data["low"].isna().all()
    assert table.data["difference"].notna().all()
    assert not any("‡" in cell.text for row in table.rows for cell in row)


def test_optimistic_numbers_and_cautions_are_marked(store, tmp_path):
    write_suite(store, datasets=1, models=2, seeds=1, note="Toy.")
    other = ResultStore(tmp_path / "after")
    write_suite(other, datasets=1, models=2, seeds=1, kind="published", note="Toy.", dirty=True)
    for table in (compared(store, other), compared(other, store)):
        assert table.title.endswith("(optimistic: best epoch chosen on the test set)")
    table = compared(store, other)
    assert any(line.startswith("After: OPTIMISTIC") for line in (*table.lines, *table.card))
    assert any(line.startswith("After: UNCOMMITTED CODE") for line in (*table.lines, *table.card))
    assert [*table.lines, *table.card].count("Toy.") == 1
    assert "optimistic" not in compared(store, store).title


def test_stores_that_share_nothing_are_one_clear_error(store, tmp_path):
    write_suite(store, datasets=1, seeds=1, entries={"a": {}, "b": {"step": 2}})
    other = ResultStore(tmp_path / "after")
    write_suite(other, datasets=1, models=2, seeds=1)
    with pytest.raises(StoreError, match="share no entry"):
        compare_stores(store, other, suite="made-up", out=tmp_path / "out")

"""Results with hardly anything to say are drawn all the same, with dashes where nothing is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from made_up import write_suite

from srgnn_bench.evaluation.metrics import rank_metrics
from srgnn_bench.report import build_report
from srgnn_bench.report.captions import notes
from srgnn_bench.report.frames import Frames
from srgnn_bench.report.results import LONGEST_TITLE, distinct, load_suite, shortened
from srgnn_bench.store.store import ResultStore


def rewrite_ranks(store: ResultStore, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    for record in list(store.records()):
        ranks = change(store.ranks(record))
        metrics = record.metrics | rank_metrics(ranks["rank"].to_numpy(np.int64))
        store.write_run(
            record.model_copy(update={"metrics": metrics}), ranks=ranks, epochs=store.epochs(record)
        )


def rename(store: ResultStore, titles: dict[str, str]) -> None:
    manifest = store.manifest("made-up")
    cells = tuple(c.model_copy(update={"title": titles[c.entry]}) for c in manifest.cells)
    store.write_manifest(manifest.model_copy(update={"cells": cells}))


def test_one_test_session(store, tmp_path):
    write_suite(store, datasets=1, models=5, seeds=2, sessions=1)
    build_report(store, suite="made-up", out=tmp_path / "out")
    frame = Frames(load_suite(store, suite="made-up")).differences
    assert frame["low"].isna().all()
    text = (tmp_path / "out" / "differences-diginetica.md").read_text()
    assert "nan" not in text
    assert "| — | " in text


def test_one_test_session_of_an_ablation(store, tmp_path):
    entries = {"plain": {}, "two": {"step": 2}, "three": {"step": 3}}
    write_suite(store, datasets=1, seeds=1, sessions=1, entries=entries)
    build_report(store, suite="made-up", out=tmp_path / "out")
    assert (tmp_path / "out" / "ablation.svg").exists()


def test_all_targets_unknown(store, tmp_path):
    write_suite(store, datasets=2, models=5, seeds=2, sessions=20)
    rewrite_ranks(store, lambda ranks: ranks.assign(rank=40_001, target_count=0))
    build_report(store, suite="made-up", out=tmp_path / "out")
    frame = Frames(load_suite(store, suite="made-up")).differences
    assert (frame["difference"] == 0).all()
    assert (frame["p_value"] == 1).all()
    assert "nan" not in (tmp_path / "out" / "table.md").read_text()


def test_a_catalogue_below_k_is_said(store, tmp_path):
    write_suite(store, datasets=1, models=3, seeds=2, sessions=30)
    assert not any("SMALL CATALOGUE" in note for note in notes(load_suite(store, suite="made-up")))
    for record in list(store.records()):
        facts = record.dataset.model_copy(update={"items": 12})
        store.write_run(
            record.model_copy(update={"dataset": facts}),
            ranks=store.ranks(record),
            epochs=store.epochs(record),
        )
    rewrite_ranks(store, lambda ranks: ranks.assign(rank=ranks["rank"].clip(upper=12)))
    build_report(store, suite="made-up", out=tmp_path / "out")
    table = (tmp_path / "out" / "table.md").read_text()
    assert "100.00" in table
    assert "SMALL CATALOGUE: Diginetica has 12 items, all in a list of 20" in table


def test_equal_titles_are_told_apart(store, tmp_path):
    write_suite(store, datasets=1, models=3, seeds=1)
    rename(store, {"srgnn": "Net", "gru4rec": "Net", "narm": "NARM"})
    results = load_suite(store, suite="made-up")
    assert list(results.entry_titles.values()) == ["Net (srgnn)", "Net (gru4rec)", "NARM"]
    build_report(store, suite="made-up", out=tmp_path / "out")
    text = (tmp_path / "out" / "conclusions.md").read_text()
    assert "Net (gru4rec) against Net (srgnn)" in text


@pytest.mark.filterwarnings("error:constrained_layout not applied")
def test_titles_of_any_length_leave_room_for_the_drawing(store, tmp_path):
    write_suite(store, datasets=2, models=3, seeds=2)
    long = "An unbelievably long title of a model " * 4
    rename(store, {"srgnn": f"{long} A", "gru4rec": f"{long} B", "narm": "x" * 140})
    build_report(store, suite="made-up", out=tmp_path / "out")
    assert f"{long} A" in (tmp_path / "out" / "table.md").read_text()


def test_short_titles_are_short_and_no_two_alike():
    titles = {"a": "y" * 140, "b": "y" * 139 + "z", "c": "Short"}
    short = shortened(titles)
    assert short["c"] == "Short"
    assert len(set(short.values())) == 3
    assert all(len(title) <= LONGEST_TITLE for title in short.values())
    assert distinct({"a": "One", "b": "Two"}) == {"a": "One", "b": "Two"}

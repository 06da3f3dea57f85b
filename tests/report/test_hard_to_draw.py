"""Results with hardly anything to say are drawn all the same, with dashes where nothing is."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import product

import matplotlib.pyplot as plt
import numpy as np
import pytest
from made_up import write_again, write_suite

from srgnn_bench.evaluation.metrics import rank_metrics
from srgnn_bench.report.captions import notes
from srgnn_bench.report.conclusions import conclusions, verdicts
from srgnn_bench.report.figures import figures_for
from srgnn_bench.report.figures.canvas import Layout, house_style, settle
from srgnn_bench.report.frames import Frames
from srgnn_bench.report.results import LONGEST_TITLE, distinct, load_suite, shortened
from srgnn_bench.report.tables import all_tables
from srgnn_bench.report.tables.forms import latex, markdown
from srgnn_bench.store.store import ResultStore


def rewrite_ranks(
    store: ResultStore, change: Callable[[np.ndarray], np.ndarray], *, known: bool = True
) -> None:
    for record in list(store.records()):
        ranks = change(store.ranks(record).astype(np.int64))
        prefixes = store.prefixes(record)
        write_again(
            store,
            record,
            ranks=ranks,
            prefixes=prefixes if known else prefixes.assign(target_count=0),
            metrics=record.metrics | rank_metrics(ranks),
        )


def drawn(store: ResultStore) -> dict[str, str]:
    """Everything that a report draws: every figure at both widths, and the texts of the tables."""
    frames = Frames(load_suite(store, suite="made-up"))
    layouts: tuple[Layout, ...] = ("page", "column")
    with house_style():
        for figure, layout in product(figures_for(frames), layouts):
            made = figure.draw(frames, layout=layout)
            settle(made)
            plt.close(made)
    texts = {table.name: markdown(table) for table in all_tables(frames)}
    texts["conclusions"] = "\n".join([*verdicts(frames), *conclusions(frames)])
    assert all(latex(table, suite="made-up") for table in all_tables(frames))
    assert not [name for name, text in texts.items() if re.search(r"\bnan\b", text)]
    return texts


def rename(store: ResultStore, titles: dict[str, str]) -> None:
    manifest = store.manifest("made-up")
    cells = tuple(c.model_copy(update={"title": titles[c.entry]}) for c in manifest.cells)
    store.write_manifest(manifest.model_copy(update={"cells": cells}))


def test_one_test_session(store):
    write_suite(store, datasets=1, models=5, seeds=2, sessions=1)
    texts = drawn(store)
    frame = Frames(load_suite(store, suite="made-up")).differences
    assert frame["low"].isna().all()
    assert "| — | " in texts["differences-diginetica"]
    assert "no interval" in texts["conclusions"]


def test_one_test_session_of_an_ablation(store):
    entries = {"plain": {}, "two": {"step": 2}, "three": {"step": 3}}
    write_suite(store, datasets=1, seeds=1, sessions=1, entries=entries)
    assert "plain" in drawn(store)["table"]


def test_all_targets_unknown(store):
    write_suite(store, datasets=2, models=5, seeds=2, sessions=20)
    rewrite_ranks(store, lambda ranks: np.full_like(ranks, 40_001), known=False)
    texts = drawn(store)
    frame = Frames(load_suite(store, suite="made-up")).differences
    assert (frame["difference"] == 0).all()
    assert (frame["p_value"] == 1).all()
    assert "0.00" in texts["table"]


def test_a_catalogue_below_k_is_said(store):
    write_suite(store, datasets=1, models=3, seeds=2, sessions=30)
    assert not any("SMALL CATALOGUE" in note for note in notes(load_suite(store, suite="made-up")))
    for record in list(store.records()):
        facts = record.dataset.model_copy(update={"items": 12})
        write_again(store, record, dataset=facts)
    rewrite_ranks(store, lambda ranks: ranks.clip(max=12))
    texts = drawn(store)
    assert "100.00" in texts["table"]
    assert "SMALL CATALOGUE: Diginetica has 12 items, all in a list of 20" in texts["table"]


def test_equal_titles_are_told_apart(store):
    write_suite(store, datasets=1, models=3, seeds=1)
    rename(store, {"srgnn": "Net", "gru4rec": "Net", "narm": "NARM"})
    results = load_suite(store, suite="made-up")
    assert list(results.entry_titles.values()) == ["Net (srgnn)", "Net (gru4rec)", "NARM"]
    texts = drawn(store)
    assert "Net (gru4rec) against Net (srgnn)" in texts["conclusions"]


@pytest.mark.filterwarnings("error:constrained_layout not applied")
def test_titles_of_any_length_leave_room_for_the_drawing(store):
    write_suite(store, datasets=2, models=3, seeds=2)
    long = "An unbelievably long title of a model " * 4
    rename(store, {"srgnn": f"{long} A", "gru4rec": f"{long} B", "narm": "x" * 140})
    texts = drawn(store)
    assert f"{long} A" in texts["table"]


def test_short_titles_are_short_and_no_two_alike():
    titles = {"a": "y" * 140, "b": "y" * 139 + "z", "c": "Short"}
    short = shortened(titles)
    assert short["c"] == "Short"
    assert len(set(short.values())) == 3
    assert all(len(title) <= LONGEST_TITLE for title in short.values())
    assert distinct({"a": "One", "b": "Two"}) == {"a": "One", "b": "Two"}

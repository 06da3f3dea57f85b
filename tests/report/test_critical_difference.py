"""The critical-difference diagram: from six data sets on, and what it shows is Nemenyi's test."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from made_up import DATASETS, write_suite
from scipy.stats import studentized_range

from srgnn_bench.report.figures.canvas import house_style
from srgnn_bench.report.figures.critical_difference import (
    complete_means,
    draw_critical_difference,
    no_diagram_because,
)
from srgnn_bench.report.frames import Frames
from srgnn_bench.report.frames.windows import windows_of
from srgnn_bench.report.results import load_suite
from srgnn_bench.report.tables import all_tables

scikit_posthocs = pytest.importorskip("scikit_posthocs", reason="scikit-posthocs is not installed")

SKILLS = {"srgnn": 3.0, "gru4rec": 2.4, "narm": 1.8, "stamp": 1.2, "popularity": 0.6}
"""Apart enough that every data set ranks them in this order."""


def test_ranks_and_bars_are_those_of_the_planted_order(store, monkeypatch):
    write_suite(store, datasets=6, models=5, seeds=1, sessions=400, skills=SKILLS, note="Toy.")
    frames = Frames(load_suite(store, suite="made-up"))
    assert no_diagram_because(frames) is None
    drawn = {}
    draw = scikit_posthocs.critical_difference_diagram

    def record(ranks, significance, **settings):
        drawn.update(ranks=ranks, significance=significance)
        drawn.update(draw(ranks, significance, **settings))
        return drawn

    monkeypatch.setattr(scikit_posthocs, "critical_difference_diagram", record)
    with house_style():
        figure = draw_critical_difference(frames, layout="page")
    titles = list(frames.results.entry_titles.values())
    assert drawn["ranks"].to_dict() == dict(zip(titles, [1, 2, 3, 4, 5], strict=True))
    # Demsar (2006), equation 5: two entries differ where their mean ranks are further apart.
    k, n = 5, 6
    critical = studentized_range.ppf(0.95, k, np.inf) / np.sqrt(2) * np.sqrt(k * (k + 1) / (6 * n))
    for a, b in itertools.combinations(titles, 2):
        apart = abs(drawn["ranks"][a] - drawn["ranks"][b]) > critical
        assert (drawn["significance"].loc[a, b] < 0.05) == apart
    # Ranks 1 to 3, 2 to 4 and 3 to 5 are within 2.49 of each other.
    lines = [bar.get_xdata() for [bar] in drawn["crossbars"]]
    assert {(round(min(x)), round(max(x))) for x in lines} == {(1, 3), (2, 4), (3, 5)}
    words = " ".join(
        text.get_text().replace("\n", " ") for part in figure.subfigs for text in part.texts
    )
    assert "Friedman's test: p = 7.99e-05" in words
    assert words.endswith("Toy.")


def windows(store, datasets: dict[str, str]) -> Frames:
    """The suite as if each data set were a window of a log: name -> the log's title."""
    names = iter([f"log-{n}" for n in range(1, 4)] + [f"other-{n}" for n in range(1, 4)])
    renamed = dict(zip(datasets, names, strict=True))
    results = load_suite(store, suite="made-up")
    records = {
        (renamed[dataset], entry): [
            r.model_copy(
                update={"dataset": r.dataset.model_copy(update={"window_of": datasets[dataset]})}
            )
            for r in found
        ]
        for (dataset, entry), found in results.records.items()
    }
    cells = [c.model_copy(update={"dataset": renamed[c.dataset]}) for c in results.manifest.cells]
    manifest = results.manifest.model_copy(update={"cells": tuple(cells)})
    return Frames(replace(results, manifest=manifest, records=records))


def test_windows_of_one_log_are_no_data_sets(store):
    write_suite(store, datasets=6, models=4, seeds=1, sessions=40)
    frames = windows(store, dict.fromkeys(DATASETS, "A log"))
    reason = no_diagram_because(frames)
    assert reason == (
        "2 complete data sets, at least 6 are needed; the windows of a log count as one"
    )


def test_two_logs_of_one_title_stay_two(store):
    write_suite(store, datasets=6, models=3, seeds=1, sessions=40)
    frames = windows(store, dict.fromkeys(DATASETS, "A log"))
    assert windows_of(frames.results) == {
        log: [f"{log}-{n}" for n in range(1, 4)] for log in ("log", "other")
    }
    made = {t.name: t for t in all_tables(frames) if t.name.startswith("windows")}
    assert {name: table.title.split(":")[0] for name, table in made.items()} == {
        "windows-log": "A log (log)",
        "windows-other": "A log (other)",
    }
    assert all(set(table.data["windows"]) == {3} for table in made.values())


def test_a_diagram_ranks_each_log_once(store):
    write_suite(store, datasets=6, models=4, seeds=1, sessions=40)
    frames = windows(store, dict.fromkeys(DATASETS, "A log"))
    single = frames.metrics[frames.metrics["metric"] == "mrr@20"]
    by_hand = single.groupby([single["dataset"].str[:-2], "entry"])["mean"].mean().unstack()
    assert complete_means(frames).to_dict() == by_hand[frames.results.entries].to_dict()


def test_nothing_complete_has_no_diagram(store):
    write_suite(store, datasets=2, models=3, seeds=1, missing=lambda _, e, __: e == "narm")
    reason = no_diagram_because(Frames(load_suite(store, suite="made-up")))
    assert reason == "0 complete data sets, at least 6 are needed"


def test_a_data_set_without_one_of_the_entries_does_not_count(store):
    manifest = write_suite(store, datasets=6, models=4, seeds=1)
    cells = [c for c in manifest.cells if (c.dataset, c.entry) != ("gowalla", "narm")]
    store.write_manifest(manifest.model_copy(update={"cells": tuple(cells)}))
    reason = no_diagram_because(Frames(load_suite(store, suite="made-up")))
    assert reason == "5 complete data sets, at least 6 are needed"

from __future__ import annotations

import re

import numpy as np
from made_up import write_suite

from srgnn_bench.report.conclusions import conclusions, verdicts
from srgnn_bench.report.frames import Frames
from srgnn_bench.report.results import load_suite
from srgnn_bench.report.tables.differences import difference_table
from srgnn_bench.report.tables.table import p_text

ENTRIES = {"base": {}, "worse": {"step": 0}, "same": {"step": 2}, "better": {"step": 3}}
SKILLS = {"base": 1.0, "worse": -1.0, "same": 1.0, "better": 3.0}


def frames_of(store, *, skills, datasets=2, seeds=3):
    write_suite(store, datasets=datasets, seeds=seeds, entries=ENTRIES, skills=skills)
    return Frames(load_suite(store, suite="made-up"))


def test_verdicts_say_what_was_planted(store):
    for sentence in verdicts(frames_of(store, skills=SKILLS)):
        assert "compared with base" in sentence
        assert "worse: lower on both data sets" in sentence
        assert "better: higher on both data sets" in sentence
        assert "same: no clear difference on either data set" in sentence


def test_sentences_turn_with_the_numbers(store):
    turned = {**SKILLS, "worse": 3.0, "better": -1.0}
    for sentence in verdicts(frames_of(store, skills=turned, datasets=1)):
        assert "worse: higher" in sentence
        assert "better: lower" in sentence


def test_each_difference_is_told_with_its_interval_and_sign(store):
    frames = frames_of(store, skills=SKILLS, datasets=1)
    [sentence] = [s for s in conclusions(frames) if s.startswith("worse against base, MRR@20")]
    row = frames.differences.set_index(["entry", "metric"]).loc[("worse", "mrr@20")]
    assert f"−{100 * row['difference']:.2f} points" in sentence
    p = p_text(row["p_holm"])
    assert f"−{100 * row['high']:.2f} to −{100 * row['low']:.2f}, p {p})" in sentence


def test_what_the_intervals_hold_is_said(store):
    several = conclusions(frames_of(store, skills=SKILLS, datasets=1, seeds=2))
    assert "hold what other seeds and other test sessions would change." in several[0]
    assert not any("one seed" in sentence for sentence in several)
    single = conclusions(frames_of(store, skills=SKILLS, datasets=1, seeds=1))
    assert "not other seeds" in single[0]
    assert all("one seed" in sentence for sentence in single)


def test_what_has_no_p_value_is_no_comparison(store):
    frames = frames_of(store, skills=SKILLS)
    frames.differences.loc[:2, ["p_value", "p_holm"]] = np.nan
    told = [conclusions(frames)[0]]
    for dataset in frames.results.datasets:
        table = difference_table(frames, dataset=dataset)
        assert table is not None
        told += [table.note, *table.lines]
    counted = r"(?:all|the|Holm's, of) (\d+)\b"
    assert [re.findall(counted, text) for text in told] == [["9"]] * len(told)


def test_one_entry_has_nothing_to_compare_with(store):
    write_suite(store, datasets=1, models=1, seeds=1)
    frames = Frames(load_suite(store, suite="made-up"))
    assert verdicts(frames) == []
    assert conclusions(frames) == []

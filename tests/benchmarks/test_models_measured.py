from __future__ import annotations

import numpy as np

from benchmarks.models import measure, newest
from benchmarks.sessions import generated
from srgnn_bench.data.sessions import stage_of

SESSIONS = generated(sessions=60, items=40, seed=0)
STAGE = stage_of("test", SESSIONS.between(0, 50), SESSIONS.between(50, 60))


def test_the_newest_sessions_hold_the_prefixes_that_are_asked_for():
    part = newest(STAGE, prefixes=30)
    assert len(part.train_prefixes) == (part.train.lengths - 1).sum() >= 30
    assert len(part.train_prefixes) - (part.train.lengths[0] - 1) < 30
    assert np.array_equal(part.train.items, STAGE.train.items[-len(part.train.items) :])
    assert part.n_items == STAGE.n_items
    assert len(newest(STAGE, prefixes=10**6).train) == 50


def test_models_are_measured_beside_srgnn():
    names = ["markov", "gru4rec_original"]
    series = measure(STAGE, names, dataset="made up", prefixes=30, ranked=12, rounds=1)
    assert {(s.part, s.contender) for s in series} == {
        ("training", "SR-GNN"),
        ("training", "GRU4Rec"),
        ("ranking", "SR-GNN"),
        ("ranking", "Markov chain"),
        ("ranking", "GRU4Rec"),
    }
    assert {s.task for s in series if s.part == "ranking"} == {"made up, 12 prefixes"}
    assert all(s.median > 0 for s in series)

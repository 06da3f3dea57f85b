from __future__ import annotations

from math import exp, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from slow_neighbours import stan
from small_sessions import (
    N_ITEMS,
    few_examples,
    fit,
    prefixes,
    random_sessions,
    scores,
    trainings,
)
from tiny_models import tiny_model

from srgnn_bench.baselines.stan import STAN

SETTINGS = {
    "neighbours": 3,
    "sample_size": 6,
    "lambda1": 1.02,
    "lambda2": 4.0,
    "lambda3": 2.05,
}


def check(found, expected):
    """The age of a session counts from the newest candidate: scores agree but for a factor."""
    for ours, theirs in zip(found, expected, strict=True):
        assert (ours > 0).tolist() == (theirs > 0).tolist()
        if theirs.any():
            np.testing.assert_allclose(ours / ours.max(), theirs / theirs.max(), rtol=1e-6)


@pytest.mark.parametrize("changed", [{}, {"lambda1": 100.0, "lambda2": 1e9}, {"neighbours": 100}])
def test_scores_are_those_of_the_slow_search(changed):
    settings = {**SETTINGS, **changed}
    model = tiny_model(STAN, n_items=N_ITEMS, **settings)

    @few_examples
    @given(trainings, prefixes, st.data())
    def compare(training, shown, data):
        times = sorted(data.draw(st.integers(0, 30)) for _ in training)
        fit(model, training, times)
        expected = [
            stan(p, training, times, n_items=N_ITEMS, settings=settings, now=31) for p in shown
        ]
        check(scores(model, shown), expected)

    compare()


def test_and_on_more_sessions_than_are_sampled():
    settings = {**SETTINGS, "neighbours": 15, "sample_size": 40, "lambda2": 60.0}
    training = random_sessions(count=400, items=30, longest=20, seed=1)
    times = list(range(400))
    shown = random_sessions(count=60, items=30, longest=20, seed=2)
    model = fit(tiny_model(STAN, n_items=30, **settings), training, times)
    check(
        scores(model, shown),
        [stan(p, training, times, n_items=30, settings=settings, now=450) for p in shown],
    )


def test_a_worked_example():
    model = tiny_model(STAN, n_items=4, lambda1=1.0, lambda2=1.0, lambda3=1.0)
    fit(model, [[1, 3], [2, 4, 4]], times=[0, 1])
    old, new = exp(-1) * exp(-1) / sqrt(2), 1 / sqrt(2)
    expected = [0, old, new, old * exp(-1), new * exp(-2)]
    np.testing.assert_allclose(scores(model, [[1, 2]]), [expected], rtol=1e-6)


def test_no_weight_is_too_small_for_single_precision():
    model = tiny_model(STAN, n_items=200, lambda1=0.3, lambda2=20_000.0, lambda3=0.3)
    years = 3 * 365 * 24 * 3600
    fit(model, [[1, 2], list(range(3, 150))], times=[0, years])
    found = scores(model, [[1], [3]])
    assert np.isfinite(found).all()
    # However old the only candidate is, and however far an item is from the shared one.
    assert np.flatnonzero(found[0]).tolist() == [1, 2]
    assert np.flatnonzero(found[1]).tolist() == list(range(3, 150))
    near = found[1, 3:30]
    assert (np.diff(near) < 0).all()

"""STAN and VSTAN against a search of every session."""

from __future__ import annotations

from math import exp, log, sqrt

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
from srgnn_bench.baselines.vstan import VSTAN

SETTINGS = {
    "neighbours": 3,
    "sample_size": 6,
    "lambda1": 1.02,
    "lambda2": 4.0,
    "lambda3": 2.05,
}
FURTHER = {"lambda4": 1.5, "idf_weighting": 3.0}
MODELS = [(STAN, {}), (VSTAN, FURTHER)]


def check(found, expected):
    """The age of a session counts from the newest candidate: scores agree but for a factor."""
    for ours, theirs in zip(found, expected, strict=True):
        assert (ours > 0).tolist() == (theirs > 0).tolist()
        if theirs.any():
            np.testing.assert_allclose(ours / ours.max(), theirs / theirs.max(), rtol=1e-6)


@pytest.mark.parametrize("changed", [{}, {"lambda1": 100.0, "lambda2": 1e9}, {"neighbours": 100}])
@pytest.mark.parametrize(("model_class", "further"), MODELS)
def test_scores_are_those_of_the_slow_search(model_class, further, changed):
    settings = {**SETTINGS, **further, **changed}
    model = tiny_model(model_class, n_items=N_ITEMS, **settings)

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


@pytest.mark.parametrize(("model_class", "further"), MODELS)
def test_and_on_more_sessions_than_are_sampled(model_class, further):
    settings = {**SETTINGS, **further, "neighbours": 15, "sample_size": 40, "lambda2": 60.0}
    training = random_sessions(count=400, items=30, longest=20, seed=1)
    times = list(range(400))
    shown = random_sessions(count=60, items=30, longest=20, seed=2)
    model = fit(tiny_model(model_class, n_items=30, **settings), training, times)
    check(
        scores(model, shown),
        [stan(p, training, times, n_items=30, settings=settings, now=450) for p in shown],
    )


@pytest.mark.parametrize("years", [0, 3])
@pytest.mark.parametrize(("model_class", "further"), MODELS)
def test_and_where_all_that_is_near_is_old(model_class, further, years):
    settings = {**SETTINGS, **further, "neighbours": 7, "sample_size": 60, "lambda2": 20_000.0}
    training = random_sessions(count=120, items=10, longest=6, seed=5)
    times = [1000 * number for number in range(120)]
    shown = random_sessions(count=30, items=10, longest=6, seed=6)
    if further:  # the newest session would change the idf of all items
        settings["idf_weighting"] = 0.0
    expected = [
        stan(p, training, times, n_items=11, settings=settings, now=times[-1]) for p in shown
    ]
    latest = times[-1] + years * 365 * 24 * 3600
    model = tiny_model(model_class, n_items=11, **settings)
    fit(model, [*training, [11]], [*times, latest])
    check(scores(model, shown), expected)


def test_a_worked_example():
    model = tiny_model(STAN, n_items=4, lambda1=1.0, lambda2=1.0, lambda3=1.0)
    fit(model, [[1, 3], [2, 4, 4]], times=[0, 1])
    old, new = exp(-1) * exp(-1) / sqrt(2), 1 / sqrt(2)
    expected = [0, old, new, old * exp(-1), new * exp(-2)]
    np.testing.assert_allclose(scores(model, [[1, 2]]), [expected], rtol=1e-6)


def test_vstan_without_its_own_weights_is_stan():
    without = {"lambda4": 1e9, "idf_weighting": 0.0}
    training = random_sessions(count=50, items=12, longest=8, seed=3)
    shown = random_sessions(count=20, items=12, longest=8, seed=4)
    one = fit(tiny_model(STAN, n_items=12), training)
    other = fit(tiny_model(VSTAN, n_items=12, **without), training)
    np.testing.assert_allclose(scores(one, shown), scores(other, shown), rtol=1e-6)


def test_a_worked_example_of_vstan():
    model = tiny_model(VSTAN, n_items=4, lambda1=1.0, lambda4=2.0, lambda3=1.0, idf_weighting=3.0)
    fit(model, [[1, 3], [2, 3, 4]], times=[0, 0])
    # The first session shares a click that is one from the end; 3 is in both, so its idf is 0.
    old, new, rare = exp(-1) * exp(-1 / 2) / sqrt(2), 1 / sqrt(3), 1 + 3 * log(2)
    both = (old + new) * exp(-1)
    expected = [0, old * rare, new * rare, both, new * exp(-2) * rare]
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

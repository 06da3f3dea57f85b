"""SF-SkNN against a search of every session."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from slow_neighbours import sknn
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

from srgnn_bench.baselines.sfsknn import SFSKNN

SETTINGS = [
    {"neighbours": 2, "sample_size": 3, "similarity": "cosine"},
    {"neighbours": 100, "sample_size": 100, "similarity": "jaccard"},
]
WHERE = ["training", "neighbour"]


@pytest.mark.parametrize("followed_in", WHERE)
@pytest.mark.parametrize("settings", SETTINGS)
def test_scores_are_those_of_the_slow_search(settings, followed_in):
    settings = {**settings, "followed_in": followed_in}
    model = tiny_model(SFSKNN, n_items=N_ITEMS, **settings)

    @few_examples
    @given(trainings, prefixes)
    def compare(training, shown):
        expected = [sknn(p, training, n_items=N_ITEMS, **settings) for p in shown]
        np.testing.assert_allclose(scores(fit(model, training), shown), expected, rtol=1e-6)

    compare()


@pytest.mark.parametrize("followed_in", WHERE)
def test_and_on_more_sessions_than_are_sampled(followed_in):
    settings = {"neighbours": 15, "sample_size": 40, "similarity": "cosine"}
    settings = {**settings, "followed_in": followed_in}
    training = random_sessions(count=400, items=30, longest=20, seed=1)
    shown = random_sessions(count=60, items=30, longest=20, seed=2)
    model = fit(tiny_model(SFSKNN, n_items=30, **settings), training)
    expected = [sknn(p, training, n_items=30, **settings) for p in shown]
    np.testing.assert_allclose(scores(model, shown), expected, rtol=1e-6)


def test_a_worked_example():
    training = [[1, 2, 3], [3, 1], [2, 1, 4], [5, 1, 3]]
    # {2, 1} shares both items with the first and the third session and one with the others.
    twice, once, short = 2 / 6**0.5, 1 / 6**0.5, 1 / 2
    anywhere = fit(tiny_model(SFSKNN, n_items=5), training)
    # 5 stands in a neighbour, but never came right after 1; nor did 1 itself.
    expected = [0, 0, 2 * twice, twice + short + once, twice, 0]
    np.testing.assert_allclose(scores(anywhere, [[2, 1]]), [expected], rtol=1e-6)
    there = fit(tiny_model(SFSKNN, n_items=5, followed_in="neighbour"), training)
    expected = [0, 0, twice, once, twice, 0]
    np.testing.assert_allclose(scores(there, [[2, 1]]), [expected], rtol=1e-6)


def test_what_ends_every_session_reaches_nothing():
    for followed_in in WHERE:
        model = fit(tiny_model(SFSKNN, n_items=3, followed_in=followed_in), [[1, 2], [3]])
        assert scores(model, [[2], [3], [1]]).any(axis=1).tolist() == [False, False, True]

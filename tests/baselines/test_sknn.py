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

from srgnn_bench.baselines.sknn import SKNN

SETTINGS = [
    {"neighbours": 2, "sample_size": 3, "similarity": "cosine"},
    {"neighbours": 3, "sample_size": 5, "similarity": "jaccard"},
    {"neighbours": 100, "sample_size": 1, "similarity": "cosine"},
    {"neighbours": 100, "sample_size": 100, "similarity": "jaccard"},
]


@pytest.mark.parametrize("settings", SETTINGS)
def test_scores_are_those_of_the_slow_search(settings):
    model = tiny_model(SKNN, n_items=N_ITEMS, **settings)

    @few_examples
    @given(trainings, prefixes)
    def compare(training, shown):
        expected = [sknn(p, training, n_items=N_ITEMS, **settings) for p in shown]
        np.testing.assert_allclose(scores(fit(model, training), shown), expected, rtol=1e-6)

    compare()


@pytest.mark.parametrize("similarity", ["cosine", "jaccard"])
def test_and_on_more_sessions_than_are_sampled(similarity):
    settings = {"neighbours": 15, "sample_size": 40, "similarity": similarity}
    training = random_sessions(count=400, items=30, longest=20, seed=1)
    shown = random_sessions(count=60, items=30, longest=20, seed=2)
    model = fit(tiny_model(SKNN, n_items=30, **settings), training)
    expected = [sknn(p, training, n_items=30, **settings) for p in shown]
    np.testing.assert_allclose(scores(model, shown), expected, rtol=1e-6)


def test_a_worked_example():
    model = fit(tiny_model(SKNN, n_items=4), [[1, 2], [2, 3, 2], [3, 4]])
    # {1, 2} equals the first session and shares one of two items with the second.
    np.testing.assert_allclose(scores(model, [[1, 2, 1]]), [[0, 1, 1.5, 0.5, 0]])


def test_the_most_recent_sessions_are_sampled_and_win_ties():
    training = [[1, 2], [1, 3], [1, 4], [1, 5]]
    sampled = fit(tiny_model(SKNN, n_items=5, sample_size=2), training)
    assert np.flatnonzero(scores(sampled, [[1]])[0]).tolist() == [1, 4, 5]
    nearest = fit(tiny_model(SKNN, n_items=5, neighbours=1), training)
    assert np.flatnonzero(scores(nearest, [[1]])[0]).tolist() == [1, 5]


def test_sessions_that_nothing_tells_apart_are_all_in():
    training, times = [[1, 2], [1, 3], [1, 4], [1, 5]], [0, 1, 1, 2]
    sampled = fit(tiny_model(SKNN, n_items=5, sample_size=2), training, times)
    assert np.flatnonzero(scores(sampled, [[1]])[0]).tolist() == [1, 3, 4, 5]
    nearest = fit(tiny_model(SKNN, n_items=5, neighbours=2), training, times)
    assert np.flatnonzero(scores(nearest, [[1]])[0]).tolist() == [1, 3, 4, 5]


def test_a_prefix_that_no_session_shares_gets_no_scores():
    model = fit(tiny_model(SKNN, n_items=3), [[1, 2]])
    assert scores(model, [[3], [1]]).tolist()[0] == [0, 0, 0, 0]
    assert scores(model, [[3]]).tolist() == [[0, 0, 0, 0]]

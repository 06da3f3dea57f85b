from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from slow_neighbours import DECAYS, vsknn
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

from srgnn_bench.baselines.vsknn import VSKNN


def settings(**changed):
    return {
        "neighbours": 3,
        "sample_size": 6,
        "similarity": "cosine",
        "weighting": "div",
        "weighting_score": "div",
        "idf_weighting": 0.0,
        **changed,
    }


@pytest.mark.parametrize(
    "chosen",
    [
        settings(),
        settings(similarity="vec", weighting="quadratic", weighting_score="quadratic"),
        settings(weighting="log", weighting_score="log", idf_weighting=5.0),
        settings(weighting="idf", weighting_score="same", neighbours=100),
        settings(weighting="same", weighting_score="linear", sample_size=1),
    ],
)
def test_scores_are_those_of_the_slow_search(chosen):
    model = tiny_model(VSKNN, n_items=N_ITEMS, **chosen)

    @few_examples
    @given(trainings, prefixes)
    def compare(training, shown):
        expected = [vsknn(p, training, n_items=N_ITEMS, settings=chosen) for p in shown]
        np.testing.assert_allclose(
            scores(fit(model, training), shown), expected, rtol=1e-6, atol=1e-15
        )

    compare()


@pytest.mark.parametrize("decay", DECAYS)
def test_and_on_more_and_longer_sessions(decay):
    chosen = settings(
        neighbours=15, sample_size=40, weighting=decay, weighting_score=decay, idf_weighting=1.5
    )
    training = random_sessions(count=400, items=30, longest=20, seed=1)
    shown = random_sessions(count=60, items=30, longest=25, seed=2)
    model = fit(tiny_model(VSKNN, n_items=30, **chosen), training)
    expected = [vsknn(p, training, n_items=30, settings=chosen) for p in shown]
    np.testing.assert_allclose(scores(model, shown), expected, rtol=1e-6)


def test_a_worked_example():
    model = tiny_model(VSKNN, n_items=4, similarity="vec")
    fit(model, [[1, 3], [2, 4]])
    # Weights 1/2 and 2/2; the first session's shared click is two from the end.
    np.testing.assert_allclose(scores(model, [[1, 2]]), [[0, 0.25, 1, 0.25, 1]])


def test_linear_weights_leave_the_last_click_of_a_long_session_its_weight():
    model = tiny_model(VSKNN, n_items=3, weighting="linear")
    fit(model, [[1, 2], [3]])
    assert scores(model, [[3] * 30 + [1]])[0, 2] > 0

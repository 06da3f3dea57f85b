from __future__ import annotations

from math import log, log10, sqrt

import numpy as np
import pytest
from hypothesis import given
from small_sessions import (
    N_ITEMS,
    few_examples,
    fit,
    last_place,
    prefixes,
    random_sessions,
    scores,
    similar_sessions,
    trainings,
)
from tiny_models import tiny_model

from srgnn_bench.baselines.vsknn import VSKNN

WEIGHTS = {
    "same": lambda j, length: 1,
    "div": lambda j, length: j / length,
    "linear": lambda j, length: max(0, 1 - (length - j) / 10),
    "log": lambda j, length: 1 / log10(length - j + 1.7),
    "quadratic": lambda j, length: (j / length) ** 2,
}
DECAYS = {
    "same": lambda d: 1,
    "div": lambda d: 1 / d,
    "linear": lambda d: max(0, 1 - d / 10),
    "log": lambda d: 1 / log10(d + 1.7),
    "quadratic": lambda d: 1 / d**2,
}


def slow(prefix, training, *, n_items, settings):
    holding = [sum(item in session for session in training) for item in range(n_items + 1)]
    idf = [log(len(training) / count) if count else 0 for count in holding]
    length = len(prefix)
    weights = {}
    for j, item in enumerate(prefix, start=1):
        kind = settings["weighting"]
        weights[item] = idf[item] if kind == "idf" else WEIGHTS[kind](j, length)
    looked_up = [item for item in prefix if weights[item] > 0]

    def compare(n):
        value = sum(weights[item] for item in set(training[n]) & set(looked_up))
        return value / sqrt(len(set(training[n]))) if settings["similarity"] == "cosine" else value

    near = similar_sessions(
        looked_up,
        training,
        compare,
        sample=settings["sample_size"],
        neighbours=settings["neighbours"],
    )
    expected = np.zeros(n_items + 1)
    for n, value in near:
        shared = max(last_place(prefix, item) for item in set(training[n]) & set(prefix))
        value *= DECAYS[settings["weighting_score"]](length - shared + 1)
        for item in set(training[n]):
            expected[item] += value * (1 + settings["idf_weighting"] * idf[item])
    return expected


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
        expected = [slow(p, training, n_items=N_ITEMS, settings=chosen) for p in shown]
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
    expected = [slow(p, training, n_items=30, settings=chosen) for p in shown]
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

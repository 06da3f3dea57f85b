"""The context tree against dictionaries of what followed which clicks."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import given
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

from srgnn_bench.baselines.context_tree import ContextTree


def mixed(prefix, training, *, n_items, depth, expert_weight, pseudo_clicks):
    """The mixture of experts as printed, from the root to the longest context that is known."""
    counts = defaultdict(Counter)
    for session in training:
        for place, item in enumerate(session):
            for length in range(min(place, depth) + 1):
                counts[tuple(session[place - length : place])][item] += 1
            for length in range(1, min(place + 1, depth) + 1):
                counts[tuple(session[place + 1 - length : place + 1])]  # a node, if an empty one
    q = np.zeros(n_items + 1)
    for length in range(min(len(prefix), depth) + 1):
        context = tuple(prefix[len(prefix) - length :])
        if context not in counts:
            break
        after, weight = counts[context], expert_weight**length
        total = pseudo_clicks + sum(after.values())
        p = np.array([(1 + after[item]) / total for item in range(n_items + 1)])
        q = weight * p + (1 - weight) * q
    return q[1:]


def check(found, expected):
    """Scores differ by a factor and a term that are the same for all items of a prefix."""
    for ours, theirs in zip(found[:, 1:].astype(float), expected, strict=True):
        low, high = theirs.argmin(), theirs.argmax()
        if np.isclose(theirs[low], theirs[high], rtol=0, atol=1e-12):
            np.testing.assert_allclose(ours, ours[0], rtol=1e-6)
            continue
        scaled = (theirs - theirs[low]) / (theirs[high] - theirs[low])
        np.testing.assert_allclose(
            (ours - ours[low]) / (ours[high] - ours[low]), scaled, rtol=0, atol=1e-5
        )


SETTINGS = [
    {"depth": 10, "expert_weight": 0.5, "pseudo_clicks": 2.0},
    {"depth": 2, "expert_weight": 0.9, "pseudo_clicks": 0.1},
    {"depth": 1, "expert_weight": 0.2, "pseudo_clicks": 20.0},
]


@pytest.mark.parametrize("settings", SETTINGS)
def test_scores_are_those_of_the_printed_mixture(settings):
    model = tiny_model(ContextTree, n_items=N_ITEMS, **settings)

    @few_examples
    @given(trainings, prefixes)
    def compare(training, shown):
        expected = [mixed(p, training, n_items=N_ITEMS, **settings) for p in shown]
        check(scores(fit(model, training), shown), expected)

    compare()


@pytest.mark.parametrize("settings", SETTINGS)
def test_and_on_longer_sessions(settings):
    training = random_sessions(count=200, items=20, longest=20, seed=1)
    shown = random_sessions(count=40, items=20, longest=20, seed=2) + training[:20]
    model = fit(tiny_model(ContextTree, n_items=20, **settings), training)
    expected = [mixed(p, training, n_items=20, **settings) for p in shown]
    check(scores(model, shown), expected)


def test_a_worked_example():
    model = fit(tiny_model(ContextTree, n_items=4), [[1, 2, 3], [4, 2, 1], [4, 2, 1]])
    # Clicks: 2, 3, 1, 3 times. After 2: 3 once, 1 twice; after 1, 2: 3 once. w = 1/2 and 1/4.
    one, two = (1 / 2) / (1 / 2), (1 / 4) / (1 / 2 * 3 / 4)
    root = np.array([0, 3, 3, 1, 2]) / 11
    after = one * np.array([0, 2, 0, 1, 0]) / 5
    both = two * np.array([0, 0, 0, 1, 0]) / 3
    np.testing.assert_allclose(scores(model, [[1, 2]]), [root + after + both], rtol=1e-6)
    np.testing.assert_allclose(scores(model, [[3, 2]]), [root + after], rtol=1e-6)


def test_equal_strengths_and_equal_clicks_are_ties():
    model = fit(tiny_model(ContextTree, n_items=4), [[1, 2], [1, 3], [4]])
    found = scores(model, [[1]])[0]
    assert found[2] == found[3] > found[4]


def test_sessions_of_one_click_leave_popularity():
    model = fit(tiny_model(ContextTree, n_items=3), [[1], [2], [2]])
    np.testing.assert_allclose(scores(model, [[1, 2]]), [[0, 1 / 5, 2 / 5, 0]], rtol=1e-6)

"""Markov chain, association rules, sequential rules and item-kNN: what follows the last click."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise
from math import log10

import numpy as np
import pytest
from hypothesis import given
from small_sessions import N_ITEMS, few_examples, fit, prefixes, random_sessions, scores, trainings
from tiny_models import tiny_model

from srgnn_bench.baselines.association_rules import AssociationRules
from srgnn_bench.baselines.item_knn import SessionItemKNN
from srgnn_bench.baselines.markov import FirstOrderMarkov
from srgnn_bench.baselines.sequential_rules import SequentialRules


def markov(training):
    strengths = defaultdict(float)
    for session in training:
        for x, y in pairwise(session):
            strengths[x, y] += 1
    return strengths


def association(training):
    strengths = defaultdict(float)
    for session in training:
        for a, x in enumerate(session):
            for b, y in enumerate(session):
                if a != b:
                    strengths[x, y] += 1
    return strengths


def sequential(training, *, steps=10, weight=lambda d: 1 / d):
    strengths = defaultdict(float)
    for session in training:
        for b, y in enumerate(session):
            for a in range(max(0, b - steps), b):
                strengths[session[a], y] += weight(b - a)
    return strengths


def item_cosine(training, *, regularisation=20.0, alpha=0.5):
    together, alone = Counter(), Counter()
    for items in map(set, training):
        alone.update(items)
        together.update((x, y) for x in items for y in items if x != y)
    return {
        (x, y): n
        / ((alone[x] + regularisation) ** alpha * (alone[y] + regularisation) ** (1 - alpha))
        for (x, y), n in together.items()
    }


VARIANTS = {
    "Markov": (FirstOrderMarkov, {}, markov, {}),
    "association": (AssociationRules, {}, association, {}),
    "sequential": (SequentialRules, {}, sequential, {}),
    "sequential, 2 steps, log": (
        SequentialRules,
        {"steps": 2, "weighting": "log"},
        sequential,
        {"steps": 2, "weight": lambda d: 1 / log10(d + 1.7)},
    ),
    "sequential, linear": (
        SequentialRules,
        {"steps": 30, "weighting": "linear"},
        sequential,
        {"steps": 9, "weight": lambda d: 1 - d / 10},
    ),
    "sequential, quadratic": (
        SequentialRules,
        {"weighting": "quadratic"},
        sequential,
        {"weight": lambda d: 1 / d**2},
    ),
    "item-kNN": (SessionItemKNN, {}, item_cosine, {}),
    "item-kNN, confidence": (
        SessionItemKNN,
        {"regularisation": 0.0, "alpha": 1.0},
        item_cosine,
        {"regularisation": 0.0, "alpha": 1.0},
    ),
}


def slow(prefix, training, strengths, *, n_items, ties):
    """Score of each item that goes with the last click: its strength, or how many it is above."""
    clicks = Counter(item for session in training for item in session)
    found = {y: np.float32(value) for (x, y), value in strengths.items() if x == prefix[-1]}
    expected = np.zeros(n_items + 1, dtype=np.float32)
    for item, value in found.items():
        key = (value, clicks[item])
        not_above = [y for y in found if (found[y], clicks[y]) <= key]
        expected[item] = value if ties == "against" else len(not_above)
    return expected


@pytest.mark.parametrize("ties", ["against", "popularity"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_scores_are_those_of_slow_counting(variant, ties):
    model_class, settings, construct, options = VARIANTS[variant]
    model = tiny_model(model_class, n_items=N_ITEMS, ties=ties, **settings)

    @few_examples
    @given(trainings, prefixes)
    def compare(training, shown):
        strengths = construct(training, **options)
        expected = [slow(p, training, strengths, n_items=N_ITEMS, ties=ties) for p in shown]
        np.testing.assert_array_equal(scores(fit(model, training), shown), expected)

    compare()


@pytest.mark.parametrize("ties", ["against", "popularity"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_and_on_longer_sessions(variant, ties):
    model_class, settings, construct, options = VARIANTS[variant]
    training = random_sessions(count=200, items=25, longest=30, seed=3)
    model = fit(tiny_model(model_class, n_items=25, ties=ties, **settings), training)
    strengths = construct(training, **options)
    shown = [[item] for item in range(1, 26)]
    expected = [slow(p, training, strengths, n_items=25, ties=ties) for p in shown]
    np.testing.assert_array_equal(scores(model, shown), expected)


TRAINING = [[1, 2, 3, 2], [1, 3], [1, 3], [4, 1]]


def test_markov_by_hand():
    model = fit(tiny_model(FirstOrderMarkov, n_items=4), TRAINING)
    # After 1: 3 twice, 2 once. After 2: 3. Nothing came after 4 but 1.
    assert scores(model, [[2, 1], [1, 2], [4]]).tolist() == [
        [0, 0, 1, 2, 0],
        [0, 0, 0, 1, 0],
        [0, 1, 0, 0, 0],
    ]


def test_association_rules_by_hand():
    model = fit(tiny_model(AssociationRules, n_items=4), TRAINING)
    # With 2: itself by two pairs, 3 by two, 1 by two.
    assert scores(model, [[2]]).tolist() == [[0, 2, 2, 2, 0]]


def test_popularity_decides_ties_where_it_is_asked_to():
    model = fit(tiny_model(AssociationRules, n_items=4, ties="popularity"), TRAINING)
    # By clicks 1 (4) > 3 (3) > 2 (2).
    assert scores(model, [[2]]).tolist() == [[0, 3, 1, 2, 0]]
    model = fit(tiny_model(AssociationRules, n_items=4, ties="popularity"), [[1, 2], [1, 3]])
    # What has equal strength and equal clicks stays tied.
    assert scores(model, [[1]]).tolist() == [[0, 0, 2, 2, 0]]


def test_sequential_rules_by_hand():
    model = fit(tiny_model(SequentialRules, n_items=4), TRAINING)
    # After 1: 2 by 1 + 1/3, 3 by 1/2 + 1 + 1.
    np.testing.assert_allclose(scores(model, [[1]]), [[0, 0, 4 / 3, 2.5, 0]], rtol=1e-7)


def test_item_knn_by_hand():
    model = fit(tiny_model(SessionItemKNN, n_items=4, regularisation=0.0), TRAINING)
    # To 1, in 4 sessions: 3 by 3 / sqrt(4 * 3), 2 and 4 by 1 / sqrt(4).
    expected = [[0, 0, 0.5, 0.75**0.5, 0.5]]
    np.testing.assert_allclose(scores(model, [[1]]), expected, rtol=1e-7)

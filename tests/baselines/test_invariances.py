"""Neither numbers of items nor the order of sessions of equal time move a rank."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array
from small_sessions import N_ITEMS, few_examples, fit, prefixes, scores, trainings
from tiny_models import tiny_model

from srgnn_bench.baselines.association_rules import AssociationRules
from srgnn_bench.baselines.context_tree import ContextTree
from srgnn_bench.baselines.item_knn import SessionItemKNN
from srgnn_bench.baselines.markov import FirstOrderMarkov
from srgnn_bench.baselines.popularity import Popularity
from srgnn_bench.baselines.sequential_rules import SequentialRules
from srgnn_bench.baselines.session_popularity import SessionPopularity
from srgnn_bench.baselines.sfsknn import SFSKNN
from srgnn_bench.baselines.sknn import SKNN
from srgnn_bench.baselines.stan import STAN
from srgnn_bench.baselines.vsknn import VSKNN
from srgnn_bench.baselines.vstan import VSTAN
from srgnn_bench.counting.sparse_ranks import sparse_ranks_of

# So few that samples and neighbours end among equals.
FEW: dict[str, Any] = {"neighbours": 2, "sample_size": 3}
MODELS: dict[str, tuple[type[Any], dict[str, Any]]] = {
    "popularity": (Popularity, {}),
    "session popularity": (SessionPopularity, {}),
    "Markov": (FirstOrderMarkov, {}),
    "Markov, popularity": (FirstOrderMarkov, {"ties": "popularity"}),
    "association rules": (AssociationRules, {}),
    "association rules, popularity": (AssociationRules, {"ties": "popularity"}),
    "sequential rules": (SequentialRules, {}),
    "sequential rules, log": (SequentialRules, {"weighting": "log"}),
    "item-kNN": (SessionItemKNN, {"alpha": 0.3, "regularisation": 0.0}),
    "S-kNN": (SKNN, FEW),
    "S-kNN, Jaccard": (SKNN, {**FEW, "similarity": "jaccard"}),
    "V-SkNN": (VSKNN, FEW),
    "V-SkNN, idf": (VSKNN, {**FEW, "weighting": "idf", "idf_weighting": 2.0}),
    "STAN": (STAN, {**FEW, "lambda2": 2.0}),
    "VSTAN": (VSTAN, {**FEW, "lambda2": 2.0}),
    "SF-SkNN": (SFSKNN, FEW),
    "SF-SkNN, neighbour": (SFSKNN, {**FEW, "followed_in": "neighbour"}),
    "context tree": (ContextTree, {}),
}


def all_ranks(model: Any, shown: list[list[int]]) -> np.ndarray[Any, Any]:
    """Rank of every item after every prefix, shape (prefixes, items)."""
    found = csr_array(scores(model, shown))
    every = range(1, N_ITEMS + 1)
    return np.stack([sparse_ranks_of(found, np.full(len(shown), item)) for item in every], axis=1)


@pytest.mark.parametrize("name", MODELS)
def test_renumbered_items_keep_their_ranks(name: str) -> None:
    model_class, settings = MODELS[name]
    model = tiny_model(model_class, n_items=N_ITEMS, **settings)

    @few_examples
    @given(trainings, prefixes, st.permutations(range(1, N_ITEMS + 1)))
    def compare(training: list[list[int]], shown: list[list[int]], numbers: list[int]) -> None:
        def renumbered(sessions: list[list[int]]) -> list[list[int]]:
            return [[numbers[item - 1] for item in session] for session in sessions]

        ranks = all_ranks(fit(model, training), shown)
        other = all_ranks(fit(model, renumbered(training)), renumbered(shown))
        np.testing.assert_array_equal(ranks, other[:, np.array(numbers) - 1])

    compare()


@pytest.mark.parametrize("name", MODELS)
def test_sessions_of_equal_time_may_stand_in_any_order(name: str) -> None:
    model_class, settings = MODELS[name]
    model = tiny_model(model_class, n_items=N_ITEMS, **settings)

    @few_examples
    @given(trainings, prefixes, st.integers(1, 14), st.randoms(use_true_random=False))
    def compare(
        training: list[list[int]], shown: list[list[int]], per_time: int, chance: Any
    ) -> None:
        times = [number // per_time for number in range(len(training))]
        order = sorted(range(len(training)), key=lambda number: (times[number], chance.random()))
        ranks = all_ranks(fit(model, training, times), shown)
        other = all_ranks(fit(model, [training[number] for number in order], times), shown)
        np.testing.assert_array_equal(ranks, other)

    compare()

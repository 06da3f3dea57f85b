from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from small_sessions import N_ITEMS, fit, prefixes, scores, trainings
from tiny_models import tiny_model

from srgnn_bench.baselines.session_popularity import SessionPopularity


def test_the_order_is_that_of_the_formula():
    model = tiny_model(SessionPopularity, n_items=N_ITEMS)

    @given(trainings, prefixes)
    def compare(training, shown):
        clicks = Counter(item for session in training for item in session)
        for prefix, found in zip(shown, scores(fit(model, training), shown), strict=True):
            exact = [
                prefix.count(i) + clicks[i] / (1 + clicks[i]) if i else 0
                for i in range(N_ITEMS + 1)
            ]
            np.testing.assert_array_equal(np.argsort(found), np.argsort(exact))
            # Equal exactly where the formula is equal.
            assert len(set(found.tolist())) == len(set(exact))

    compare()


def test_popular_items_stay_apart_in_single_precision():
    model = fit(tiny_model(SessionPopularity, n_items=3), [[1] * 50_000, [2] * 50_001, [3]])
    first, second = scores(model, [[1, 2] * 70])[0, 1:3]
    assert first < second

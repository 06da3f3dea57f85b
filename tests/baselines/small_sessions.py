"""Small training sessions and prefixes, for models that are compared with slow constructions."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from tiny_models import tiny_batch

from srgnn_bench.data.sessions import Sessions

few_examples = settings(max_examples=30)
"""For comparisons that are repeated for several settings."""

N_ITEMS = 6
"""Items that the strategies draw from, numbered from 1."""

_session = st.lists(st.integers(1, N_ITEMS), min_size=1, max_size=8)
trainings = st.lists(_session, min_size=1, max_size=14)
prefixes = st.lists(_session, min_size=1, max_size=4)


def fit(model: Any, training: list[list[int]], times: list[int] | None = None) -> Any:
    """The model, fitted."""
    model.fit(Sessions.from_lists(training, times=times))
    return model


def scores(model: Any, shown: list[list[int]]) -> np.ndarray[Any, Any]:
    """Scores of all items, padding included, shape (prefixes, n_items)."""
    width = max(len(prefix) for prefix in shown)
    return model.full_sort_predict(tiny_batch(shown, width=width)).numpy()


def random_sessions(*, count: int, items: int, longest: int, seed: int) -> list[list[int]]:
    """Sessions whose items are popular to different degrees; many items repeat."""
    chance = np.random.default_rng(seed)
    lengths = chance.integers(1, longest + 1, size=count)
    return [(chance.geometric(3 / items, size=n) % items + 1).tolist() for n in lengths]

"""How often two items stand together in sessions, as sparse matrices of item by item."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array, csr_array

from srgnn_bench.counting.sparse_rows import Floats, by_value, rows_of, with_values
from srgnn_bench.data.sessions import Integers, Sessions


def clicks_of(sessions: Sessions, *, n_items: int) -> csr_array:
    """Clicks of each session on each item, shape (sessions, n_items)."""
    # New arrays, since adding up duplicates sorts in place.
    items, offsets = sessions.items.astype(np.int32), sessions.offsets.astype(np.int32)
    counts = csr_array((np.ones(len(items)), items, offsets), shape=(len(sessions), n_items))
    counts.sum_duplicates()
    return counts


def follows(sessions: Sessions, *, n_items: int, weights: Floats) -> csr_array:
    """How often an item (column) came after another (row), weighted by the distance.

    Args:
        sessions: training sessions.
        n_items: number of items, the padding item 0 included.
        weights: weight of each distance from 1 clicks on; longer ones are not counted, shape
            (distances,).

    Returns:
        Sum of the weights, shape (n_items, n_items).
    """
    session = sessions.session_of_click
    items = sessions.items.astype(np.int32)
    total = csr_array((n_items, n_items))
    for distance, weight in enumerate(weights, start=1):
        first = np.flatnonzero(session[distance:] == session[:-distance])
        if weight == 0 or len(first) == 0:
            continue
        pairs = items[first], items[first + distance]
        counted = coo_array((np.full(len(first), weight), pairs), shape=total.shape)
        total = total + counted.tocsr()
    return total


def by_popularity(strengths: csr_array, *, clicks: Integers) -> csr_array:
    """Scores that order each row by strength and, where strengths are equal, by clicks.

    Items of equal strength and equal clicks have equal scores. Strengths are compared in single
    precision, as scores are (``by_value``).

    Args:
        strengths: how strongly each item (column) goes with another (row), shape
            (n_items, n_items).
        clicks: training clicks of each item, below 2**32, shape (n_items,).

    Returns:
        The number of entries of the row that the item is not below, exact in single precision.
    """
    order, rows = by_value(strengths.data, ties=clicks[strengths.indices]), rows_of(strengths)
    sorting = np.lexsort((order, rows))
    row, value = rows[sorting], order[sorting]
    changes = np.flatnonzero((row[1:] != row[:-1]) | (value[1:] != value[:-1])) + 1
    ends = np.append(changes, len(row))
    not_below = np.repeat(ends, np.diff(ends, prepend=0))
    scores = np.empty(strengths.nnz)
    scores[sorting] = not_below - strengths.indptr[row]
    return with_values(strengths, scores)

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


def ordered(strengths: csr_array, *, clicks: Integers) -> csr_array:
    """Put the place of each item in its row's order for its strength; 1 is the weakest.

    Counts are often equal, and a ranking that counts ties against the target would punish that.
    So equal strengths are ordered by the items' clicks, as session popularity does it, and then
    by the smaller number. Places, unlike sums, are exact in single precision.

    Args:
        strengths: how strongly each item (column) goes with another (row), shape
            (n_items, n_items).
        clicks: training clicks of each item, shape (n_items,).
    """
    numbers = np.arange(len(clicks))
    popularity = np.empty_like(numbers)
    popularity[np.lexsort((-numbers, clicks))] = numbers
    order = by_value(strengths.data, ties=popularity[strengths.indices])
    rows = rows_of(strengths)
    places = np.empty(strengths.nnz)
    places[np.lexsort((order, rows))] = np.arange(1, strengths.nnz + 1)
    return with_values(strengths, places - strengths.indptr[rows])

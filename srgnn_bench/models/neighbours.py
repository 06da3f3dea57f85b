"""Neighbouring sessions: the search that S-kNN, V-SkNN and STAN share.

Jannach and Ludewig, "When Recurrent Neural Networks meet the Neighborhood for Session-Based
Recommendation", RecSys 2017, section 3.1: of all training sessions that share an item with the
current one, the most recent are sampled; the most similar of these are the neighbours.

Where session-rec leaves the choice to the order of a Python set, ties are decided here: of
sessions with the same time, the later in the training data is the more recent; of sessions with
the same similarity, the more recent is the nearer.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from srgnn_bench.data.sessions import Integers, Sessions
from srgnn_bench.models.sparse_rows import (
    by_value,
    keep_best,
    last_positions,
    select,
    with_values,
)


class SessionIndex:
    """Training sessions that can be searched by the items they hold.

    Args:
        sessions: training sessions, oldest first.
        n_items: number of items, the padding item 0 included.
        sample_size: the most recent sessions that a search returns for each prefix.

    Attributes:
        positions: place of the last click on each item, shape (sessions, n_items).
        holds: 1 where a session holds an item, same shape.
        sizes: different items of each session, shape (sessions,).
    """

    def __init__(self, sessions: Sessions, *, n_items: int, sample_size: int) -> None:
        self.positions = last_positions(sessions.items, sessions.offsets, n_items=n_items)
        self.holds = with_values(self.positions, np.ones(self.positions.nnz))
        self.sizes = np.diff(self.positions.indptr)
        self._sample_size = sample_size
        # Of a sample's sessions that hold an item, none is outside the item's own most recent.
        held_by = self.holds.T.tocsr()
        self._held_by = keep_best(held_by, held_by.indices, count=sample_size)

    def candidates(self, weights: csr_array) -> csr_array:
        """The most recent sessions that share an item with each prefix.

        Args:
            weights: weight of each item of each prefix, shape (prefixes, n_items); items
                without a positive weight are not looked up.

        Returns:
            Sum of the weights of the shared items, shape (prefixes, sessions).
        """
        overlaps = select(weights, weights.data > 0) @ self._held_by
        return keep_best(overlaps, overlaps.indices, count=self._sample_size)

    def items_of(self, neighbours: csr_array) -> csr_array:
        """Place of the last click on each item of every neighbour, shape (neighbours, n_items)."""
        return self.positions[neighbours.indices]


def nearest(similarities: csr_array, *, count: int) -> csr_array:
    """The most similar candidates of each prefix; equal ones by recency.

    Args:
        similarities: similarity of each candidate, shape (prefixes, sessions).
        count: most neighbours of a prefix.
    """
    order = by_value(similarities.data, ties=similarities.indices)
    return keep_best(similarities, order, count=count)


def rows_of(matrix: csr_array) -> Integers:
    """Row of each stored entry, shape (entries,)."""
    return np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))

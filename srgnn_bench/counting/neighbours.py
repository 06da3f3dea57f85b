"""Neighbouring sessions: the search that S-kNN and all its relatives share.

Jannach and Ludewig, "When Recurrent Neural Networks meet the Neighborhood for Session-Based
Recommendation", RecSys 2017: of all training sessions that share an item with the current one,
the most recent are sampled; the most similar of these are the neighbours.

Where session-rec leaves ties to the order of a Python set, they are decided here: of sessions
with the same similarity, the more recent is the nearer, and where a sample or the neighbours would
end among sessions that nothing tells apart, equally recent or equally near, all of them are in.
So neither the numbers of items nor the order of sessions of equal time play a part.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from srgnn_bench.counting.sparse_rows import (
    Floats,
    by_value,
    keep_best,
    last_positions,
    select,
    value_bits,
    with_values,
)
from srgnn_bench.data.sessions import Integers, Sessions


@dataclass(frozen=True)
class PrefixItems:
    """The different items of a batch of prefixes.

    Attributes:
        positions: place of the last click on each item, from 1, shape (prefixes, n_items).
        lengths: clicks of each prefix, shape (prefixes,).
    """

    positions: csr_array
    lengths: Integers

    def length(self) -> Integers:
        """Clicks of the prefix of each item, shape (entries of ``positions``,)."""
        return np.repeat(self.lengths, np.diff(self.positions.indptr))

    def weighted(self, weights: npt.NDArray[Any]) -> csr_array:
        """The items with weights of shape (entries,) instead of their places."""
        return with_values(self.positions, weights)


class SessionIndex:
    """Training sessions that can be searched by the items they hold.

    Args:
        sessions: training sessions, oldest first.
        n_items: number of items, the padding item 0 included.
        sample_size: sessions that a search returns for a prefix; more where the last of them has
            the time of others.

    Attributes:
        positions: place of the last click on each item, shape (sessions, n_items).
        holds: 1 where a session holds an item, same shape.
        sizes: different items of each session, shape (sessions,).
        norms: length of each session as a vector of ones, sqrt(sizes), shape (sessions,).
        recency: first session, from 0, of the same time as each session, shape (sessions,).
    """

    def __init__(self, sessions: Sessions, *, n_items: int, sample_size: int) -> None:
        self.positions = last_positions(sessions.items, sessions.offsets, n_items=n_items)
        self.holds = with_values(self.positions, np.ones(self.positions.nnz))
        self.sizes = np.diff(self.positions.indptr)
        self.norms = np.sqrt(self.sizes)
        self.recency = np.searchsorted(sessions.times, sessions.times)
        self._sample_size = sample_size
        # What is in a sample is among the most recent of each item that it shares.
        self._held_by = self._most_recent(self.holds.T.tocsr())

    def idf(self) -> Floats:
        """ln(sessions / sessions that hold an item), shape (n_items,).

        What no session holds counts as if one did.
        """
        held_by = np.maximum(1, self.holds.sum(axis=0))
        idf: Floats = np.log(len(self.sizes) / held_by)
        return idf

    def candidates(self, weights: csr_array) -> csr_array:
        """The most recent sessions that share an item with each prefix.

        Args:
            weights: weight of each item of each prefix, shape (prefixes, n_items); items
                without a positive weight are not looked up.

        Returns:
            Sum of the weights of the shared items, shape (prefixes, sessions).
        """
        overlaps = select(weights, weights.data > 0) @ self._held_by
        return self._most_recent(overlaps)

    def nearest(self, similarities: csr_array, *, count: int) -> csr_array:
        """The most similar candidates of each prefix; of equal ones, the more recent.

        Args:
            similarities: similarity of each candidate, shape (prefixes, sessions).
            count: neighbours of a prefix; more where others are as near as the last of them.
        """
        # Few of all candidates are near enough for their recency to matter.
        near = keep_best(similarities, value_bits(similarities.data), count=count)
        order = by_value(near.data, ties=self.recency[near.indices])
        return keep_best(near, order, count=count)

    def _most_recent(self, sessions: csr_array) -> csr_array:
        """The sample of each row, shape (rows, sessions)."""
        # Sessions are ordered by time, so that their numbers say which is the more recent.
        return keep_best(
            sessions,
            sessions.indices,
            count=self._sample_size,
            least_equal=self.recency.__getitem__,
        )

    def items_of(self, neighbours: csr_array, *, prefixes: PrefixItems) -> NeighbourItems:
        """The items of every neighbour, compared with the prefix that it is a neighbour of.

        Args:
            neighbours: stored where a session is a neighbour, shape (prefixes, sessions).
            prefixes: the prefixes.
        """
        held, clicked = self.positions[neighbours.indices], prefixes.positions
        shared = np.empty(held.nnz, dtype=np.int32)
        # One prefix at a time keeps the table of places in the cache.
        place = np.zeros(held.shape[1], dtype=np.int32)
        bounds = pairwise(clicked.indptr), pairwise(held.indptr[neighbours.indptr])
        for (first, last), (start, stop) in zip(*bounds, strict=True):
            place[clicked.indices[first:last]] = clicked.data[first:last]
            place.take(held.indices[start:stop], out=shared[start:stop], mode="clip")
            place[clicked.indices[first:last]] = 0
        return NeighbourItems(positions=held, shared=shared, bounds=neighbours.indptr)


@dataclass(frozen=True)
class NeighbourItems:
    """Items of all neighbours of a batch, neighbour after neighbour, prefix after prefix.

    Attributes:
        positions: place of the last click on each item, shape (neighbours, n_items).
        shared: place of the item's last click in the prefix, 0 where the prefix lacks it,
            shape (entries of ``positions``,).
        bounds: prefix i has the neighbours ``bounds[i]`` to ``bounds[i + 1]``, shape
            (prefixes + 1,).
    """

    positions: csr_array
    shared: npt.NDArray[np.int32]
    bounds: Integers

    def last_shared(self) -> tuple[Integers, npt.NDArray[np.int32]]:
        """Places of the last click on a shared item, in each neighbour and in its prefix.

        Returns:
            Two places from 1, shape (neighbours,) each. They can be of two items.
        """
        entries = np.flatnonzero(self.shared > 0)
        own = self.spread(np.arange(self.positions.shape[0], dtype=np.int32))[entries]
        # What shares no item is no neighbour, so that each has a first entry here.
        first = np.flatnonzero(np.diff(own, prepend=-1))
        last = np.append(first[1:], len(entries))[: len(first)] - 1
        return (
            # The places of a session ascend.
            self.positions.data[entries[last]].astype(np.int64),
            np.maximum.reduceat(self.shared[entries], first),
        )

    def spread(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Give every item the value of its neighbour: (neighbours,) -> (entries,)."""
        return np.repeat(values, np.diff(self.positions.indptr))

    def sum(self, weights: Floats, *, of_neighbours: Floats) -> csr_array:
        """Add up each item's weight times its neighbour's, over a prefix's neighbours.

        Args:
            weights: shape (entries,).
            of_neighbours: shape (neighbours,).

        Returns:
            Shape (prefixes, n_items).
        """
        numbers = np.arange(len(of_neighbours), dtype=self.bounds.dtype)
        of_prefix = csr_array(
            (of_neighbours, numbers, self.bounds), shape=(len(self.bounds) - 1, len(numbers))
        )
        return of_prefix @ with_values(self.positions, weights)

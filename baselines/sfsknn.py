"""SF-SkNN: S-kNN that recommends only what came right after the last click's item.

Source: SF-SKNN in Ludewig and Jannach, "Evaluation of session-based recommendation algorithms",
UMUAI 28, 2018; the authors' class ``SeqFilterContextKNN``.

With j the item of the last click of session s and S-kNN's neighbours n and similarity:

    score(i) = sum of sim(s, n) over the nearest n that hold i, where i came right after j

``followed_in`` says where it must have come after it: in any training session, as in the authors'
code, or in the neighbour n itself. All other items score 0.

The defaults are those of S-kNN here; the code takes a sample of 1000 and the cosine too. It
divides the scores of a list by the largest, which changes no list. What it can add to the scores,
reminders of the last clicks and a boost of popular items, is off by default and not here.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy.sparse import csr_array

from srgnn_bench.counting.item_pairs import follows
from srgnn_bench.counting.neighbours import PrefixItems
from srgnn_bench.counting.sparse_rows import places_of, rows_of, select, with_values
from srgnn_bench.data.sessions import Integers, Sessions

from .sknn import SKNN, SKNNParameters


class SFSKNNParameters(SKNNParameters):
    """Parameters of SF-SkNN."""

    followed_in: Literal["training", "neighbour"] = "training"
    """Whether an item must have come right after the last click's item in any training session,
    or in the neighbour that votes for it."""


class SFSKNN(SKNN):
    """Scores an item by the neighbours that hold it, if it ever came after the last click's item.

    Attributes:
        after: 1 where an item (column) came right after another (row) in training, shape
            (n_items, n_items); set by ``fit`` where ``followed_in`` is ``training``.
        steps: what came right after an item in a session, a row for every item and session in
            which something did, shape (rows, n_items); set by ``fit`` otherwise.
        row_keys: item * sessions + session of each row of ``steps``, ascending, shape (rows,).
    """

    Parameters = SFSKNNParameters
    learns_order = True
    parameters_: SFSKNNParameters
    after: csr_array
    steps: csr_array
    row_keys: Integers

    def learn(self, sessions: Sessions) -> None:
        """Index the sessions by their items, and what came right after which item."""
        super().learn(sessions)
        if self.parameters_.followed_in == "training":
            counts = follows(sessions, n_items=self.n_items, weights=np.ones(1))
            self.after = with_values(counts, np.ones(counts.nnz))
            return
        session = sessions.session_of_click
        first = np.flatnonzero(session[1:] == session[:-1])
        keys = sessions.items[first] * len(sessions) + session[first]
        self.row_keys, row = np.unique(keys, return_inverse=True)
        self.steps = csr_array(
            (np.ones(len(row)), (row, sessions.items[first + 1])),
            shape=(len(self.row_keys), self.n_items),
        )
        self.steps.data[:] = 1  # an item that came after it more than once counts once

    def votes(self, neighbours: csr_array, prefixes: PrefixItems) -> csr_array:
        """Sum of the similarities of neighbours, for what came after the last item alone.

        Args:
            neighbours: similarity of each prefix to each session, shape (prefixes, sessions).
            prefixes: the items of each prefix.

        Returns:
            Shape (prefixes, n_items).
        """
        # The items of a prefix stand in the order of their last clicks.
        last = prefixes.positions.indices[prefixes.positions.indptr[1:] - 1].astype(np.int64)
        if self.parameters_.followed_in == "training":
            return csr_array(super().votes(neighbours, prefixes).multiply(self.after[last]))
        keys = last[rows_of(neighbours)] * neighbours.shape[1] + neighbours.indices
        rows, found = places_of(keys, keys=self.row_keys)
        voting = select(neighbours, found)
        shape = (len(last), len(self.row_keys))
        return csr_array((voting.data, rows, voting.indptr), shape=shape) @ self.steps

"""S-kNN: what the most similar training sessions clicked.

Source: Jannach and Ludewig, "When Recurrent Neural Networks meet the Neighborhood for
Session-Based Recommendation", RecSys 2017; S-KNN in Ludewig and Jannach, UMUAI 28, 2018.

The score of item i in session s is the sum of sim(s, n) over the nearest training sessions n
that hold i. A session is the set of its items, and of all sessions that share an item with s the
``sample_size`` most recent are compared. sim is the cosine |s & n| / sqrt(|s| |n|) or the
Jaccard index |s & n| / |s | n|. Items of the session itself can be recommended.

The defaults are cosine, session-rec's sample of 1000, and 500 neighbours; its configurations take
100 to 500. It divides the scores of a list by the largest and multiplies its cosine by sqrt(|s|)
instead of dividing by it; neither changes a list.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy.sparse import csr_array

from srgnn_bench.counting.bases import NeighbourParameters, NeighbourRecommender
from srgnn_bench.counting.neighbours import PrefixItems
from srgnn_bench.counting.sparse_rows import rows_of, with_values


class SKNNParameters(NeighbourParameters):
    """Parameters of S-kNN."""

    similarity: Literal["cosine", "jaccard"] = "cosine"
    """How two sets of items are compared."""


class SKNN(NeighbourRecommender):
    """Scores an item by the similarity of the neighbouring sessions that hold it."""

    Parameters = SKNNParameters
    parameters_: SKNNParameters

    def similarities(self, prefixes: PrefixItems) -> csr_array:
        """Cosine or Jaccard index of the sets of items, shape (prefixes, sessions)."""
        shared = self.index.candidates(prefixes.weighted(np.ones(prefixes.positions.nnz)))
        sizes = np.diff(prefixes.positions.indptr)
        if self.parameters_.similarity == "cosine":
            norms = np.sqrt(sizes)[rows_of(shared)] * self.index.norms[shared.indices]
            return with_values(shared, shared.data / norms)
        both = sizes[rows_of(shared)] + self.index.sizes[shared.indices]
        return with_values(shared, shared.data / (both - shared.data))

    def votes(self, neighbours: csr_array, prefixes: PrefixItems) -> csr_array:  # noqa: ARG002
        """Sum of the neighbours' similarities, shape (prefixes, n_items)."""
        return neighbours @ self.index.holds

"""S-kNN: what the most similar training sessions clicked.

Source: Jannach and Ludewig, "When Recurrent Neural Networks meet the Neighborhood for
Session-Based Recommendation", RecSys 2017; S-KNN in Ludewig and Jannach, UMUAI 28, 2018.

The score of item i in session s is the sum of sim(s, n) over the nearest training sessions n
that hold i. A session is the set of its items, and of all sessions that share an item with s the
``sample_size`` most recent are compared. sim is the cosine |s & n| / sqrt(|s| |n|) or the
Jaccard index |s & n| / |s | n|. Items of the session itself can be recommended.

The defaults, cosine, 500 neighbours and a sample of 1000, are the RecSys paper's. session-rec
divides the scores of a list by the largest and its cosine by sqrt(|s|) the wrong way round; both
change no list.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from pydantic import Field
from scipy.sparse import csr_array

from srgnn_bench.data.sessions import Integers, Sessions
from srgnn_bench.models.neighbours import SessionIndex, nearest
from srgnn_bench.models.parameters import ModelParameters
from srgnn_bench.models.sparse_rows import last_positions, rows_of, with_values
from srgnn_bench.models.sparse_scores import SparseRecommender


class SKNNParameters(ModelParameters):
    """Parameters of S-kNN."""

    neighbours: int = Field(500, ge=1)
    """Most neighbours of a session, the most similar."""

    sample_size: int = Field(1000, ge=1)
    """Sessions that are compared, the most recent that share an item."""

    similarity: Literal["cosine", "jaccard"] = "cosine"
    """How two sets of items are compared."""


class SKNN(SparseRecommender):
    """Scores an item by the similarity of the neighbouring sessions that hold it."""

    Parameters = SKNNParameters
    index: SessionIndex

    def __init__(self, config: Any, dataset: Any) -> None:
        super().__init__(config, dataset)
        self.parameters_ = self.Parameters.read(config)

    def fit(self, sessions: Sessions) -> None:
        """Index the sessions by their items."""
        self.index = SessionIndex(
            sessions, n_items=self.n_items, sample_size=self.parameters_.sample_size
        )

    def scores(self, items: Integers, offsets: Integers) -> csr_array:
        """Sum of the neighbours' similarities, shape (prefixes, n_items)."""
        prefixes = last_positions(items, offsets, n_items=self.n_items)
        shared = self.index.candidates(with_values(prefixes, np.ones(prefixes.nnz)))
        of_prefix = np.diff(prefixes.indptr)[rows_of(shared)]
        of_candidate = self.index.sizes[shared.indices]
        if self.parameters_.similarity == "cosine":
            similarity = shared.data / np.sqrt(of_prefix * of_candidate)
        else:
            similarity = shared.data / (of_prefix + of_candidate - shared.data)
        neighbours = nearest(with_values(shared, similarity), count=self.parameters_.neighbours)
        return neighbours @ self.index.holds

"""Item-kNN: items that share sessions with the last click.

Source: Item-KNN in Hidasi et al., "Session-based Recommendations with Recurrent Neural Networks",
ICLR 2016, and in the SR-GNN paper's comparison (Wu et al., AAAI 2019).

The similarity of item i to the last click's item j, with n(j) the number of training sessions
that hold j and n(i, j) the number that hold both, is

    n(i, j) / ((n(j) + r) ** alpha * (n(i) + r) ** (1 - alpha)),    0 for i = j.

With alpha 1/2 and r 0 it is the cosine of the items' binary session vectors; r keeps rare items
from looking similar by chance. The defaults, alpha 0.5 and r 20, are those of GRU4Rec's script
and of session-rec. Both count clicks instead of sessions, so that an item clicked twice in a
session counts twice, and keep the 100 most similar items alone.
"""

from __future__ import annotations

import numpy as np
from pydantic import Field
from scipy.sparse import csr_array

from srgnn_bench.counting.bases import LastClickParameters, LastClickRecommender
from srgnn_bench.counting.item_pairs import clicks_of
from srgnn_bench.counting.sparse_rows import rows_of, select, with_values
from srgnn_bench.data.sessions import Sessions


class ItemKNNParameters(LastClickParameters):
    """Parameters of item-kNN."""

    regularisation: float = Field(20.0, ge=0)
    """r, sessions added to the support of every item."""

    alpha: float = Field(0.5, ge=0, le=1)
    """Share of the last click's item in the denominator: 1/2 is the cosine, 1 leaves popular
    items their advantage, 0 takes it from them."""


class SessionItemKNN(LastClickRecommender):
    """Scores an item by the cosine between its sessions and the last click's item's."""

    Parameters = ItemKNNParameters
    learns_order = False
    parameters_: ItemKNNParameters

    def strengths(self, sessions: Sessions) -> csr_array:
        """Similarity of every two items, shape (n_items, n_items)."""
        p = self.parameters_
        held = clicks_of(sessions, n_items=self.n_items)
        held = with_values(held, np.ones(held.nnz))
        shared = held.T.tocsr() @ held
        support = held.sum(axis=0) + p.regularisation
        row, column = rows_of(shared), shared.indices
        norm = support[row] ** p.alpha * support[column] ** (1 - p.alpha)
        return select(with_values(shared, shared.data / norm), row != column)

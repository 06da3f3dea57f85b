"""Session popularity: what the session clicked most often, then what everybody did.

Source: S-POP in Hidasi et al., "Session-based Recommendations with Recurrent Neural Networks",
ICLR 2016, and in the SR-GNN paper's comparison (Wu et al., AAAI 2019).

The score of item i in session s is c(i, s) + c(i) / (1 + c(i)) with c the number of clicks, in
the session and in training. The second term stays below 1, so it only orders items that the
session clicked equally often. GRU4Rec's script and session-rec give it to the 100 most popular
items alone and 0 to the others; here every item has it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from srgnn_bench.data.sessions import Sessions
from srgnn_bench.models import FittedRecommender, ModelParameters


class SessionPopularity(FittedRecommender):
    """Scores an item by its clicks in the session, then by its clicks in training."""

    Parameters = ModelParameters
    learns_order = False
    popularity: torch.Tensor

    def __init__(self, config: Any, dataset: Any) -> None:
        super().__init__(config, dataset)
        self.register_buffer("popularity", torch.zeros(self.n_items))

    def fit(self, sessions: Sessions) -> None:
        """Order the items by their clicks.

        c / (1 + c) nears 1 so closely that single precision would make popular items equal. The
        place of c among the counts that occur, divided by their number, orders them alike.
        """
        counts = np.bincount(sessions.items, minlength=self.n_items)
        different, place = np.unique(counts, return_inverse=True)
        self.popularity.copy_(torch.from_numpy(place / len(different)))

    def full_sort_predict(self, interaction: Any) -> torch.Tensor:
        """Scores of the padding item (0) and of every item, shape (prefixes, n_items)."""
        clicked = interaction[self.ITEM_SEQ]
        scores = self.popularity.repeat(len(clicked), 1)
        scores.scatter_add_(1, clicked, torch.ones_like(clicked, dtype=scores.dtype))
        scores[:, 0] = 0
        return scores

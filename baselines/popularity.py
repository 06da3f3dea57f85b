"""Popularity: every session gets the items clicked most often in training.

It knows nothing about the session, so it is the floor that every session-based model must clear.
Source: "POP" of the SR-GNN paper's comparison (Wu et al., AAAI 2019, section 4.2).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from srgnn_bench.data.sessions import Sessions
from srgnn_bench.models import FittedRecommender, ModelParameters


class Popularity(FittedRecommender):
    """Scores an item by its clicks in the training sessions."""

    Parameters = ModelParameters
    learns_order = False
    clicks: torch.Tensor

    def __init__(self, config: Any, dataset: Any) -> None:
        super().__init__(config, dataset)
        self.register_buffer("clicks", torch.zeros(self.n_items))

    def fit(self, sessions: Sessions) -> None:
        """Count the clicks of every item."""
        counts = np.bincount(sessions.items, minlength=self.n_items)
        self.clicks.copy_(torch.from_numpy(counts))

    def full_sort_predict(self, interaction: Any) -> torch.Tensor:
        """Clicks of the padding item (none) and of every item, shape (sessions, items + 1)."""
        return self.clicks.repeat(len(interaction), 1)

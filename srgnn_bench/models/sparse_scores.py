"""Fitted models that count, with NumPy and SciPy: the edge between them and RecBole."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_array

from srgnn_bench.data.sessions import Integers, Sessions
from srgnn_bench.models.fitted import FittedRecommender
from srgnn_bench.models.item_pairs import ordered
from srgnn_bench.models.sparse_rows import scores_of


class SparseRecommender(FittedRecommender):
    """Base of the models under which a session reaches a few items; all others score 0."""

    @abstractmethod
    def scores(self, items: Integers, offsets: Integers) -> csr_array:
        """Scores of the items that each prefix reaches, none negative, shape (prefixes, n_items).

        Args:
            items: clicks, prefix after prefix, shape (clicks,).
            offsets: prefix i holds ``items[offsets[i]:offsets[i + 1]]``, shape (prefixes + 1,).
        """

    def full_sort_predict(self, interaction: Any) -> torch.Tensor:
        """Scores of the padding item (0) and of every item, shape (prefixes, n_items)."""
        padded = interaction[self.ITEM_SEQ]
        lengths = interaction[self.ITEM_SEQ_LEN].cpu().numpy()
        items = padded.cpu().numpy()
        inside = np.arange(items.shape[1]) < lengths[:, None]
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        scores = scores_of(self.scores(items[inside], offsets))
        return torch.from_numpy(scores).to(padded.device)

    def predict(self, interaction: Any) -> torch.Tensor:
        """Score of one given item per prefix, shape (prefixes,)."""
        items = interaction[self.ITEM_ID]
        return self.full_sort_predict(interaction).gather(1, items[:, None]).squeeze(1)


class LastClickRecommender(SparseRecommender):
    """Base of the models that know a session by its last click alone.

    Attributes:
        places: place of each item (column) in the order after a last click (row), from 1 for
            the weakest, shape (n_items, n_items).
    """

    places: csr_array

    @abstractmethod
    def strengths(self, sessions: Sessions) -> csr_array:
        """How strongly an item (column) goes with a last click (row), shape (n_items, n_items)."""

    def fit(self, sessions: Sessions) -> None:
        """Order the items after each last click by strength, then by their clicks."""
        clicks = np.bincount(sessions.items, minlength=self.n_items)
        self.places = ordered(self.strengths(sessions), clicks=clicks)

    def scores(self, items: Integers, offsets: Integers) -> csr_array:
        """Places of the items after each prefix's last click, shape (prefixes, n_items)."""
        return self.places[items[offsets[1:] - 1]]

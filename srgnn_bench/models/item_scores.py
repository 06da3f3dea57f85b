"""What models have in common that score items by more than a product with one session vector."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from recbole.utils import InputType
from torch.nn.functional import cross_entropy


class AllScores:
    """Mixin for a RecBole ``SequentialRecommender`` that scores all items to score one."""

    ITEM_ID: str

    def predict(self, interaction: Any) -> torch.Tensor:
        """Score of one given item per session, shape (sessions,)."""
        scores: torch.Tensor = self.full_sort_predict(interaction)  # type: ignore[attr-defined]
        return scores.gather(1, interaction[self.ITEM_ID][:, None]).squeeze(1)


class ItemScores(AllScores):
    """Mixin for a RecBole ``SequentialRecommender``; it stands first among the bases.

    The other base gives ``forward(item_seq, item_seq_len)``, which returns the scores of the
    padding item (0) and of all items, shape (sessions, items + 1). The padding item has no share in
    the softmax.
    """

    input_type = InputType.POINTWISE

    any_length: ClassVar[bool] = False
    """As that of ``ItemProducts``."""

    ITEM_SEQ: str
    ITEM_SEQ_LEN: str
    POS_ITEM_ID: str

    def calculate_loss(self, interaction: Any) -> torch.Tensor:
        """Mean cross-entropy of a batch's targets over all items, shape ()."""
        scores = self.full_sort_predict(interaction)
        return cross_entropy(scores[:, 1:], interaction[self.POS_ITEM_ID] - 1)

    def full_sort_predict(self, interaction: Any) -> torch.Tensor:
        """Scores of the padding item and of all items, shape (sessions, items + 1)."""
        scores: torch.Tensor = self.forward(  # type: ignore[attr-defined]
            interaction[self.ITEM_SEQ], interaction[self.ITEM_SEQ_LEN]
        )
        return scores

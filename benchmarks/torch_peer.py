"""SR-GNN with torch's own chunked cross-entropy in place of our loss."""

from __future__ import annotations

from typing import Any

import torch

from srgnn_bench.layers.softmax_loss import BLOCK_SESSIONS
from srgnn_bench.models.srgnn import FastSRGNN


class TorchsLoss(FastSRGNN):
    """SR-GNN with torch's own chunked full softmax; chunks are as large as our blocks."""

    OPTIONS = torch.nn.LinearCrossEntropyOptions(batch_chunk_size=BLOCK_SESSIONS)

    def calculate_loss(self, interaction: Any) -> torch.Tensor:
        """Mean cross-entropy of a batch's targets over all items, shape ()."""
        loss: torch.Tensor = torch.nn.functional.linear_cross_entropy(
            self.session_vectors(interaction),
            self.item_vectors()[1:],
            interaction[self.POS_ITEM_ID] - 1,
            options=self.OPTIONS,
        )
        return loss

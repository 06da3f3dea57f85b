"""Torch's own chunked cross-entropy, by itself and in SR-GNN in place of our loss."""

from __future__ import annotations

from typing import Any

import torch

from srgnn_bench.models.srgnn import FastSRGNN

HAS_CHUNKED_LOSS = hasattr(torch.nn, "LinearCrossEntropyOptions")
"""Torch 2.13 and later."""

CHUNK = 512
"""Sessions at a time; torch's own choice is far too small for a catalogue."""


def chunked(vectors: torch.Tensor, items: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Mean cross-entropy over all items, in chunks of ``CHUNK`` sessions, shape ().

    Args:
        vectors: session vectors, shape (sessions, d).
        items: item vectors, the padding item's first, shape (items + 1, d).
        targets: from 1, shape (sessions,).
    """
    options = torch.nn.LinearCrossEntropyOptions(batch_chunk_size=CHUNK)
    loss: torch.Tensor = torch.nn.functional.linear_cross_entropy(
        vectors, items[1:], targets - 1, options=options
    )
    return loss


class TorchsLoss(FastSRGNN):
    """SR-GNN with that loss."""

    def calculate_loss(self, interaction: Any) -> torch.Tensor:
        """Mean cross-entropy of a batch's targets over all items, shape ()."""
        item_vectors = self.item_vectors_of_the_loss()
        vectors = self.session_vectors(interaction)
        return chunked(vectors, item_vectors, interaction[self.POS_ITEM_ID])

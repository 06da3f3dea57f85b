"""How weights begin."""

from __future__ import annotations

import math

import torch
from torch import nn


def initialise_uniformly(model: nn.Module, item_embedding: nn.Embedding) -> None:
    """Draw every weight of a model from ±1 / sqrt(d), as the authors of SR-GNN do.

    Args:
        model: any model.
        item_embedding: its vectors of items, of length d; the padding item's is set to zero.
    """
    bound = 1 / math.sqrt(item_embedding.embedding_dim)
    for weight in model.parameters():
        nn.init.uniform_(weight, -bound, bound)
    clear_padding(item_embedding)


def clear_padding(embedding: nn.Embedding) -> None:
    """Set the padding item's vector to zero."""
    with torch.no_grad():
        embedding.weight[0] = 0

"""GRU4Rec as RecBole has it, on packed sequences.

Sources: Tan et al., "Improved Recurrent Neural Networks for Session-based Recommendations", DLRS
2016; RecBole's ``GRU4Rec``, which is a GRU with a dense layer and a full softmax, and not the
original of Hidasi et al.: no sampled ranking loss, no session-parallel batches. So
tables and figures call it GRU (RecBole).
"""

from __future__ import annotations

from typing import Any

import torch
from pydantic import Field
from recbole.model.sequential_recommender.gru4rec import GRU4Rec

from srgnn_bench.layers.packed_gru import packed_gru
from srgnn_bench.layers.ragged import packed_clicks
from srgnn_bench.models import FullSoftmax, ModelParameters, clear_padding


class GRU4RecParameters(ModelParameters):
    """Parameters of GRU4Rec; the defaults are RecBole's."""

    embedding_size: int = Field(64, ge=1)
    """Length of the vectors of items and sessions."""

    hidden_size: int = Field(128, ge=1)
    """Length of the GRU's state."""

    num_layers: int = Field(1, ge=1)
    """GRU layers, one on the other."""

    dropout_prob: float = Field(0.3, ge=0, lt=1)
    """Dropout of item embeddings."""


class FastGRU4Rec(FullSoftmax, GRU4Rec):  # type: ignore[misc]
    """RecBole's GRU4Rec without a step spent on padding; equal weights give equal scores."""

    Parameters = GRU4RecParameters
    any_length = True

    def __init__(self, config: Any, dataset: Any) -> None:
        super().__init__(config, dataset)
        clear_padding(self.item_embedding)

    def forward(self, item_seq: torch.Tensor, item_seq_len: torch.Tensor) -> torch.Tensor:
        """Vectors of a batch of sessions, shape (sessions, embedding_size)."""
        clicks = packed_clicks(item_seq, item_seq_len)
        embedded = self.emb_dropout(self.item_embedding(clicks.items))
        _, final = packed_gru(self.gru_layers, clicks.sequence(embedded))
        vectors: torch.Tensor = self.dense(final[-1])
        return vectors

"""STAMP as RecBole has it, on flat clicks.

Sources: Liu et al., "STAMP: Short-Term Attention/Memory Priority Model for Session-based
Recommendation", KDD 2018; RecBole's ``STAMP``, which leaves out the paper's final sigmoid, as the
authors' code does; that code, https://github.com/uestcnlp/STAMP.

Departures from it: the loss is the mean over a batch, where it takes the gradient of the sum, and
cuts each weight's gradient at norm 150; the vectors of the clicks are read as they are, where it
cuts those longer than 1 to length 1. ``initialisation`` chooses how weights begin.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from pydantic import Field
from recbole.model.sequential_recommender.stamp import STAMP

from srgnn_bench.layers.attention import soft_attention
from srgnn_bench.layers.initialisation import initialise_uniformly
from srgnn_bench.layers.ragged import ordered_clicks
from srgnn_bench.models import FullSoftmax, ModelParameters, clear_padding


class STAMPParameters(ModelParameters):
    """Parameters of STAMP; the defaults are RecBole's."""

    embedding_size: int = Field(64, ge=1)
    """Length of the vectors of items and sessions."""

    initialisation: Literal["normal", "uniform"] = "normal"
    """How weights begin: ``normal``, the authors', with deviations of 0.002 for items and 0.05 for
    layers; ``uniform``, SR-GNN's, within 1 / sqrt(d). It decides how fast the model learns."""


class FastSTAMP(FullSoftmax, STAMP):  # type: ignore[misc]
    """RecBole's STAMP without padding; equal weights with a zero padding row give equal scores.

    RecBole's attends to padding as well, which adds nothing where the padding vector is zero.
    """

    Parameters = STAMPParameters
    any_length = True

    def __init__(self, config: Any, dataset: Any) -> None:
        super().__init__(config, dataset)
        if STAMPParameters.read(config).initialisation == "uniform":
            initialise_uniformly(self, self.item_embedding)
        clear_padding(self.item_embedding)

    def forward(self, item_seq: torch.Tensor, item_seq_len: torch.Tensor) -> torch.Tensor:
        """Vectors of a batch of sessions, shape (sessions, embedding_size)."""
        clicks = ordered_clicks(item_seq, item_seq_len)
        memory = self.item_embedding(clicks.items)
        last = memory.index_select(0, clicks.last)
        mean = clicks.sum(memory) / item_seq_len[:, None].to(memory.dtype)
        query = self.w2(last) + self.w3(mean) + self.b_a
        attention = soft_attention(query, self.w1(memory), clicks.session, score=self.w0)
        attended = clicks.sum(attention * memory) + mean
        vectors: torch.Tensor = torch.tanh(self.mlp_a(attended)) * torch.tanh(self.mlp_b(last))
        return vectors

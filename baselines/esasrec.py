"""eSASRec: SASRec with the gated blocks of LiGR.

Sources: Tikhonovich et al., "eSASRec: Enhancing Transformer-based Recommendations in a Modular
Fashion", RecSys 2025, arXiv:2508.06450; its blocks are those of Borisyuk et al., "From Features to
Transformers: Redefining Ranking for Scalable Impact", arXiv:2502.03417, as the paper's authors have
them in RecTools.
"""

from __future__ import annotations

from typing import Any

import torch
from pydantic import Field
from recbole.model.abstract_recommender import SequentialRecommender
from torch import nn
from torch.nn.functional import silu

from srgnn_bench.layers.attention import causal_blocks, check_heads, paired_attention
from srgnn_bench.layers.ragged import OrderedClicks
from srgnn_bench.models import CausalSoftmax, PositionsParameters, clear_padding


class ESASRecParameters(PositionsParameters):
    """Parameters of eSASRec; the defaults are RecTools'."""

    embedding_size: int = Field(256, ge=1)
    """Length of the vectors of items and sessions; a multiple of ``heads``."""

    heads: int = Field(4, ge=1)
    """Heads of attention of a block."""

    blocks: int = Field(2, ge=1)
    """Blocks, one on the other."""

    inner_multiple: int = Field(4, ge=1)
    """Length of a block's inner vectors, in embeddings."""

    dropout: float = Field(0.2, ge=0, lt=1)
    """Dropout of clicks' vectors, of attention, of inner vectors and of what each part adds."""


class LiGRBlock(nn.Module):
    """One block; what each part adds passes a gate that the state itself sets.

        x <- x + sigmoid(G_1 x) * dropout(attention(norm_1(x)))
        x <- x + sigmoid(G_2 x) * dropout(W_3 dropout(silu(W_1 n) * (W_2 n))),   n = norm_2(x)

    Args:
        size: length of a click's state.
        heads: heads of attention.
        inner_size: length of the inner vectors.
        dropout: dropout of every part.
    """

    def __init__(self, size: int, *, heads: int, inner_size: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.norm_one, self.norm_two = nn.LayerNorm(size), nn.LayerNorm(size)
        self.query, self.key, self.value = (nn.Linear(size, size) for _ in range(3))
        self.output = nn.Linear(size, size)
        self.gate_one, self.gate_two = nn.Linear(size, size), nn.Linear(size, size)
        self.inner_gate = nn.Linear(size, inner_size, bias=False)
        self.inner = nn.Linear(size, inner_size, bias=False)
        self.outer = nn.Linear(inner_size, size, bias=False)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self,
        asking: torch.Tensor,
        states: torch.Tensor,
        pairs: tuple[torch.Tensor, torch.Tensor],
    ) -> torch.Tensor:
        """New states, shape (n, d).

        Args:
            asking: states that get new ones, shape (n, d).
            states: states that can be seen, shape (clicks, d).
            pairs: rows of ``asking`` and what each sees of ``states``, each of shape (pairs,).
        """
        seen = self.norm_one(states)
        read = paired_attention(
            self.query(self.norm_one(asking)),
            self.key(seen),
            self.value(seen),
            pairs,
            heads=self.heads,
            dropout=self.dropout,
        )
        asking = asking + torch.sigmoid(self.gate_one(asking)) * self.dropout(self.output(read))
        normed = self.norm_two(asking)
        inner = self.dropout(silu(self.inner_gate(normed)) * self.inner(normed))
        added = self.dropout(self.outer(inner))
        new: torch.Tensor = asking + torch.sigmoid(self.gate_two(asking)) * added
        return new


class ESASRec(CausalSoftmax, SequentialRecommender):  # type: ignore[misc]
    """eSASRec on flat clicks.

    The vectors of a session's clicks, each with that of its position added, pass the blocks, in
    which a click sees those up to itself; the last click's state is the session's vector. Positions
    count from the last click, and no norm follows the last block, both as in RecTools. The top
    block is asked for no state but the last click's, unless it learns from all positions.

    The paper learns with a softmax over sampled items, here it is the softmax over all items. It
    learns from every position of a sequence at a time, which ``training_positions: all`` does here;
    positions are then counted from the last click of the row, as in RecTools, and not from that of
    the prefix. Matrices begin as in RecTools, drawn from Xavier's normal distribution.

    Raises:
        ModelError: ``embedding_size`` is no multiple of ``heads``.
    """

    Parameters = ESASRecParameters

    def __init__(self, config: Any, dataset: Any) -> None:
        super().__init__(config, dataset)
        own = ESASRecParameters.read(config)
        d = own.embedding_size
        check_heads(d, heads=own.heads)
        self.item_embedding = nn.Embedding(self.n_items, d, padding_idx=0)
        self.position_embedding = nn.Embedding(self.max_seq_length, d)
        self.dropout = nn.Dropout(own.dropout)
        self.blocks = nn.ModuleList(
            LiGRBlock(d, heads=own.heads, inner_size=own.inner_multiple * d, dropout=own.dropout)
            for _ in range(own.blocks)
        )
        for weight in self.parameters():
            if weight.dim() > 1:
                nn.init.xavier_normal_(weight)
        clear_padding(self.item_embedding)

    def states(self, clicks: OrderedClicks, *, every: bool) -> torch.Tensor:
        """See ``CausalSoftmax``."""
        positions = self.position_embedding(clicks.clicks_after)
        states = self.dropout(self.item_embedding(clicks.items) + positions)
        return causal_blocks(list(self.blocks), states, clicks, every=every)

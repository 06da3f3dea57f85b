"""SASRec as RecBole has it, on flat clicks.

Sources: Kang and McAuley, "Self-Attentive Sequential Recommendation", ICDM 2018; RecBole's
``SASRec``, whose blocks are BERT's (a layer norm after each part, GELU) where the paper's have the
norm before it and ReLU, and which learns from every prefix with a full softmax where the paper
samples negatives and learns from all positions of a sequence at a time (``training_positions: all``
here).
"""

from __future__ import annotations

from functools import partial
from typing import Any, Literal

import torch
from pydantic import Field
from recbole.model.layers import TransformerLayer
from recbole.model.sequential_recommender.sasrec import SASRec

from srgnn_bench.layers.attention import causal_blocks, paired_attention
from srgnn_bench.layers.ragged import OrderedClicks
from srgnn_bench.models import CausalSoftmax, PositionsParameters, clear_padding


class SASRecParameters(PositionsParameters):
    """Parameters of SASRec; the defaults are RecBole's."""

    hidden_size: int = Field(64, ge=1)
    """Length of the vectors of items and sessions; a multiple of ``n_heads``."""

    inner_size: int = Field(256, ge=1)
    """Length of a block's inner vectors."""

    n_layers: int = Field(2, ge=1)
    """Blocks of self-attention, one on the other."""

    n_heads: int = Field(2, ge=1)
    """Heads of attention of a block."""

    hidden_dropout_prob: float = Field(0.5, ge=0, lt=1)
    """Dropout of item embeddings and of what the parts of a block add."""

    attn_dropout_prob: float = Field(0.5, ge=0, lt=1)
    """Dropout of attention weights."""

    hidden_act: Literal["gelu", "relu", "swish", "tanh", "sigmoid"] = "gelu"
    """Activation of a block's inner vectors."""

    layer_norm_eps: float = Field(1e-12, gt=0)
    """What a layer norm adds to the variance."""

    initializer_range: float = Field(0.02, gt=0)
    """Standard deviation of the weights at the start."""

    MAX_ITEM_LIST_LENGTH: int = Field(50, ge=1)
    """Most clicks of a prefix that the model sees, the last ones; every place has a vector."""


class FastSASRec(CausalSoftmax, SASRec):  # type: ignore[misc]
    """RecBole's SASRec without a step spent on padding; equal weights give equal scores.

    Its top block, of which only the last click's state is read, is asked for no other, unless it
    learns from all positions.
    """

    Parameters = SASRecParameters

    def __init__(self, config: Any, dataset: Any) -> None:
        super().__init__(config, dataset)
        clear_padding(self.item_embedding)

    def states(self, clicks: OrderedClicks, *, every: bool) -> torch.Tensor:
        """See ``CausalSoftmax``."""
        states = self.item_embedding(clicks.items) + self.position_embedding(clicks.place)
        states = self.dropout(self.LayerNorm(states))
        blocks = [partial(recbole_block, block) for block in self.trm_encoder.layer]
        return causal_blocks(blocks, states, clicks, every=every)


def recbole_block(
    block: TransformerLayer,
    asking: torch.Tensor,
    states: torch.Tensor,
    pairs: tuple[torch.Tensor, torch.Tensor],
) -> torch.Tensor:
    """One of RecBole's blocks where only the clicks of a pair see each other.

    Args:
        block: RecBole's block; its weights are used, its ``forward`` is not.
        asking: states that get new ones, shape (n, d).
        states: states that can be seen, shape (clicks, d).
        pairs: rows of ``asking`` and what each sees, rows of ``states``, each of shape (pairs,).

    Returns:
        The new states, shape (n, d).
    """
    attention = block.multi_head_attention
    read = paired_attention(
        attention.query(asking),
        attention.key(states),
        attention.value(states),
        pairs,
        heads=attention.num_attention_heads,
        dropout=attention.attn_dropout,
    )
    attended = attention.LayerNorm(attention.out_dropout(attention.dense(read)) + asking)
    new: torch.Tensor = block.feed_forward(attended)
    return new

"""GC-SAN: self-attention over the states that a gated graph neural network gives.

Source: Xu et al., "Graph Contextualized Self-Attention Network for Session-based Recommendation",
IJCAI 2019. No code of the authors is known here.
"""

from __future__ import annotations

from typing import Any

import torch
from pydantic import Field
from recbole.model.abstract_recommender import SequentialRecommender
from torch import nn
from torch.nn.functional import scaled_dot_product_attention

from srgnn_bench.layers.gated_gnn import GatedGNN
from srgnn_bench.layers.initialisation import initialise_uniformly
from srgnn_bench.layers.ragged import ordered_clicks
from srgnn_bench.layers.session_graph import session_edges, session_nodes
from srgnn_bench.models import FullSoftmax, ModelParameters


class GCSANParameters(ModelParameters):
    """Parameters of GC-SAN.

    The paper suggests a weight from 0.4 to 0.8. Its other settings could not be looked up: step,
    blocks, dropout and the weight in the middle of that range are this package's choice, the
    training in the model's file is SR-GNN's, and weights begin as SR-GNN's do.
    """

    embedding_size: int = Field(100, ge=1)
    """Length of the vectors of items and sessions."""

    step: int = Field(1, ge=1)
    """Propagation steps."""

    blocks: int = Field(1, ge=1)
    """Self-attention blocks, one on the other."""

    weight: float = Field(0.6, ge=0, le=1)
    """Share of self-attention in the session's vector; the rest is the last click's state."""

    dropout: float = Field(0.2, ge=0, lt=1)
    """Dropout within a block."""


class AttentionBlock(nn.Module):
    """One block of self-attention.

        F = softmax((E W_Q) (E W_K)^T / sqrt(d)) (E W_V)
        E' = dropout(relu(F W_1 + b_1) W_2 + b_2) + F

    Every click attends to all clicks of its session, later ones too, and positions play no part.

    Args:
        embedding_size: length of a click's state.
        dropout: dropout of the feed-forward part.
    """

    def __init__(self, embedding_size: int, *, dropout: float) -> None:
        super().__init__()
        self.query, self.key, self.value = (
            nn.Linear(embedding_size, embedding_size, bias=False) for _ in range(3)
        )
        self.inner = nn.Linear(embedding_size, embedding_size)
        self.outer = nn.Linear(embedding_size, embedding_size)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, states: torch.Tensor, places: torch.Tensor, clicked: torch.Tensor
    ) -> torch.Tensor:
        """New states of the clicks, shape (clicks, d).

        Args:
            states: states of the clicks, same shape.
            places: place of each click in the flattened padded batch, shape (clicks,).
            clicked: which places hold a click, shape (sessions, steps).
        """

        def padded(of_click: torch.Tensor) -> torch.Tensor:
            empty = of_click.new_zeros(clicked.numel(), of_click.shape[1])
            return empty.index_copy(0, places, of_click).view(*clicked.shape, -1)

        # Attention alone is padded: batches hold many more places than clicks.
        attended = scaled_dot_product_attention(
            padded(self.query(states)),
            padded(self.key(states)),
            padded(self.value(states)),
            attn_mask=clicked[:, None],
        )
        attended = attended.flatten(0, 1).index_select(0, places)
        new: torch.Tensor = self.dropout(self.outer(torch.relu(self.inner(attended)))) + attended
        return new


class FastGCSAN(FullSoftmax, SequentialRecommender):  # type: ignore[misc]
    """GC-SAN, its graph on flat clicks, nodes and edges.

    The gated GNN of SR-GNN gives states h_t of the clicks, blocks of self-attention states E_t, and
    the session's vector is w E_n + (1 - w) h_n.

    RecBole's class of that name uses the blocks of a transformer instead: two heads, layer
    normalisation, and no attention to later clicks.
    """

    Parameters = GCSANParameters
    any_length = True

    def __init__(self, config: Any, dataset: Any) -> None:
        super().__init__(config, dataset)
        own = GCSANParameters.read(config)
        d = own.embedding_size
        self.weight = own.weight
        self.item_embedding = nn.Embedding(self.n_items, d, padding_idx=0)
        self.gnn = GatedGNN(d, step=own.step)
        self.blocks = nn.ModuleList(
            AttentionBlock(d, dropout=own.dropout) for _ in range(own.blocks)
        )
        initialise_uniformly(self, self.item_embedding)

    def forward(self, item_seq: torch.Tensor, item_seq_len: torch.Tensor) -> torch.Tensor:
        """Vectors of a batch of sessions, shape (sessions, embedding_size)."""
        clicks = ordered_clicks(item_seq, item_seq_len)
        nodes = session_nodes(clicks)
        hidden = self.item_embedding(nodes.items)
        hidden = self.gnn(hidden, [session_edges(clicks, nodes, dtype=hidden.dtype)])
        states = hidden.index_select(0, nodes.of_click)
        steps = torch.arange(int(item_seq_len.max()), device=states.device)
        clicked = steps < item_seq_len[:, None]
        places = clicked.flatten().nonzero().squeeze(1)
        for block in self.blocks:
            states = block(states, places, clicked)
        attended = states.index_select(0, clicks.last)
        last = hidden.index_select(0, nodes.last)
        return torch.lerp(last, attended.to(last.dtype), self.weight)

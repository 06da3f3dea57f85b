"""NISER+: SR-GNN with normalised item and session vectors.

Source: Gupta et al., "NISER: Normalized Item and Session Representations to Handle Popularity
Bias", GRLA workshop at CIKM 2019, arXiv:1909.04276. No code of the authors is known here.
"""

from __future__ import annotations

from typing import Any

import torch
from pydantic import Field
from recbole.model.abstract_recommender import SequentialRecommender
from torch import nn
from torch.nn.functional import normalize

from srgnn_bench.layers.attention import soft_attention
from srgnn_bench.layers.gated_gnn import GatedGNN
from srgnn_bench.layers.initialisation import initialise_uniformly
from srgnn_bench.layers.ragged import ordered_clicks
from srgnn_bench.layers.session_graph import session_edges, session_nodes
from srgnn_bench.layers.unit_rows import unit_rows
from srgnn_bench.models import FullSoftmax, ModelParameters


class NISERParameters(ModelParameters):
    """Parameters of NISER+; scale and dropout are the paper's."""

    embedding_size: int = Field(100, ge=1)
    """Length of the vectors of items and sessions."""

    step: int = Field(1, ge=1)
    """Propagation steps."""

    scale: float = Field(16.0, gt=0)
    """The paper's sigma: cosines are multiplied by it before the softmax."""

    item_dropout: float = Field(0.1, ge=0, lt=1)
    """Dropout of item embeddings."""


class NISER(FullSoftmax, SequentialRecommender):  # type: ignore[misc]
    """NISER+ on flat clicks, nodes and edges.

    With item vectors x, position vectors p, and clicks v_1 ... v_n of a session,

        i~ = i / |i|                         for the vector i of each item
        g = GatedGNN(i~)                     over the session's graph, as in SR-GNN
        x_t = g_{v_t} + p_t
        a_t = q . sigmoid(W_1 x_n + W_2 x_t + c)
        s = W_3 [x_n ; sum_t a_t x_t],  s~ = s / |s|
        y = softmax(sigma i~ . s~)

    In training, i is dropped out first where the item is read, and not where it is scored. Without
    positions and dropout it would be the paper's NISER. Positions count from the first click. The
    order of joining in W_3 is that of SR-GNN's code, which makes no difference.
    """

    Parameters = NISERParameters

    def __init__(self, config: Any, dataset: Any) -> None:
        super().__init__(config, dataset)
        own = NISERParameters.read(config)
        d = own.embedding_size
        self.scale = own.scale
        self.item_embedding = nn.Embedding(self.n_items, d, padding_idx=0)
        self.position_embedding = nn.Embedding(self.max_seq_length, d)
        self.dropout = nn.Dropout(own.item_dropout)
        self.gnn = GatedGNN(d, step=own.step)
        self.linear_one = nn.Linear(d, d)
        self.linear_two = nn.Linear(d, d)
        self.linear_three = nn.Linear(d, 1, bias=False)
        self.linear_transform = nn.Linear(2 * d, d)
        initialise_uniformly(self, self.item_embedding)

    def item_vectors(self) -> torch.Tensor:
        """Vectors of length 1 of all items, and 0 for the padding item.

        Shape (items + 1, embedding_size).
        """
        return unit_rows(self.item_embedding.weight)

    def forward(self, item_seq: torch.Tensor, item_seq_len: torch.Tensor) -> torch.Tensor:
        """Vectors of length ``scale`` of a batch of sessions, shape (sessions, embedding_size)."""
        clicks = ordered_clicks(item_seq, item_seq_len)
        nodes = session_nodes(clicks)
        hidden = normalize(self.dropout(self.item_embedding(nodes.items)), dim=1)
        hidden = self.gnn(hidden, [session_edges(clicks, nodes, dtype=hidden.dtype)])
        states = hidden.index_select(0, nodes.of_click) + self.position_embedding(clicks.place)
        local = states.index_select(0, clicks.last)
        attention = soft_attention(
            self.linear_one(local), self.linear_two(states), clicks.session, score=self.linear_three
        )
        combined = clicks.sum(attention * states)
        vectors = self.linear_transform(torch.cat([combined, local], dim=1))
        return self.scale * normalize(vectors, dim=1)

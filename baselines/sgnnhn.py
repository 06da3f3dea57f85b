"""SGNN-HN: a gated GNN whose every session has a star node, and a highway past it.

Source: Pan, Cai, Chen, Chen and de Rijke, "Star Graph Neural Networks for Session-based
Recommendation", CIKM 2020. The authors' repository could not be read; the equations are checked
against the star GNN in the code of Atten-Mixer (Zhang et al., WSDM 2023), which extends this model,
and against RecBole-GNN's ``SGNNHN``, which has no highway and no weights in its attention.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from pydantic import Field
from recbole.model.abstract_recommender import SequentialRecommender
from torch import nn

from srgnn_bench.layers.gated_gnn import GatedGNN
from srgnn_bench.layers.initialisation import initialise_uniformly
from srgnn_bench.layers.ragged import ordered_clicks, softmax_by, sum_by
from srgnn_bench.layers.session_graph import session_edges, session_nodes
from srgnn_bench.layers.unit_rows import unit_rows
from srgnn_bench.models import FullSoftmax, ModelParameters


class SGNNHNParameters(ModelParameters):
    """Parameters of SGNN-HN; the scale is the paper's."""

    embedding_size: int = Field(100, ge=1)
    """Length of the vectors of items and sessions."""

    layers: int = Field(1, ge=1)
    """The paper's L: how often nodes read their neighbours and the star, and the star them."""

    scale: float = Field(12.0, gt=0)
    """The paper's tau: scores of normalised vectors are multiplied by it before the softmax."""


class SGNNHN(FullSoftmax, SequentialRecommender):  # type: ignore[misc]
    """SGNN-HN on flat clicks, nodes and edges.

    With item vectors x, position vectors p, the nodes h_i of a session's graph, which begin as x_i,
    and the star node s, which begins as their mean, each of L layers is

        h'_i = GatedGNN(h)_i                 one step over the session's graph, as in SR-GNN
        a_i = (W_q1 h'_i) . (W_k1 s) / sqrt(d)
        h_i = (1 - a_i) h'_i + a_i s
        s = sum_i b_i h_i,   b = softmax_i((W_k2 h_i) . (W_q2 s) / sqrt(d))

    and then, for clicks v_1 ... v_n,

        g_i = sigmoid(W_g [x_i ; h_i]),  f_i = g_i x_i + (1 - g_i) h_i      the highway
        u_t = f_{v_t} + p_t
        c_t = w_0 . sigmoid(W_1 u_t + W_2 s + W_3 u_n)
        z = W_4 [sum_t c_t u_t ; u_n]
        y = softmax(tau norm(x_i) . norm(z))

    norm subtracts the mean of a vector's numbers and divides by the length of what is left, as in
    RecBole-GNN: the paper's layer normalisation without its sqrt(d) and its weights, so that scores
    lie within ±tau.

    a is the share of the star in a node and should lie between 0 and 1. The product above need
    not, so here it is sigmoid of the product, as in RecBole-GNN; Atten-Mixer's code has the softmax
    over the session's nodes, padding among them. The gates share their weights among the layers.
    Positions count from the first click. The linear maps, w_0 excepted, have biases, as in the code
    of both. Weights begin as SR-GNN's do, and the number of layers and
    the training in the model's file are SR-GNN's as well; the paper's could not be looked up.
    """

    Parameters = SGNNHNParameters

    def __init__(self, config: Any, dataset: Any) -> None:
        super().__init__(config, dataset)
        own = SGNNHNParameters.read(config)
        d = own.embedding_size
        self.layers, self.scale = own.layers, own.scale
        self.item_embedding = nn.Embedding(self.n_items, d, padding_idx=0)
        self.position_embedding = nn.Embedding(self.max_seq_length, d)
        self.gnn = GatedGNN(d, step=1)
        self.node_query, self.star_key = nn.Linear(d, d), nn.Linear(d, d)
        self.star_query, self.node_key = nn.Linear(d, d), nn.Linear(d, d)
        self.highway = nn.Linear(2 * d, d)
        self.linear_one = nn.Linear(d, d)
        self.linear_two = nn.Linear(d, d)
        self.linear_three = nn.Linear(d, d)
        self.attention = nn.Linear(d, 1, bias=False)
        self.linear_four = nn.Linear(2 * d, d)
        initialise_uniformly(self, self.item_embedding)

    def item_vectors(self) -> torch.Tensor:
        """Centred vectors of length 1 of all items, and 0 for the padding item.

        Shape (items + 1, embedding_size).
        """
        return unit_rows(self.item_embedding.weight, centred=True)

    def forward(self, item_seq: torch.Tensor, item_seq_len: torch.Tensor) -> torch.Tensor:
        """Vectors of length ``scale`` of a batch of sessions, shape (sessions, embedding_size)."""
        clicks = ordered_clicks(item_seq, item_seq_len)
        nodes = session_nodes(clicks)
        start = self.item_embedding(nodes.items)
        edges = session_edges(clicks, nodes, dtype=start.dtype)
        sessions = len(item_seq_len)
        sizes = torch.bincount(nodes.session, minlength=sessions)[:, None]
        star = sum_by(start, nodes.session, groups=sessions) / sizes
        hidden = start
        for _ in range(self.layers):
            hidden = self.gnn(hidden, [edges])
            share = self._fit(self.node_query(hidden), self.star_key(star), nodes.session)
            spread = star.index_select(0, nodes.session)
            hidden = torch.lerp(hidden, spread, torch.sigmoid(share).to(hidden.dtype))
            fit = self._fit(self.node_key(hidden), self.star_query(star), nodes.session)
            weights = softmax_by(fit, nodes.session, groups=sessions)
            star = sum_by(weights * hidden, nodes.session, groups=sessions)
        gate = torch.sigmoid(self.highway(torch.cat([start, hidden], dim=1)))
        hidden = torch.lerp(hidden, start, gate.to(hidden.dtype))
        states = hidden.index_select(0, nodes.of_click) + self.position_embedding(clicks.place)
        local = states.index_select(0, clicks.last)
        asked = clicks.spread(self.linear_two(star) + self.linear_three(local))
        attention = self.attention(torch.sigmoid(self.linear_one(states) + asked))
        combined = clicks.sum(attention * states)
        vectors = self.linear_four(torch.cat([combined, local], dim=1))
        return self.scale * unit_rows(vectors, centred=True)

    @staticmethod
    def _fit(of_node: torch.Tensor, of_star: torch.Tensor, session: torch.Tensor) -> torch.Tensor:
        """Scaled product of every node with its session's star, shape (nodes, 1)."""
        products = of_node * of_star.index_select(0, session)
        return products.sum(1, keepdim=True) / math.sqrt(of_node.shape[1])

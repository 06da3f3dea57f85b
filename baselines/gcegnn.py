"""GCE-GNN: the session's graph joined with a graph of all sessions.

Source: Wang et al., "Global Context Enhanced Graph Neural Networks for Session-based
Recommendation", SIGIR 2020; the authors' code, https://github.com/CCIIPLab/GCE-GNN.
"""

from __future__ import annotations

from typing import Any

import torch
from pydantic import Field
from recbole.model.abstract_recommender import SequentialRecommender
from torch import nn
from torch.nn.functional import leaky_relu

from srgnn_bench.layers.attention import positioned_sum
from srgnn_bench.layers.initialisation import initialise_uniformly
from srgnn_bench.layers.item_neighbours import FewNeighbours, ItemNeighbours
from srgnn_bench.layers.ragged import OrderedClicks, ordered_clicks, softmax_by, sum_by
from srgnn_bench.layers.session_graph import (
    RELATIONS,
    Nodes,
    relations,
    session_edges,
    session_nodes,
)
from srgnn_bench.models import FullSoftmax, ModelParameters
from srgnn_bench.models.sessions import training_sessions

SLOPE = 0.2


class GCEGNNParameters(ModelParameters):
    """Parameters of GCE-GNN; the defaults are the authors' for diginetica."""

    embedding_size: int = Field(100, ge=1)
    """Length of the vectors of items and sessions."""

    hops: int = Field(2, ge=1)
    """How far to look into the graph of all sessions; the cost of a step grows by a factor of
    ``neighbours`` with each."""

    reach: int = Field(3, ge=1)
    """The paper's epsilon: clicks so far apart make items neighbours."""

    neighbours: int = Field(12, ge=1)
    """Most neighbours of an item in the graph of all sessions."""

    few_neighbours: FewNeighbours = "once"
    """What becomes of an item with fewer neighbours: each has one of the places, or all places are
    ``drawn`` from them with replacement, as in the authors' code."""

    dropout_global: float = Field(0.5, ge=0, lt=1)
    """Dropout of what the graph of all sessions gives."""

    dropout_local: float = Field(0.0, ge=0, lt=1)
    """Dropout of what the session's graph gives."""

    dropout_hop: float = Field(0.2, ge=0, lt=1)
    """Dropout within each hop; ``dropout_gcn`` in the authors' code."""


class Hop(nn.Module):
    """What an item takes from its neighbours, as the session sees them.

    With the session's vector s, neighbours j of weight w_j, and * for products by element,

        pi_j = softmax_j(q . LeakyReLU(W_1 [s * h_j ; w_j]))
        h' = relu(W_2 [h ; sum_j pi_j h_j])

    Args:
        embedding_size: length of an item's vector.
        dropout: dropout of [h ; sum].
    """

    def __init__(self, embedding_size: int, *, dropout: float) -> None:
        super().__init__()
        self.w_1 = nn.Linear(embedding_size + 1, embedding_size, bias=False)
        self.q = nn.Linear(embedding_size, 1, bias=False)
        self.w_2 = nn.Linear(2 * embedding_size, embedding_size, bias=False)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self,
        hidden: torch.Tensor,
        neighbours: torch.Tensor,
        weights: torch.Tensor,
        session: torch.Tensor,
    ) -> torch.Tensor:
        """New vectors of items.

        Args:
            hidden: vectors of the items, shape (items, d).
            neighbours: vectors of their neighbours, shape (items, neighbours, d).
            weights: weights of the neighbours, 0 for those that are none, same shape without d.
            session: vector of each item's session, shape (items, d).
        """
        seen = torch.cat([session[:, None] * neighbours, weights[..., None]], dim=2)
        scores = self.q(leaky_relu(self.w_1(seen), SLOPE)).squeeze(2)
        there = weights > 0
        # An item without neighbours takes nothing: all shares are set to 0.
        shares = scores.masked_fill(~there, -1e9).softmax(1) * there
        taken = (shares[..., None] * neighbours).sum(1)
        joined = self.dropout(torch.cat([hidden, taken], dim=1))
        return torch.relu(self.w_2(joined))


class GCEGNN(FullSoftmax, SequentialRecommender):  # type: ignore[misc]
    """GCE-GNN on flat clicks, nodes and relations.

    Local: a node i of the session's graph takes from its neighbours j, itself included,

        e_ij = LeakyReLU(a_r . (h_i * h_j)),  h_i^local = sum_j softmax_j(e_ij) h_j

    with a vector a_r for each kind of relation: itself, before, after, both.
    Global: ``hops`` layers of ``Hop`` on the graph of all sessions. Their sum h joins the
    position counted from the end, and is read out:

        z_t = tanh(W_1 [h_{v_t} ; p_{n-t}]),  b_t = q . sigmoid(W_2 z_t + W_3 mean_t h_{v_t} + c)
        s = sum_t b_t h_{v_t}

    As in the authors' code, two items that follow each other both ways are of kind "both" in both
    directions, the session's vector s of a hop is the mean of its clicks, and W_1 of the readout
    has no bias.

    Departures from it: an item with fewer neighbours than ``neighbours`` has each of them once.
    There all its places are drawn from them with replacement, so that some have several and others
    none; with 12 neighbours that is so for 31% of the items of Tmall's training sessions and 14%
    of Diginetica's. ``few_neighbours: drawn`` does as there. Which of equally near items is a
    neighbour is there a matter of the order of sessions; see ``ItemNeighbours``. Padding is no
    item's neighbour and has no vector; there an item without neighbours has the padding's vector
    in all places.

    Raises:
        ModelError: the dataset has no training sessions.
    """

    Parameters = GCEGNNParameters

    def __init__(self, config: Any, dataset: Any) -> None:
        super().__init__(config, dataset)
        own = GCEGNNParameters.read(config)
        d = own.embedding_size
        self.neighbours = ItemNeighbours(
            training_sessions(dataset, needed_by="GCE-GNN"),
            n_items=self.n_items,
            reach=own.reach,
            count=own.neighbours,
            few=own.few_neighbours,
        )
        self.item_embedding = nn.Embedding(self.n_items, d, padding_idx=0)
        self.position_embedding = nn.Embedding(self.max_seq_length, d)
        self.relation = nn.Parameter(torch.empty(RELATIONS, d))
        self.hops = nn.ModuleList(Hop(d, dropout=own.dropout_hop) for _ in range(own.hops))
        self.local_dropout = nn.Dropout(own.dropout_local)
        self.global_dropout = nn.Dropout(own.dropout_global)
        self.w_1 = nn.Linear(2 * d, d, bias=False)
        self.w_2 = nn.Linear(d, d)
        self.w_3 = nn.Linear(d, d, bias=False)
        self.q = nn.Linear(d, 1, bias=False)
        initialise_uniformly(self, self.item_embedding)

    def forward(self, item_seq: torch.Tensor, item_seq_len: torch.Tensor) -> torch.Tensor:
        """Vectors of a batch of sessions, shape (sessions, embedding_size)."""
        clicks = ordered_clicks(item_seq, item_seq_len)
        nodes = session_nodes(clicks)
        hidden = self.item_embedding(nodes.items)
        local = self._local(hidden, clicks, nodes)
        from_all = self._global(hidden, clicks, nodes)
        joined = self.local_dropout(local) + self.global_dropout(from_all)
        return self._read_out(joined, clicks, nodes)

    def _local(self, hidden: torch.Tensor, clicks: OrderedClicks, nodes: Nodes) -> torch.Tensor:
        """What the session's graph gives its nodes, shape (nodes, d)."""
        edges = session_edges(clicks, nodes, dtype=hidden.dtype)
        node, neighbour, kind = relations(edges, n_nodes=len(hidden))
        of_neighbour = hidden.index_select(0, neighbour)
        product = hidden.index_select(0, node) * of_neighbour * self.relation.index_select(0, kind)
        scores = leaky_relu(product.sum(1, keepdim=True), SLOPE)
        shares = softmax_by(scores, node, groups=len(hidden))
        return sum_by(shares * of_neighbour, node, groups=len(hidden))

    def _global(self, hidden: torch.Tensor, clicks: OrderedClicks, nodes: Nodes) -> torch.Tensor:
        """What the graph of all sessions gives the nodes of each session, shape (nodes, d)."""
        often = nodes.clicks.to(hidden.dtype)[:, None]
        sessions = sum_by(hidden * often, nodes.session, groups=len(clicks.lengths))
        sessions = sessions / clicks.lengths[:, None].to(hidden.dtype)
        # The items at each distance: the nodes, their neighbours, the neighbours of those, ...
        items, weights = [nodes.items], []
        vectors, session = [hidden], [sessions.index_select(0, nodes.session)]
        for _ in self.hops:
            weights.append(self.neighbours.weights[items[-1]])
            items.append(self.neighbours.items[items[-1]].reshape(-1))
            vectors.append(self.item_embedding(items[-1]))
            session.append(session[-1].repeat_interleave(weights[-1].shape[1], dim=0))
        for hop in self.hops:
            vectors = [
                hop(near, far.view(*weight.shape, -1), weight, seen_by)
                for near, far, weight, seen_by in zip(
                    vectors[:-1], vectors[1:], weights, session, strict=False
                )
            ]
        return vectors[0]

    def _read_out(self, hidden: torch.Tensor, clicks: OrderedClicks, nodes: Nodes) -> torch.Tensor:
        """Session vectors from the states of their clicks."""
        return positioned_sum(
            hidden.index_select(0, nodes.of_click),
            self.position_embedding(clicks.clicks_after),
            clicks,
            place=self.w_1,
            key=self.w_2,
            query=self.w_3,
            score=self.q,
        )

"""SR-GNN: a session's graph, read by a gated graph neural network.

Source: Wu et al., "Session-based Recommendation with Graph Neural Networks", AAAI 2019; the
authors' code, https://github.com/CRIPAC-DIG/SR-GNN.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from pydantic import Field
from recbole.model.abstract_recommender import SequentialRecommender
from torch import nn

from srgnn_bench.layers.attention import soft_attention
from srgnn_bench.layers.gated_gnn import GatedGNN
from srgnn_bench.layers.global_graph import GlobalGraph
from srgnn_bench.layers.initialisation import initialise_uniformly
from srgnn_bench.layers.ragged import OrderedClicks, ordered_clicks, sum_by
from srgnn_bench.layers.session_graph import (
    Connections,
    Edges,
    EdgeWeights,
    Nodes,
    full_edges,
    no_edges,
    session_edges,
    session_nodes,
)
from srgnn_bench.models.full_softmax import FullSoftmax
from srgnn_bench.models.parameters import ModelParameters
from srgnn_bench.models.sessions import training_sessions


class SRGNNParameters(ModelParameters):
    """Parameters of SR-GNN."""

    embedding_size: int = Field(64, ge=1)
    """Length of the vectors of items and sessions."""

    step: int = Field(1, ge=0)
    """Propagation steps; 0: no graph at all, item embeddings go straight to the readout."""

    readout: Literal["hybrid", "attention", "local", "average"] = "hybrid"
    """Session vector: ``local``, the last item's; ``attention``, a sum weighted by attention;
    ``average``, the mean of all clicks; ``hybrid``, local and attention joined (equation 7)."""

    edge_weights: EdgeWeights = "binary"
    """How an edge that a session walks more than once counts."""

    connections: Connections = "session"
    """Which items of a session are connected, and how strongly."""


class FastSRGNN(FullSoftmax, SequentialRecommender):  # type: ignore[misc]
    """SR-GNN on flat clicks, nodes and edges.

    With at least one step and the hybrid readout, names and shapes of the weights are those of
    RecBole's ``SRGNN``, and equal weights give equal scores. Other readouts have only the
    layers that they use.

    Raises:
        ModelError: global connections are asked for and the dataset has no training sessions.
    """

    Parameters = SRGNNParameters
    any_length = True

    def __init__(self, config: Any, dataset: Any) -> None:
        super().__init__(config, dataset)
        own = SRGNNParameters.read(config)
        d = own.embedding_size
        self.readout = own.readout
        self.edge_weights: EdgeWeights = own.edge_weights
        self.connections: Connections = own.connections
        self.item_embedding = nn.Embedding(self.n_items, d, padding_idx=0)
        edge_sets = 2 if own.connections == "full" else 1
        self.gnn = GatedGNN(d, step=own.step, edge_sets=edge_sets) if own.step > 0 else None
        self.global_graph = _global_graph(dataset) if own.connections == "global" else None
        if own.readout in ("hybrid", "attention"):
            self.linear_one = nn.Linear(d, d)
            self.linear_two = nn.Linear(d, d)
            self.linear_three = nn.Linear(d, 1, bias=False)
        if own.readout == "hybrid":
            self.linear_transform = nn.Linear(2 * d, d)
        initialise_uniformly(self, self.item_embedding)

    def forward(self, item_seq: torch.Tensor, item_seq_len: torch.Tensor) -> torch.Tensor:
        """Vectors of a batch of sessions.

        Args:
            item_seq: items, padded with 0 at the end, shape (sessions, steps).
            item_seq_len: clicks of each session, at least 1, shape (sessions,).

        Returns:
            Shape (sessions, embedding_size).
        """
        clicks = ordered_clicks(item_seq, item_seq_len)
        nodes = session_nodes(clicks)
        hidden = self.item_embedding(nodes.items)
        if self.gnn is not None:
            hidden = self.gnn(hidden, self._edge_sets(clicks, nodes, hidden.dtype))
        return self._read_out(hidden, nodes, item_seq_len)

    def _edge_sets(self, clicks: OrderedClicks, nodes: Nodes, dtype: torch.dtype) -> list[Edges]:
        if self.connections == "none":
            return [no_edges(nodes, dtype=dtype)]
        edges = session_edges(clicks, nodes, weights=self.edge_weights, dtype=dtype)
        if self.connections == "full":
            return [edges, full_edges(clicks, nodes, dtype=dtype)]
        if self.global_graph is not None:
            return [self.global_graph.reweighted(edges, nodes)]
        return [edges]

    def _read_out(self, hidden: torch.Tensor, nodes: Nodes, lengths: torch.Tensor) -> torch.Tensor:
        """Session vectors from the states of their nodes (equations 6 and 7).

        Sums over clicks are sums over nodes, each as often as it was clicked.
        """
        local = hidden.index_select(0, nodes.last)
        if self.readout == "local":
            return local
        often = nodes.clicks.to(hidden.dtype)[:, None]
        if self.readout == "average":
            total = sum_by(hidden * often, nodes.session, groups=len(lengths))
            return total / lengths[:, None].to(hidden.dtype)
        attention = soft_attention(
            self.linear_one(local), self.linear_two(hidden), nodes.session, score=self.linear_three
        )
        combined = sum_by(attention * often * hidden, nodes.session, groups=len(lengths))
        if self.readout == "attention":
            return combined
        vectors: torch.Tensor = self.linear_transform(torch.cat([combined, local], dim=1))
        return vectors


def _global_graph(dataset: Any) -> GlobalGraph:
    sessions = training_sessions(dataset, needed_by="SR-GNN with global connections")
    return GlobalGraph(sessions, n_items=dataset.num(dataset.iid_field))

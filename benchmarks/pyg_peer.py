"""SR-GNN with PyTorch Geometric's GatedGraphConv as its encoder and torch's own cross-entropy."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn.functional import cross_entropy
from torch_geometric.nn import GatedGraphConv

from srgnn_bench.layers.ragged import ordered_clicks
from srgnn_bench.layers.session_graph import session_edges, session_nodes
from srgnn_bench.models.srgnn import FastSRGNN


class GeometricSRGNN(FastSRGNN):
    """The same graph, batches and readout; only the encoder and the loss are others'.

    The graph is ours, built in one pass, where users of PyTorch Geometric build one object per
    session and collate them: the comparison favours the peer. GatedGraphConv reads neighbours in
    one direction only, which is half of SR-GNN's work. ``step`` must be 0: the encoder is not
    ours.
    """

    def __init__(self, config: Any, dataset: Any) -> None:
        super().__init__(config, dataset)
        d = self.item_embedding.embedding_dim
        self.encoder = GatedGraphConv(d, num_layers=1, aggr="add")

    def forward(self, item_seq: torch.Tensor, item_seq_len: torch.Tensor) -> torch.Tensor:
        """Vectors of a batch of sessions, shape (sessions, embedding_size)."""
        clicks = ordered_clicks(item_seq, item_seq_len)
        nodes = session_nodes(clicks)
        edges = session_edges(clicks, nodes)
        hidden = self.item_embedding(nodes.items)
        edge_index = torch.stack([edges.source, edges.target])
        hidden = self.encoder(hidden, edge_index, edges.incoming)
        return self._read_out(hidden, nodes, item_seq_len)

    def calculate_loss(self, interaction: Any) -> torch.Tensor:
        """Mean cross-entropy over the whole matrix of scores."""
        item_vectors = self.item_vectors_of_the_loss()
        scores = self.session_vectors(interaction) @ item_vectors.T
        return cross_entropy(scores, interaction[self.POS_ITEM_ID])

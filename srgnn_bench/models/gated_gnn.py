"""The gated graph neural network of SR-GNN on a flat list of edges.

Sources: Wu et al., AAAI 2019, equations 1 to 5; Li et al., "Gated Graph Sequence Neural
Networks", ICLR 2016. Parameter names and shapes are those of the authors' code and of RecBole.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.functional import linear

from srgnn_bench.models.ragged import sum_by
from srgnn_bench.models.session_graph import Edges


class GatedGNN(nn.Module):
    """Lets every node read its neighbours, ``step`` times.

    One propagation step takes the state v of every node to its next state:

        a = [A_in (v H_in + b_in), A_out (v H_out + b_out)] + b       (1)
        z = sigmoid(W_z a + U_z v)                                    (2)
        r = sigmoid(W_r a + U_r v)                                    (3)
        v' = tanh(W_o a + r * (U_o v))                                (4)
        v  <- (1 - z) * v + z * v'                                    (5)

    As in the authors' code, H_in and H_out have biases of their own, the three gates share one
    matrix each for W and U, in the order r, z, o, and r multiplies U_o v rather than v.

    Args:
        embedding_size: length of a node's state.
        step: propagation steps, at least 1.
    """

    def __init__(self, embedding_size: int, *, step: int) -> None:
        super().__init__()
        self.step = step
        self.w_ih = nn.Parameter(torch.empty(3 * embedding_size, 2 * embedding_size))
        self.w_hh = nn.Parameter(torch.empty(3 * embedding_size, embedding_size))
        self.b_ih = nn.Parameter(torch.empty(3 * embedding_size))
        self.b_hh = nn.Parameter(torch.empty(3 * embedding_size))
        self.b_iah = nn.Parameter(torch.empty(embedding_size))
        self.b_ioh = nn.Parameter(torch.empty(embedding_size))
        self.linear_edge_in = nn.Linear(embedding_size, embedding_size)
        self.linear_edge_out = nn.Linear(embedding_size, embedding_size)

    def forward(self, hidden: torch.Tensor, edges: Edges) -> torch.Tensor:
        """Propagate ``step`` times: (nodes, embedding_size) -> (nodes, embedding_size)."""
        for _ in range(self.step):
            hidden = self._propagate(hidden, edges)
        return hidden

    def _propagate(self, hidden: torch.Tensor, edges: Edges) -> torch.Tensor:
        n_nodes = len(hidden)
        sent = self.linear_edge_in(hidden).index_select(0, edges.source)
        received = sum_by(sent * edges.incoming[:, None], edges.target, groups=n_nodes)
        sent_back = self.linear_edge_out(hidden).index_select(0, edges.target)
        received_back = sum_by(sent_back * edges.outgoing[:, None], edges.source, groups=n_nodes)
        a = torch.cat([received + self.b_iah, received_back + self.b_ioh], dim=1)
        from_a = linear(a, self.w_ih, self.b_ih).chunk(3, dim=1)
        from_state = linear(hidden, self.w_hh, self.b_hh).chunk(3, dim=1)
        reset = torch.sigmoid(from_a[0] + from_state[0])
        update = torch.sigmoid(from_a[1] + from_state[1])
        candidate = torch.tanh(from_a[2] + reset * from_state[2])
        return torch.lerp(hidden, candidate, update)

"""The gated graph neural network of SR-GNN on flat lists of edges.

Sources: Wu et al., AAAI 2019, equations 1 to 5; Li et al., "Gated Graph Sequence Neural
Networks", ICLR 2016. Parameter names and shapes are those of the authors' code and of RecBole.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import nn
from torch.nn.functional import linear

from srgnn_bench.layers.ragged import sum_by
from srgnn_bench.layers.session_graph import Edges


class EdgeReader(nn.Module):
    """What every node reads along one set of edges, in both directions (equation 1).

    Args:
        embedding_size: length of a node's state.
    """

    def __init__(self, embedding_size: int) -> None:
        super().__init__()
        self.b_iah = nn.Parameter(torch.empty(embedding_size))
        self.b_ioh = nn.Parameter(torch.empty(embedding_size))
        self.linear_edge_in = nn.Linear(embedding_size, embedding_size)
        self.linear_edge_out = nn.Linear(embedding_size, embedding_size)

    def read(self, hidden: torch.Tensor, edges: Edges) -> tuple[torch.Tensor, torch.Tensor]:
        """Sums over what enters and over what leaves each node, each (nodes, embedding_size)."""
        sent = self.linear_edge_in(hidden).index_select(0, edges.source)
        entered = sum_by(sent * edges.incoming[:, None], edges.target, groups=len(hidden))
        sent_back = self.linear_edge_out(hidden).index_select(0, edges.target)
        left = sum_by(sent_back * edges.outgoing[:, None], edges.source, groups=len(hidden))
        return entered + self.b_iah, left + self.b_ioh


class GatedGNN(EdgeReader):
    """Lets every node read its neighbours, ``step`` times.

    One propagation step takes the state v of every node to its next state:

        a = [A_in (v H_in + b_in), A_out (v H_out + b_out)] + b       (1)
        z = sigmoid(W_z a + U_z v)                                    (2)
        r = sigmoid(W_r a + U_r v)                                    (3)
        v' = tanh(W_o a + r * (U_o v))                                (4)
        v  <- (1 - z) * v + z * v'                                    (5)

    As in the authors' code, H_in and H_out have biases of their own, the three gates share one
    matrix each for W and U, in the order r, z, o, and r multiplies U_o v rather than v. In their
    code z keeps the state where (5), and so this class, takes the new one: one gate is the
    complement of the other, the same model with the signs of the gate's weights turned, and
    initial weights are drawn symmetrically. Where
    there are further sets of edges, what is read along them, with weights of its own, is appended
    to a.

    Args:
        embedding_size: length of a node's state.
        step: propagation steps, at least 1.
        edge_sets: sets of edges, at least 1.
    """

    def __init__(self, embedding_size: int, *, step: int, edge_sets: int = 1) -> None:
        super().__init__(embedding_size)
        self.step = step
        self.w_ih = nn.Parameter(torch.empty(3 * embedding_size, 2 * edge_sets * embedding_size))
        self.w_hh = nn.Parameter(torch.empty(3 * embedding_size, embedding_size))
        self.b_ih = nn.Parameter(torch.empty(3 * embedding_size))
        self.b_hh = nn.Parameter(torch.empty(3 * embedding_size))
        self.further = nn.ModuleList(EdgeReader(embedding_size) for _ in range(edge_sets - 1))

    def forward(self, hidden: torch.Tensor, edge_sets: Sequence[Edges]) -> torch.Tensor:
        """Propagate ``step`` times: (nodes, embedding_size) -> (nodes, embedding_size)."""
        for _ in range(self.step):
            hidden = self._propagate(hidden, edge_sets)
        return hidden

    def _propagate(self, hidden: torch.Tensor, edge_sets: Sequence[Edges]) -> torch.Tensor:
        read = [*self.read(hidden, edge_sets[0])]
        further = cast("Sequence[EdgeReader]", self.further)
        for reader, edges in zip(further, edge_sets[1:], strict=True):
            read += reader.read(hidden, edges)
        both = torch.cat(read, dim=1)
        # Autocast leaves products in half precision; what follows is no product.
        from_neighbours = linear(both, self.w_ih, self.b_ih).to(hidden.dtype).chunk(3, dim=1)
        from_state = linear(hidden, self.w_hh, self.b_hh).to(hidden.dtype).chunk(3, dim=1)
        reset = torch.sigmoid(from_neighbours[0] + from_state[0])
        update = torch.sigmoid(from_neighbours[1] + from_state[1])
        candidate = torch.tanh(from_neighbours[2] + reset * from_state[2])
        return torch.lerp(hidden, candidate, update)

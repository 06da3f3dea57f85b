"""The graph of all training sessions together, for SR-GNN with normalised global connections.

Source: Wu et al., AAAI 2019, section 4.3 (SR-GNN-NGC). The authors published no code for it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import nn

from srgnn_bench.data.sessions import Sessions
from srgnn_bench.layers.session_graph import Edges, Nodes


class GlobalGraph(nn.Module):
    """How often each item was clicked directly after each other one, over all that left or entered.

    It is no part of a model's weights: it follows from the training sessions.

    Args:
        sessions: training sessions.
        n_items: number of items, the padding item 0 included.
    """

    pairs: torch.Tensor
    incoming: torch.Tensor
    outgoing: torch.Tensor

    def __init__(self, sessions: Sessions, *, n_items: int) -> None:
        super().__init__()
        self._n_items = n_items
        ends = np.zeros(len(sessions.items), dtype=np.bool_)
        ends[sessions.offsets[1:] - 1] = True
        before, after = sessions.items[:-1][~ends[:-1]], sessions.items[1:][~ends[:-1]]
        pairs, walked = np.unique(before * n_items + after, return_counts=True)
        source, target = np.divmod(pairs, n_items)
        leaving = np.bincount(source, walked, minlength=n_items)
        entering = np.bincount(target, walked, minlength=n_items)
        # A pair beyond all others, of weight 0, so that there is a place for every pair.
        for name, values, beyond in (
            ("pairs", pairs, n_items**2),
            ("incoming", (walked / entering[target]).astype(np.float32), 0),
            ("outgoing", (walked / leaving[source]).astype(np.float32), 0),
        ):
            buffer = torch.from_numpy(np.append(values, values.dtype.type(beyond)))
            self.register_buffer(name, buffer, persistent=False)

    def reweighted(self, edges: Edges, nodes: Nodes) -> Edges:
        """The edges of session graphs with their weights in this graph; 0 for unknown ones."""
        wanted = nodes.items[edges.source] * self._n_items + nodes.items[edges.target]
        place = torch.searchsorted(self.pairs, wanted)
        known = self.pairs[place] == wanted
        return replace(
            edges,
            incoming=(self.incoming[place] * known).to(edges.incoming.dtype),
            outgoing=(self.outgoing[place] * known).to(edges.outgoing.dtype),
        )

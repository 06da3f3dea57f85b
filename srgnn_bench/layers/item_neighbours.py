"""The items that stand near each item in all training sessions: the global graph of GCE-GNN.

Source: Wang et al., "Global Context Enhanced Graph Neural Networks for Session-based
Recommendation", SIGIR 2020, section 3.2; the authors' code, https://github.com/CCIIPLab/GCE-GNN.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from srgnn_bench.data.sessions import Sessions


class ItemNeighbours(nn.Module):
    """The nearest neighbours of every item, and how often each stood near it.

    Two clicks of a session at most ``reach`` places apart make their items neighbours, once in
    each direction. An item keeps those that did so most often; of equals, the lower numbers. It
    may be its own neighbour. It is no part of a model's weights: it follows from the training
    sessions.

    Args:
        sessions: training sessions.
        n_items: number of items, the padding item 0 included.
        reach: the paper's epsilon.
        count: most neighbours of an item.

    Attributes:
        items: neighbours of each item, 0 where it has fewer, shape (n_items, count).
        weights: how often each was near, 0 where there is none, shape (n_items, count).
    """

    items: torch.Tensor
    weights: torch.Tensor

    def __init__(self, sessions: Sessions, *, n_items: int, reach: int, count: int) -> None:
        super().__init__()
        session = sessions.session_of_click
        pairs = []
        for apart in range(1, reach + 1):
            together = session[apart:] == session[:-apart]
            one = sessions.items[:-apart][together]
            other = sessions.items[apart:][together]
            pairs += [one * n_items + other, other * n_items + one]
        distinct, often = np.unique(np.concatenate(pairs), return_counts=True)
        item, neighbour = np.divmod(distinct, n_items)
        order = np.lexsort((neighbour, -often, item))
        item, neighbour, often = item[order], neighbour[order], often[order]
        first = np.searchsorted(item, np.arange(n_items))
        place = np.arange(len(item)) - first[item]
        kept = place < count
        items = np.zeros((n_items, count), dtype=np.int64)
        weights = np.zeros((n_items, count), dtype=np.float32)
        items[item[kept], place[kept]] = neighbour[kept]
        weights[item[kept], place[kept]] = often[kept]
        self.register_buffer("items", torch.from_numpy(items), persistent=False)
        self.register_buffer("weights", torch.from_numpy(weights), persistent=False)

"""The items that stand near each item in all training sessions: the global graph of GCE-GNN.

Source: Wang et al., "Global Context Enhanced Graph Neural Networks for Session-based
Recommendation", SIGIR 2020, section 3.2; the authors' code, https://github.com/CCIIPLab/GCE-GNN.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from torch import nn

from srgnn_bench.data.sessions import Integers, Sessions

FewNeighbours = Literal["once", "drawn"]
"""What fills the places of an item that has fewer neighbours than places: ``once``, each neighbour
has one place and the others stay empty; ``drawn``, as in the authors' code, every place of such an
item is drawn from its neighbours with replacement, once and for all."""


class ItemNeighbours(nn.Module):
    """The nearest neighbours of every item, and how often each stood near it.

    Two clicks of a session at most ``reach`` places apart make their items neighbours, once in
    each direction. An item keeps those that did so most often; of equals, those with more clicks;
    of these, those that did so most recently. Where the places would end among items that are
    equal in all of this, none of them is kept, so that the numbers of items play no part. An item
    may be its own neighbour. It follows from the training sessions and is no part of a model's
    weights, unless it is drawn.

    Args:
        sessions: training sessions.
        n_items: number of items, the padding item 0 included.
        reach: the paper's epsilon.
        count: most neighbours of an item.
        few: what becomes of an item with fewer; draws are torch's, as initial weights are.

    Attributes:
        items: neighbours of each item, 0 where it has fewer, shape (n_items, count).
        weights: how often each was near, 0 where there is none, shape (n_items, count).
    """

    items: torch.Tensor
    weights: torch.Tensor

    def __init__(
        self,
        sessions: Sessions,
        *,
        n_items: int,
        reach: int,
        count: int,
        few: FewNeighbours = "once",
    ) -> None:
        super().__init__()
        item, neighbour, often = _nearest(sessions, n_items=n_items, reach=reach, count=count)
        place = np.arange(len(item)) - np.searchsorted(item, np.arange(n_items))[item]
        items = torch.zeros(n_items, count, dtype=torch.int64)
        weights = torch.zeros(n_items, count)
        items[item, place] = torch.from_numpy(neighbour)
        weights[item, place] = torch.from_numpy(often.astype(np.float32))
        if few == "drawn":
            some = np.bincount(item, minlength=n_items)[:, None]
            drawn = (torch.rand(n_items, count) * torch.from_numpy(some)).long()
            places = torch.arange(count).expand(n_items, count)
            places = torch.where(torch.from_numpy(some < count), drawn, places)
            items, weights = items.gather(1, places), weights.gather(1, places)
        self.register_buffer("items", items, persistent=few == "drawn")
        self.register_buffer("weights", weights, persistent=few == "drawn")


def _nearest(
    sessions: Sessions, *, n_items: int, reach: int, count: int
) -> tuple[Integers, Integers, Integers]:
    """Items, their neighbours and how often each was near, the nearest first, (pairs,) each."""
    session = sessions.session_of_click
    pairs, times = [], []
    for apart in range(1, reach + 1):
        together = session[apart:] == session[:-apart]
        one = sessions.items[:-apart][together]
        other = sessions.items[apart:][together]
        pairs += [one * n_items + other, other * n_items + one]
        times += [sessions.times[session[apart:][together]]] * 2
    distinct, pair, often = np.unique(
        np.concatenate(pairs), return_inverse=True, return_counts=True
    )
    latest = np.full(len(distinct), np.iinfo(np.int64).min)
    np.maximum.at(latest, pair, np.concatenate(times))
    item, neighbour = np.divmod(distinct, n_items)
    clicks = np.bincount(sessions.items, minlength=n_items)[neighbour]
    order = np.lexsort((-latest, -clicks, -often, item))
    item, neighbour, often = item[order], neighbour[order], often[order]
    place = np.arange(len(item)) - np.searchsorted(item, np.arange(n_items))[item]
    # Equals stand together; the last of them decides for all.
    nearness = np.stack([item, often, clicks[order], latest[order]])
    changes = np.flatnonzero(np.any(nearness[:, 1:] != nearness[:, :-1], axis=0))
    ends = np.append(changes, len(item) - 1) if len(item) else changes
    kept = np.repeat(place[ends] < count, np.diff(ends, prepend=-1))
    return item[kept], neighbour[kept], often[kept]

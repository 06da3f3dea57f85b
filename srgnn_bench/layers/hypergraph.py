"""All training sessions as a hypergraph: each session is an edge that joins its items.

Source: Xia et al., "Self-Supervised Hypergraph Convolutional Networks for Session-based
Recommendation", AAAI 2021.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.functional import embedding_bag

from srgnn_bench.data.sessions import Integers, Sessions


class SessionHypergraph(nn.Module):
    """What an item's sessions hold, on the mean: the paper's convolution, which has no weights.

    With H the incidence of items and sessions, D the number of sessions of each item and B the
    number of different items of each session, it makes of the items' vectors X

        D^-1 H B^-1 H^T X,

    where an item's session has the mean of its items' vectors, and an item the mean of its
    sessions'. It follows from the training sessions and is no part of a model's weights.

    Args:
        sessions: training sessions.
        n_items: number of items, the padding item 0 included. What is in no session gets 0.
    """

    session_items: torch.Tensor
    session_starts: torch.Tensor
    item_sessions: torch.Tensor
    item_starts: torch.Tensor
    sessions_of_item: torch.Tensor

    def __init__(self, sessions: Sessions, *, n_items: int) -> None:
        super().__init__()
        pairs = np.unique(sessions.session_of_click * n_items + sessions.items)
        session, item = np.divmod(pairs, n_items)
        by_item = np.argsort(item, kind="stable")
        degrees = np.bincount(item, minlength=n_items)
        for name, values in (
            ("session_items", item),
            ("session_starts", _starts(np.bincount(session, minlength=len(sessions)))),
            ("item_sessions", session[by_item]),
            ("item_starts", _starts(degrees)),
            ("sessions_of_item", np.maximum(degrees, 1)[:, None]),
        ):
            self.register_buffer(name, torch.from_numpy(values), persistent=False)

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        """New vectors of the items, shape (n_items, d), as that of ``vectors``."""
        summed: torch.Tensor = _SummedMeans.apply(vectors, self)  # type: ignore[no-untyped-call]
        return summed / self.sessions_of_item

    def summed_means(self, vectors: torch.Tensor) -> torch.Tensor:
        """H B^-1 H^T X: for each item the sum of its sessions' means, shape (n_items, d)."""
        means = embedding_bag(self.session_items, vectors, self.session_starts, mode="mean")
        return embedding_bag(self.item_sessions, means, self.item_starts, mode="sum")


class _SummedMeans(torch.autograd.Function):
    """``SessionHypergraph.summed_means``, whose matrix is symmetric: it is its own gradient."""

    @staticmethod
    def forward(ctx: Any, vectors: torch.Tensor, graph: SessionHypergraph) -> torch.Tensor:
        ctx.graph = graph
        return graph.summed_means(vectors)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        graph: SessionHypergraph = ctx.graph
        return graph.summed_means(gradients[0].contiguous()), None


def _starts(counts: Integers) -> Integers:
    """Where each group begins, if the groups stand one after another, shape of ``counts``."""
    return np.cumsum(counts) - counts

"""Session graphs of a whole batch in one pass: sessions -> nodes and weighted edges.

Source: Wu et al., "Session-based Recommendation with Graph Neural Networks", AAAI 2019,
section 3.2. Every session becomes a directed graph whose nodes are its distinct items; an edge
(u, v) stands where v was clicked directly after u. Nothing here is padded or loops over sessions:
the graphs of a batch are one graph without edges between sessions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch

from srgnn_bench.layers.ragged import OrderedClicks

EdgeWeights = Literal["binary", "count"]
"""``binary``: an edge counts once however often it is walked, as in the authors' code.
``count``: it counts as often as it is walked, as the paper's text has it."""

Connections = Literal["session", "global", "full", "none"]
"""Connection schemes of the paper's section 4.3, and one of ours. ``session``: SR-GNN itself.
``global``: SR-GNN-NGC, the same edges with the normalised weights that they have in the graph of
all training sessions. ``full``: SR-GNN-FC, which adds a second set of edges, from every click to
all later ones. ``none``: no edges; every item passes the same gates and reads no other, which
tells what the edges are worth apart from the gates."""


@dataclass(frozen=True)
class Edges:
    """Weighted edges of a batch of session graphs: the nonzero entries of the paper's A.

    Attributes:
        source: node that each edge leaves, shape (edges,).
        target: node that each edge enters, shape (edges,).
        incoming: A_in[target, source], the edge's weight over all that enters its target,
            shape (edges,).
        outgoing: A_out[source, target], the edge's weight over all that leaves its source,
            shape (edges,).
    """

    source: torch.Tensor
    target: torch.Tensor
    incoming: torch.Tensor
    outgoing: torch.Tensor


@dataclass(frozen=True)
class Nodes:
    """The distinct items of every session of a batch, session after session.

    Attributes:
        items: item of each node, shape (nodes,); ascending within a session.
        session: row of the batch that each node belongs to, shape (nodes,).
        clicks: how often the session holds the item, shape (nodes,).
        of_click: node of each click (the authors' alias), shape (clicks,).
        last: node of each session's last click, shape (sessions,).
    """

    items: torch.Tensor
    session: torch.Tensor
    clicks: torch.Tensor
    of_click: torch.Tensor
    last: torch.Tensor


def session_nodes(clicks: OrderedClicks) -> Nodes:
    """The nodes of the session graphs of a batch."""
    width = int(clicks.items.max()) + 1
    pairs, of_click, counts = torch.unique(
        clicks.session * width + clicks.items, return_inverse=True, return_counts=True
    )
    return Nodes(
        items=pairs % width,
        session=pairs.div(width, rounding_mode="floor"),
        clicks=counts,
        of_click=of_click,
        last=of_click[clicks.last],
    )


def session_edges(
    clicks: OrderedClicks,
    nodes: Nodes,
    *,
    weights: EdgeWeights = "binary",
    dtype: torch.dtype = torch.float32,
) -> Edges:
    """The edges of the session graphs of a batch.

    An item clicked twice in a row has an edge to itself. A session of one click has no edge.

    Args:
        clicks: the batch.
        nodes: its nodes.
        weights: how an edge that is walked more than once counts.
        dtype: type of the weights.
    """
    follows = clicks.session[1:] == clicks.session[:-1]
    pairs = nodes.of_click[:-1][follows], nodes.of_click[1:][follows]
    return _edges(*pairs, n_nodes=len(nodes.items), weights=weights, dtype=dtype)


def no_edges(nodes: Nodes, *, dtype: torch.dtype = torch.float32) -> Edges:
    """Session graphs of unconnected nodes; arguments as for ``session_edges``."""
    pairs = nodes.of_click[:0], nodes.of_click[:0]
    return _edges(*pairs, n_nodes=len(nodes.items), weights="binary", dtype=dtype)


def full_edges(clicks: OrderedClicks, nodes: Nodes, *, dtype: torch.dtype = torch.float32) -> Edges:
    """An edge from the item of every click to that of every later one, each counted once.

    Arguments as for ``session_edges``.
    """
    click = torch.arange(len(clicks.items), device=clicks.items.device)
    later = clicks.last[clicks.session] - click
    before = click.repeat_interleave(later)
    first = (later.cumsum(0) - later).repeat_interleave(later)
    after = before + 1 + torch.arange(len(before), device=before.device) - first
    pairs = nodes.of_click[before], nodes.of_click[after]
    return _edges(*pairs, n_nodes=len(nodes.items), weights="binary", dtype=dtype)


RELATIONS = 4
"""Kinds of relation that ``relations`` tells apart."""


def relations(edges: Edges, *, n_nodes: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Every node with each of its neighbours, and with itself.

    Args:
        edges: the edges of the session graphs of a batch.
        n_nodes: nodes of the batch.

    Returns:
        Node, neighbour and kind of each relation, each of shape (relations,). Kinds: 0, the node
        itself; 1, the neighbour comes before the node; 2, after it; 3, both.
    """
    themselves = torch.arange(n_nodes, device=edges.source.device)
    before, after = edges.target * n_nodes + edges.source, edges.source * n_nodes + edges.target
    pairs, place = torch.unique(
        torch.cat([themselves * (n_nodes + 1), before, after]), return_inverse=True
    )
    kind = torch.zeros_like(pairs)
    kind.index_add_(0, place[n_nodes:].narrow(0, 0, len(before)), torch.ones_like(before))
    kind.index_add_(0, place[n_nodes + len(before) :], torch.full_like(after, 2))
    node, neighbour = pairs.div(n_nodes, rounding_mode="floor"), pairs % n_nodes
    return node, neighbour, kind * (node != neighbour)


def _edges(
    before: torch.Tensor,
    after: torch.Tensor,
    *,
    n_nodes: int,
    weights: EdgeWeights,
    dtype: torch.dtype,
) -> Edges:
    """The distinct ones among pairs of nodes, weighted and normalised."""
    pairs, walked = torch.unique(before * n_nodes + after, return_counts=True)
    source, target = pairs.div(n_nodes, rounding_mode="floor"), pairs % n_nodes
    weight = (torch.ones_like(walked) if weights == "binary" else walked).to(dtype)
    entering = weight.new_zeros(n_nodes).index_add_(0, target, weight)
    leaving = weight.new_zeros(n_nodes).index_add_(0, source, weight)
    return Edges(source, target, weight / entering[target], weight / leaving[source])

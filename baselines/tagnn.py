"""TAGNN: SR-GNN with a session vector of its own for every candidate item.

Source: Yu et al., "TAGNN: Target Attentive Graph Neural Networks for Session-based
Recommendation", SIGIR 2020; the authors' code, https://github.com/CRIPAC-DIG/TAGNN.
"""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from pydantic import Field
from recbole.model.abstract_recommender import SequentialRecommender
from torch import nn

from srgnn_bench.layers.attention import soft_attention
from srgnn_bench.layers.gated_gnn import GatedGNN
from srgnn_bench.layers.initialisation import initialise_uniformly
from srgnn_bench.layers.ragged import ordered_clicks, softmax_by, sum_by
from srgnn_bench.layers.session_graph import session_edges, session_nodes
from srgnn_bench.models import ItemScores, ModelParameters


class TAGNNParameters(ModelParameters):
    """Parameters of TAGNN; the defaults are the authors'."""

    embedding_size: int = Field(100, ge=1)
    """Length of the vectors of items and sessions."""

    step: int = Field(1, ge=1)
    """Propagation steps."""


class TargetScores(torch.autograd.Function):
    """Scores of all items for sessions that see each item in its own way.

    With vectors u of the sessions, states h_t and queries q_t of their clicks, and items v_j,

        beta_tj = softmax_t(q_t . v_j),  r_j = sum_t beta_tj (h_t . v_j),  y_j = u . v_j + r_j

    A block of items at a time stays in the cache. beta and h_t . v_j are kept for the backward
    pass, two numbers per click and item; with g the gradient of y it forms g beta and
    g beta (h_t . v_j - r_j), the gradients of h_t . v_j and of q_t . v_j.
    """

    @staticmethod
    def forward(
        ctx: Any,
        vectors: torch.Tensor,
        states: torch.Tensor,
        queries: torch.Tensor,
        items: torch.Tensor,
        session: torch.Tensor,
        keep: bool,
        at_once: int,
    ) -> torch.Tensor:
        """Scores, shape (sessions, items).

        Args:
            ctx: what the backward pass needs.
            vectors: shape (sessions, d).
            states: shape (clicks, d).
            queries: shape (clicks, d).
            items: vectors of the items, shape (items, d).
            session: session of each click, shape (clicks,).
            keep: whether there will be a backward pass.
            at_once: products of clicks and items that are formed at a time.
        """
        groups = len(vectors)
        scores = vectors @ items.T
        ctx.width = max(1, at_once // len(states))
        kept = []
        blocks = zip(
            torch.split(items, ctx.width), torch.split(scores, ctx.width, dim=1), strict=True
        )
        for block, part in blocks:
            shares = softmax_by(queries @ block.T, session, groups=groups)
            products = states @ block.T
            targeted = sum_by(shares * products, session, groups=groups)
            part += targeted
            if keep:
                kept += [shares, products, targeted]
        if keep:
            ctx.save_for_backward(vectors, states, queries, items, session, *kept)
        return scores

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """Gradients of the vectors, the states, the queries and the items, each of its shape."""
        (gradient,) = gradients
        vectors, states, queries, items, session, *kept = ctx.saved_tensors
        of_vectors = gradient @ items
        of_states, of_queries = torch.zeros_like(states), torch.zeros_like(queries)
        of_items = gradient.T @ vectors
        blocks = zip(
            torch.split(items, ctx.width),
            torch.split(of_items, ctx.width),
            torch.split(gradient, ctx.width, dim=1),
            *(kept[kind::3] for kind in range(3)),
            strict=True,
        )
        for block, of_block, of_scores, shares, products, targeted in blocks:
            of_products = of_scores.index_select(0, session).mul_(shares)
            of_logits = (products - targeted.index_select(0, session)).mul_(of_products)
            of_states.addmm_(of_products, block)
            of_queries.addmm_(of_logits, block)
            of_block.addmm_(of_products.T, states).addmm_(of_logits.T, queries)
        return of_vectors, of_states, of_queries, of_items, None, None, None


class TAGNN(ItemScores, SequentialRecommender):  # type: ignore[misc]
    """TAGNN on flat clicks, nodes and edges, with scores a block of items at a time.

    With states h_t of the clicks after the gated GNN, as in SR-GNN, and item vectors v_j,

        beta_tj = softmax_t(v_j . W h_t)
        s_j = W_3 [sum_t a_t h_t ; h_n] + sum_t beta_tj h_t
        y = softmax_j(s_j . v_j)

    where a = softmax_t(q . sigmoid(W_1 h_n + W_2 h_t + c)), as in the authors' code; the paper
    leaves the softmax out. Since s_j . v_j is the sum of a product of vectors and of
    sum_t beta_tj (h_t . v_j), no vector per session and item is ever formed: two products of clicks
    and items do (``TargetScores``).

    Departure from the authors' code: there padding has a share in both softmaxes, so that scores
    depend on the longest session of the data; here it has none, as in the paper.

    The loss is the cross-entropy over all items; the padding item has no share in it.
    """

    Parameters = TAGNNParameters
    any_length = True
    at_once: ClassVar[int] = 300_000
    """Products of clicks and items that are formed at a time."""

    def __init__(self, config: Any, dataset: Any) -> None:
        super().__init__(config, dataset)
        own = TAGNNParameters.read(config)
        d = own.embedding_size
        self.item_embedding = nn.Embedding(self.n_items, d, padding_idx=0)
        self.gnn = GatedGNN(d, step=own.step)
        self.linear_one = nn.Linear(d, d)
        self.linear_two = nn.Linear(d, d)
        self.linear_three = nn.Linear(d, 1, bias=False)
        self.linear_transform = nn.Linear(2 * d, d)
        self.linear_t = nn.Linear(d, d, bias=False)
        initialise_uniformly(self, self.item_embedding)

    def forward(self, item_seq: torch.Tensor, item_seq_len: torch.Tensor) -> torch.Tensor:
        """Scores of the padding item (0) and of all items, shape (sessions, items + 1)."""
        clicks = ordered_clicks(item_seq, item_seq_len)
        nodes = session_nodes(clicks)
        hidden = self.item_embedding(nodes.items)
        hidden = self.gnn(hidden, [session_edges(clicks, nodes, dtype=hidden.dtype)])
        states = hidden.index_select(0, nodes.of_click)
        local = states.index_select(0, clicks.last)
        attention = soft_attention(
            self.linear_one(local), self.linear_two(states), clicks.session, score=self.linear_three
        )
        attention = softmax_by(attention, clicks.session, groups=len(clicks.lengths))
        combined = clicks.sum(attention * states)
        vectors = self.linear_transform(torch.cat([combined, local], dim=1))
        queries, whole = self.linear_t(states), self.item_embedding.weight
        # Its gradient is formed by hand, in the weights' precision.
        with torch.autocast(whole.device.type, enabled=False):
            scores: torch.Tensor = TargetScores.apply(  # type: ignore[no-untyped-call]
                vectors.to(whole.dtype),
                states,
                queries.to(whole.dtype),
                whole,
                clicks.session,
                torch.is_grad_enabled(),
                self.at_once,
            )
        return scores

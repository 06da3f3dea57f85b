"""The attention by which session models weigh clicks."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch

from srgnn_bench.errors import ModelError
from srgnn_bench.layers.ragged import OrderedClicks, softmax_by, sum_by

Block = Callable[[torch.Tensor, torch.Tensor, tuple[torch.Tensor, torch.Tensor]], torch.Tensor]
"""A block of a transformer: it is handed the states that get new ones, shape (n, d), those that can
be seen, shape (rows, d), and the pairs of the two, as ``paired_attention`` is; it gives the new
states, shape (n, d)."""


def check_heads(size: int, *, heads: int) -> None:
    """Refuse heads that do not divide the length of an embedding.

    Raises:
        ModelError: they do not.
    """
    if size % heads:
        raise ModelError(
            f"An embedding of {size} cannot be cut into {heads} heads.",
            remedy="Choose a number of heads that divides embedding_size.",
        )


def soft_attention(
    queries: torch.Tensor,
    keys: torch.Tensor,
    group: torch.Tensor,
    *,
    score: Callable[[torch.Tensor], torch.Tensor],
) -> torch.Tensor:
    """Weights q . sigmoid(query + key), not normalised (Wu et al., AAAI 2019, equation 6).

    Args:
        queries: what each group asks, shape (groups, d).
        keys: what each row answers, shape (rows, d).
        group: group of each row, from 0, shape (rows,).
        score: the product with q, a layer from d numbers to 1.

    Returns:
        Shape (rows, 1).
    """
    return score(torch.sigmoid(queries.index_select(0, group) + keys))


def positioned_sum(
    states: torch.Tensor,
    positions: torch.Tensor,
    clicks: OrderedClicks,
    *,
    place: Callable[[torch.Tensor], torch.Tensor],
    key: Callable[[torch.Tensor], torch.Tensor],
    query: Callable[[torch.Tensor], torch.Tensor],
    score: Callable[[torch.Tensor], torch.Tensor],
) -> torch.Tensor:
    """Sums of clicks, weighted by where they stand and by the mean of their session's clicks.

        z_t = tanh(place([p_t ; h_t])),  b_t = score(sigmoid(key(z_t) + query(mean_t h_t)))
        s = sum_t b_t h_t

    Source: Wang et al., "Global Context Enhanced Graph Neural Networks for Session-based
    Recommendation", SIGIR 2020.

    Args:
        states: state h of each click, shape (clicks, d).
        positions: vector p of each click's position, shape (clicks, d).
        clicks: the clicks.
        place: a layer from 2 d numbers to d.
        key: a layer from d numbers to d.
        query: a layer from d numbers to d.
        score: a layer from d numbers to 1.

    Returns:
        Shape (sessions, d).
    """
    mean = clicks.sum(states) / clicks.lengths[:, None].to(states.dtype)
    placed = torch.tanh(place(torch.cat([positions, states], dim=1)))
    weights = soft_attention(query(mean), key(placed), clicks.session, score=score)
    return clicks.sum(weights * states)


def paired_attention(
    queries: torch.Tensor,
    keys: torch.Tensor,
    values: torch.Tensor,
    pairs: tuple[torch.Tensor, torch.Tensor],
    *,
    heads: int,
    dropout: Callable[[torch.Tensor], torch.Tensor],
) -> torch.Tensor:
    """Scaled dot-product attention of several heads, where only the rows of a pair see each other.

    Args:
        queries: what each row asks, shape (n, d).
        keys: what each row that can be seen answers, shape (rows, d).
        values: what it gives, shape (rows, d).
        pairs: rows of ``queries`` and what each sees, rows of ``keys``, each of shape (pairs,).
        heads: heads; each has its part of the d numbers.
        dropout: dropout of the weights.

    Returns:
        What each row reads, the heads joined, shape (n, d).
    """
    row, seen = pairs
    shape = (-1, heads, queries.shape[1] // heads)
    query = queries.index_select(0, row).view(shape)
    key = keys.index_select(0, seen).view(shape)
    fit = (query * key).sum(2) / math.sqrt(shape[2])
    del query, key  # a vector for each pair; without a gradient, their memory is free again
    weights = dropout(softmax_by(fit, row, groups=len(queries)))
    value = values.index_select(0, seen).view(shape)
    return sum_by((weights[:, :, None] * value).flatten(1), row, groups=len(queries))


def causal_blocks(
    blocks: Sequence[Block], states: torch.Tensor, clicks: OrderedClicks, *, every: bool
) -> torch.Tensor:
    """States after blocks in which a click sees those of its session up to itself.

    Args:
        blocks: the blocks, one on the other.
        states: a state for each click, shape (clicks, d).
        clicks: the clicks.
        every: whether every click gets its state, or the last one of each session alone. The top
            block is then asked for no other.

    Returns:
        Shape (clicks, d) or (sessions, d).
    """
    *lower, top = blocks
    pairs = clicks.causal_pairs
    for block in lower:
        states = block(states, states, pairs)
    if every:
        return top(states, states, pairs)
    every_click = torch.arange(len(states), device=states.device)
    return top(states[clicks.last], states, (clicks.session, every_click))

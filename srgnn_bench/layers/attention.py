"""The attention by which session models weigh clicks."""

from __future__ import annotations

from collections.abc import Callable

import torch


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

"""Rank of each target against the whole catalogue, and the top of each list.

The rank is the number of items whose score is at least the target's, the target itself included:
ties count against the target, so a model that scores everything alike gains nothing by it.
"""

from __future__ import annotations

import torch

from srgnn_bench.errors import ModelError

BLOCK = 64


def ranks_of(scores: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Rank of each row's target among all items, counted rather than sorted.

    Args:
        scores: score of every catalogue item, shape (prefixes, items).
        targets: number of each target from 1, 0 where the catalogue does not hold it, shape
            (prefixes,).

    Returns:
        Ranks from 1, shape (prefixes,), int64; ``items + 1`` where the target is 0.

    Raises:
        ModelError: a score is NaN.
    """
    if torch.isnan(scores.amax(dim=1)).any():
        raise ModelError(
            "The model returned NaN as a score.",
            remedy="Lower its learning rate or clip its gradient, and check its full_sort_predict.",
        )
    column = (targets - 1).clamp(min=0)
    target_scores = scores.gather(1, column[:, None])
    # As numbers the comparisons add up far faster than as booleans, and exactly below 2**24 items.
    at_least = torch.empty_like(scores, dtype=torch.float32)
    ranks = torch.ge(scores, target_scores, out=at_least).sum(dim=1).long()
    return ranks.masked_fill_(targets == 0, scores.shape[1] + 1)


def top_items(scores: torch.Tensor, *, k: int) -> torch.Tensor:
    """Numbers of the k best items of each row, best first, shape (prefixes, min(k, items)).

    The k best scores lie in the k blocks with the best maxima, so only those are sorted. Which
    of several equal scores comes first is not defined.

    Args:
        scores: score of every catalogue item, shape (prefixes, items).
        k: length of the lists.
    """
    rows, items = scores.shape
    blocks = items // BLOCK
    if blocks <= k:
        return scores.topk(min(k, items), dim=1).indices + 1
    whole = scores[:, : blocks * BLOCK].view(rows, blocks, BLOCK)
    best = whole.amax(dim=2).topk(k, dim=1).indices
    places = (best[:, :, None] * BLOCK + torch.arange(BLOCK, device=scores.device)).view(rows, -1)
    rest = torch.arange(blocks * BLOCK, items, device=scores.device).expand(rows, -1)
    places = torch.cat([places, rest], dim=1)
    return places.gather(1, scores.gather(1, places).topk(k, dim=1).indices) + 1

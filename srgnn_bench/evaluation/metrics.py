"""Metrics as pure functions of the target's rank.

Every test prefix has exactly one target, so Recall@K equals the hit rate, and the ideal DCG is 1.
A rank counts from 1; it is the number of catalogue items whose score is at least the target's,
so ties count against the target. A target outside the catalogue has a rank beyond every item.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Ranks = npt.NDArray[np.int64]

CUTOFFS = (5, 10, 20)
"""The K at which every run is measured."""


def recall(ranks: Ranks, *, k: int) -> float:
    """Recall@K: share of the prefixes whose target ranks among the first K.

    The session-based papers print the same quantity as P@K, HR@K or hit rate.

    Args:
        ranks: rank of each prefix's target, from 1, shape (prefixes,).
        k: length of the list.

    Raises:
        ValueError: no ranks, a rank below 1, or K below 1.
    """
    _check(ranks, k)
    return float(np.mean(ranks <= k))


def mrr(ranks: Ranks, *, k: int) -> float:
    """MRR@K: mean of 1 / rank, where a rank beyond K counts 0.

    Arguments and errors as for ``recall``.
    """
    _check(ranks, k)
    return float(np.mean(np.where(ranks <= k, 1.0 / ranks, 0.0)))


def ndcg(ranks: Ranks, *, k: int) -> float:
    """NDCG@K with one relevant item: mean of 1 / log2(1 + rank), 0 beyond K.

    Jarvelin and Kekalainen (2002). Arguments and errors as for ``recall``.
    """
    _check(ranks, k)
    return float(np.mean(np.where(ranks <= k, 1.0 / np.log2(1.0 + ranks), 0.0)))


def coverage(top: Ranks, *, n_items: int) -> float:
    """Catalogue coverage: share of the items that at least one list recommends.

    Args:
        top: items of every list, numbered from 1; 0 where there is none, shape (prefixes, K).
        n_items: items in the catalogue.
    """
    recommended = np.unique(top)
    return float(np.count_nonzero(recommended) / n_items)


def average_popularity(top: Ranks, *, clicks: Ranks) -> float:
    """Mean training clicks of the recommended items, as a share of those of the most clicked item.

    Args:
        top: as for ``coverage``; prefixes without a list do not count.
        clicks: training clicks of each item, entry 0 for padding, shape (items + 1,).
    """
    recommended = top[top > 0]
    return float(np.mean(clicks[recommended]) / clicks.max()) if len(recommended) else 0.0


def repeat_share(top: Ranks, *, prefix: Ranks, items: Ranks) -> float:
    """Share of the recommended items that the prefix holds already.

    Args:
        top: as for ``coverage``; prefixes without a list do not count.
        prefix: the prefix that shows each click, from 0, shape (shown clicks,).
        items: item of each of those clicks, shape (shown clicks,).
    """
    width = max(int(top.max()), int(items.max(initial=0))) + 1
    shown = prefix * width + items
    recommended = np.arange(len(top))[:, None] * width + top
    counted = top > 0
    repeats = np.isin(recommended, shown) & counted
    return float(repeats.sum() / counted.sum()) if counted.any() else 0.0


def rank_metrics(ranks: Ranks) -> dict[str, float]:
    """``recall@K``, ``mrr@K`` and ``ndcg@K`` at every cutoff, unrounded."""
    measures = {"recall": recall, "mrr": mrr, "ndcg": ndcg}
    return {f"{name}@{k}": f(ranks, k=k) for name, f in measures.items() for k in CUTOFFS}


def _check(ranks: Ranks, k: int) -> None:
    if k < 1:
        raise ValueError(f"K must be at least 1, not {k}")
    if len(ranks) == 0:
        raise ValueError("no prefixes were ranked")
    if ranks.min() < 1:
        raise ValueError("ranks count from 1")

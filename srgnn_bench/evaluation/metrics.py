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

    Arguments and errors as for :func:`recall`.
    """
    _check(ranks, k)
    return float(np.mean(np.where(ranks <= k, 1.0 / ranks, 0.0)))


def ndcg(ranks: Ranks, *, k: int) -> float:
    """NDCG@K with one relevant item: mean of 1 / log2(1 + rank), 0 beyond K.

    Jarvelin and Kekalainen (2002). Arguments and errors as for :func:`recall`.
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

"""Ranks and lists of models that score a few items and leave all others at 0.

What ``ranks`` finds among all scores, found among the stored ones.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from srgnn_bench.counting.sparse_rows import by_value, keep_best, rows_of
from srgnn_bench.data.sessions import Integers
from srgnn_bench.errors import ModelError


def sparse_ranks_of(scores: csr_array, targets: Integers) -> Integers:
    """Rank of each row's target among all items; ties count against the target.

    Args:
        scores: positive scores, shape (prefixes, items + 1); column 0 is padding and empty.
        targets: number of each target from 1, 0 where the catalogue does not hold it, shape
            (prefixes,).

    Returns:
        Ranks from 1, shape (prefixes,); ``items`` where the target has no score, since all items
        then have at least its score, and ``items + 1`` where the target is 0.

    Raises:
        ModelError: a score is NaN.
    """
    if np.isnan(scores.data).any():
        raise ModelError(
            "The model returned NaN as a score.", remedy="Check what its scores are divided by."
        )
    rows, items = rows_of(scores), scores.shape[1] - 1
    of_target = scores.indices == targets[rows]
    target_scores = np.zeros(len(targets), dtype=scores.data.dtype)
    target_scores[rows[of_target]] = scores.data[of_target]
    at_least = scores.data >= target_scores[rows]
    counted = np.bincount(rows, weights=at_least, minlength=len(targets)).astype(np.int64)
    ranks: Integers = np.where(target_scores > 0, counted, items)
    return np.where(targets == 0, items + 1, ranks)


def sparse_top_items(scores: csr_array, *, k: int) -> Integers:
    """Numbers of the k best items of each row, best first, shape (prefixes, min(k, items)).

    Of equal scores the smaller number comes first. Where fewer than k items have a score, the
    list ends with the smallest numbers among the others.

    Args:
        scores: positive scores, shape (prefixes, items + 1); column 0 is padding and empty.
        k: length of the lists.
    """
    prefixes, width = scores.shape
    k = min(k, width - 1)
    best = keep_best(scores, _order(scores), count=k)
    rows, counts = rows_of(best), np.diff(best.indptr)
    places = np.arange(best.nnz) - best.indptr[rows]
    top = np.zeros((prefixes, k), dtype=np.int64)
    top[rows, places] = best.indices[np.lexsort((-_order(best), rows))]
    short = np.flatnonzero(counts < k)
    # The others that a list needs are among the numbers up to 2k: it holds fewer than k already.
    listed = np.zeros((len(short), 2 * k + 1), dtype=np.bool_)
    listed[np.arange(len(short))[:, None], np.where(top[short] > 2 * k, 0, top[short])] = True
    listed[:, 0] = True
    others = np.argsort(listed, axis=1, kind="stable")[:, :k]
    beyond = np.arange(k) - counts[short, None]
    fill = np.take_along_axis(others, np.maximum(beyond, 0), axis=1)
    top[short] = np.where(beyond < 0, top[short], fill)
    return top


def _order(scores: csr_array) -> Integers:
    """A number for each stored score: the better one has the larger, different within a row."""
    return by_value(scores.data, ties=scores.shape[1] - 1 - scores.indices)

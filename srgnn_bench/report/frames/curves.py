"""Metrics over the length of the list."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from srgnn_bench.evaluation.metrics import Metric
from srgnn_bench.evaluation.statistics import Floats, Integers
from srgnn_bench.report.frames.metrics import spread_of
from srgnn_bench.report.results import SuiteResults

LARGEST_K = 20
"""Of the curves."""


def curve_frame(results: SuiteResults) -> pd.DataFrame:
    """Recall@K and MRR@K for K = 1 to 20, from the ranks.

    Columns: ``dataset``, ``entry``, ``measure`` (``recall`` or ``mrr``), ``k``, ``mean`` and
    ``std`` over seeds (NaN as in ``metric_frame``).
    """
    rows: list[dict[str, Any]] = []
    for dataset, entry in results.places:
        chance = results.has_chance(dataset, entry)
        # Prefixes of each run whose target has each rank, shape (runs, LARGEST_K).
        found = np.stack([_first_ranks(run) for run in results.ranks(dataset, entry=entry)])
        for measure in ("recall", "mrr"):
            scores = Metric(measure, LARGEST_K).scores(np.arange(1, LARGEST_K + 1))
            means = np.cumsum(found * scores, axis=1)
            for k in range(1, LARGEST_K + 1):
                values = means[:, k - 1]
                rows.append(
                    {
                        "dataset": dataset,
                        "entry": entry,
                        "measure": measure,
                        "k": k,
                        "mean": values.mean(),
                        "std": spread_of(values) if chance else np.nan,
                    }
                )
    frame: pd.DataFrame = pd.DataFrame(rows)
    return frame


def _first_ranks(ranks: Integers) -> Floats:
    """Share of the prefixes whose target has rank 1, 2 and so on, shape (LARGEST_K,)."""
    numbers = np.bincount(np.minimum(ranks, LARGEST_K + 1), minlength=LARGEST_K + 2)
    return numbers[1 : LARGEST_K + 1] / len(ranks)

"""Metrics over the length of the list."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from srgnn_bench.evaluation.metrics import Metric
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
        ranks = results.ranks(dataset, entry=entry)
        chance = results.has_chance(dataset, entry)
        for measure in ("recall", "mrr"):
            for k in range(1, LARGEST_K + 1):
                values = Metric(measure, k).scores(ranks).mean(axis=1)
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

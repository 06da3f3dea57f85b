"""What each test session adds to the metrics of each run: what every interval is made of."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from srgnn_bench.evaluation.metrics import Metric
from srgnn_bench.evaluation.statistics import Estimate, SessionTotals, by_session
from srgnn_bench.report.results import SuiteResults

Totals = dict[tuple[str, str], SessionTotals]
"""Totals of every (entry, metric) on one data set."""

UNCERTAINTY = ["low", "high", "error", "error_sessions", "error_seeds", "with_seeds"]
"""Columns: the 95% interval, the standard error and its two parts, whether seeds are in it."""


class Scores:
    """Scores of a suite's runs; totals are added up once per data set.

    Args:
        results: the runs.
    """

    def __init__(self, results: SuiteResults) -> None:
        self.results = results
        self._totals: dict[str, Totals] = {}

    def of(self, dataset: str, entry: str, metric: str) -> npt.NDArray[np.float64]:
        """What each prefix adds to a metric of each run, shape (runs, prefixes)."""
        return Metric.named(metric).scores(self.results.ranks(dataset, entry=entry))

    def totals(self, dataset: str) -> Totals:
        """Scores of every run on a data set, added up per session; empty without runs."""
        if dataset not in self._totals:
            self._totals[dataset] = self.totals_of(dataset)
        return self._totals[dataset]

    def totals_of(self, dataset: str, mask: npt.NDArray[np.bool_] | None = None) -> Totals:
        """As ``totals``, on all prefixes or on those of the mask, shape (prefixes,)."""
        results = self.results
        present = results.present(dataset)
        if not present:
            return {}
        chosen = slice(None) if mask is None else mask
        sessions = results.prefixes(dataset)["session"].to_numpy()[chosen]
        # All runs are added up in one call, which sorts the sessions once.
        ranks = {entry: results.ranks(dataset, entry=entry)[:, chosen] for entry in present}
        stacked = np.concatenate(list(ranks.values()))
        ends = np.cumsum([len(runs) for runs in ranks.values()])
        found: Totals = {}
        for metric in results.metrics:
            whole = by_session(Metric.named(metric).scores(stacked), sessions=sessions)
            for entry, sums in zip(present, np.split(whole.sums, ends[:-1]), strict=True):
                chance = results.has_chance(dataset, entry)
                found[entry, metric] = SessionTotals(sums, whole.counts, chance)
        return {(e, metric): found[e, metric] for e in present for metric in results.metrics}


def uncertainty(found: Estimate) -> dict[str, Any]:
    """The columns of ``UNCERTAINTY``."""
    low, high = found.interval
    values = (low, high, found.error, found.error_sessions, found.error_seeds)
    return dict(zip(UNCERTAINTY, [*map(float, values), found.with_seeds], strict=True))

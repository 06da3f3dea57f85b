"""Every metric of every entry, and how far other seeds and sessions could move it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from srgnn_bench.evaluation.metrics import MEASURES, Metric
from srgnn_bench.evaluation.statistics import estimate
from srgnn_bench.report.frames.scores import UNCERTAINTY, Scores, uncertainty
from srgnn_bench.report.results import SuiteResults, keys_of


def metric_frame(results: SuiteResults) -> pd.DataFrame:
    """Every metric of every entry: one row per dataset, entry and metric.

    Metrics of ranks are computed from the ranks: those of the suite, and every measure at the
    suite's cutoffs. Those of lists are the records'.

    Columns: ``dataset``, ``entry``, ``title``, ``metric``, ``mean``, ``std`` (sample standard
    deviation over seeds; NaN for fewer than two, and for models without chance, which have no
    spread), ``seeds`` (finished), ``expected``, ``keys`` (of the runs). An entry without any run
    has NaN.
    """
    of_ranks = {metric.name: metric for metric in metrics_of(results)}
    stored = dict.fromkeys(m for record in results.all_records() for m in record.metrics)
    of_lists = [m for m in stored if m.partition("@")[0] not in MEASURES]
    rows: list[dict[str, Any]] = []
    for dataset in results.datasets:
        for entry in results.entries:
            records = results.records.get((dataset, entry), [])
            ranks = results.ranks(dataset, entry=entry) if records else None
            for name in (*of_ranks, *of_lists):
                if name in of_ranks:
                    found = [] if ranks is None else [of_ranks[name].mean(run) for run in ranks]
                else:
                    found = [r.metrics[name] for r in records if name in r.metrics]
                values = np.array(found)
                rows.append(
                    {
                        "dataset": dataset,
                        "entry": entry,
                        "title": results.entry_titles[entry],
                        "metric": name,
                        "mean": values.mean() if len(values) else np.nan,
                        "std": spread_of(values) if results.has_chance(dataset, entry) else np.nan,
                        "seeds": len(values),
                        "expected": results.expected(dataset, entry=entry),
                        "keys": keys_of(records),
                    }
                )
    frame: pd.DataFrame = pd.DataFrame(rows)
    return frame


def metrics_of(results: SuiteResults) -> list[Metric]:
    """The metrics of ranks that a suite's tables show, each once, the suite's own first."""
    at_cutoffs = [Metric(measure, k) for measure in MEASURES for k in results.spec.cutoffs]
    return list(dict.fromkeys([*map(Metric.named, results.metrics), *at_cutoffs]))


def uncertain_metrics(scores: Scores) -> pd.DataFrame:
    """The frame of ``metric_frame``, and how far other seeds and sessions could move it.

    Further columns, NaN for metrics that are not among the suite's: ``low`` and ``high``, the
    95% interval of the mean; ``error``, ``error_sessions`` and ``error_seeds``, its standard
    error and the two parts; ``with_seeds``, whether the interval holds what seeds change.
    """
    frame = metric_frame(scores.results)
    rows = []
    for dataset in scores.results.datasets:
        for (entry, metric), totals in scores.totals(dataset).items():
            place = {"dataset": dataset, "entry": entry, "metric": metric}
            rows.append(place | uncertainty(estimate(totals)))
    keys = ["dataset", "entry", "metric"]
    order = [*frame.columns[:6], *UNCERTAINTY, *frame.columns[6:]]
    merged: pd.DataFrame = frame.merge(pd.DataFrame(rows), how="left", on=keys)[order]
    return merged


def spread_of(values: npt.NDArray[np.float64]) -> float:
    """Sample standard deviation over seeds, shape (seeds,); NaN for fewer than two."""
    return float(values.std(ddof=1)) if len(values) > 1 else float("nan")

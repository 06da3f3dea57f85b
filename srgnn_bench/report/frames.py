"""The frames that every table and figure is made of: long, unrounded, traceable to runs' keys.

Each frame is computed once, when it is first asked for. Metrics are shares, not percent.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from srgnn_bench.evaluation.metrics import MEASURES, Metric
from srgnn_bench.evaluation.statistics import (
    Estimate,
    SessionTotals,
    by_session,
    estimate,
    false_discovery,
    holm,
)
from srgnn_bench.report.importance import importances
from srgnn_bench.report.results import SuiteResults
from srgnn_bench.report.slices import Slice, slices_of
from srgnn_bench.store.record import Record

LARGEST_K = 20
"""Of the curves."""

NOTHING = 1e-12
"""What equal scores may differ by in floating point."""

Totals = dict[tuple[str, str], SessionTotals]
"""Totals of every (entry, metric) on one data set."""


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
                        "std": _std(values) if results.has_chance(dataset, entry) else np.nan,
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


class Frames:
    """Frames of a suite's results.

    Args:
        results: the runs.
        fdr: whether the tables of differences print the false discovery rate beside Holm's p.
    """

    def __init__(self, results: SuiteResults, *, fdr: bool = False) -> None:
        self.results = results
        self.fdr = fdr
        self._totals: dict[str, Totals] = {}

    @cached_property
    def metrics(self) -> pd.DataFrame:
        """The frame of ``metric_frame``, and how far other seeds and sessions could move it.

        Further columns, NaN for metrics that are not among the suite's: ``low`` and ``high``, the
        95% interval of the mean; ``error``, ``error_sessions`` and ``error_seeds``, its standard
        error and the two parts; ``with_seeds``, whether the interval holds what seeds change.
        """
        frame = metric_frame(self.results)
        rows = []
        for dataset in self.results.datasets:
            for (entry, metric), totals in self.totals(dataset).items():
                place = {"dataset": dataset, "entry": entry, "metric": metric}
                rows.append(place | _uncertainty(estimate(totals)))
        keys = ["dataset", "entry", "metric"]
        order = [*frame.columns[:6], *UNCERTAINTY, *frame.columns[6:]]
        merged: pd.DataFrame = frame.merge(pd.DataFrame(rows), how="left", on=keys)[order]
        return merged

    @cached_property
    def curves(self) -> pd.DataFrame:
        """Recall@K and MRR@K for K = 1 to 20, from the ranks.

        Columns: ``dataset``, ``entry``, ``measure`` (``recall`` or ``mrr``), ``k``, ``mean`` and
        ``std`` over seeds (NaN as in ``metric_frame``).
        """
        rows: list[dict[str, Any]] = []
        for dataset, entry in self._present():
            ranks = self.results.ranks(dataset, entry=entry)
            chance = self.results.has_chance(dataset, entry)
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
                            "std": _std(values) if chance else np.nan,
                        }
                    )
        frame: pd.DataFrame = pd.DataFrame(rows)
        return frame

    @cached_property
    def differences(self) -> pd.DataFrame:
        """The subject less every other entry, paired over the same test sessions.

        Columns: ``dataset``, ``entry`` and ``title`` (of the other), ``metric``, ``difference``,
        ``low``, ``high`` (95% interval), ``error``, ``error_sessions``, ``error_seeds``,
        ``with_seeds`` (as in ``metrics``), ``relative`` (the difference as a share of the other's
        mean), ``p_value``, ``p_holm`` (corrected over this whole frame), ``fdr`` (Benjamini and
        Hochberg over it), ``effect`` (Cohen's d over sessions), ``better``, ``worse`` (shares of
        the prefixes), ``subject_keys``, ``keys``.
        """
        results = self.results
        rows: list[dict[str, Any]] = []
        for dataset in results.datasets:
            present = results.present(dataset)
            if results.subject not in present:
                continue
            others = [entry for entry in present if entry != results.subject]
            totals = self.totals(dataset)
            for metric in results.metrics:
                of_subject = self.scores(dataset, results.subject, metric)
                for entry in others:
                    other = totals[entry, metric]
                    found = estimate(totals[results.subject, metric], other)
                    lead = of_subject.mean(axis=0)
                    lead = lead - self.scores(dataset, entry, metric).mean(axis=0)
                    mean = float(estimate(other).value)
                    rows.append(
                        {
                            "dataset": dataset,
                            "entry": entry,
                            "title": results.entry_titles[entry],
                            "metric": metric,
                            "difference": float(found.value),
                            **_uncertainty(found),
                            "relative": float(found.value) / mean if mean else np.nan,
                            "p_value": float(found.p_value),
                            "effect": float(found.effect),
                            "better": float((lead > NOTHING).mean()),
                            "worse": float((lead < -NOTHING).mean()),
                            "subject_keys": keys_of(results.records[dataset, results.subject]),
                            "keys": keys_of(results.records[dataset, entry]),
                        }
                    )
        names = ["dataset", "entry", "title", "metric", "difference", *UNCERTAINTY, "relative"]
        names += ["p_value", "effect", "better", "worse", "subject_keys", "keys"]
        frame: pd.DataFrame = pd.DataFrame(rows, columns=names)
        p_values = frame["p_value"].to_numpy(dtype=float)
        place = names.index("p_value") + 1
        frame.insert(place, "p_holm", holm(p_values))
        frame.insert(place + 1, "fdr", false_discovery(p_values))
        return frame

    @cached_property
    def slices(self) -> pd.DataFrame:
        """The suite's metrics on parts of the test prefixes, and the subject's lead there.

        Columns: ``kind`` (which partition), ``slice`` (its label), ``dataset``, ``entry``,
        ``title``, ``metric``, ``mean``, ``mean_low``, ``mean_high`` (its 95% interval),
        ``difference`` (the subject less the entry, on the same prefixes), ``low``, ``high``,
        ``error``, ``error_sessions``, ``error_seeds``, ``with_seeds`` (of the difference, as in
        ``metrics``), ``prefixes``, ``keys``. Differences are NaN where the subject has no run,
        and for itself.
        """
        rows: list[dict[str, Any]] = []
        for dataset in self.results.datasets_with_runs:
            prefixes = self.results.prefixes(dataset)
            for part in slices_of(prefixes):
                rows += self._slice_rows(part, dataset)
        frame: pd.DataFrame = pd.DataFrame(rows)
        return frame

    @cached_property
    def cost(self) -> pd.DataFrame:
        """What training, tuning and ranking took, means over seeds, one row per dataset and entry.

        Columns: ``dataset``, ``entry``, ``title``, ``parameters``, ``epoch_seconds``, ``epochs``,
        ``train_seconds``, ``tuning_seconds`` (NaN without tuning), ``peak_memory_bytes``,
        ``session_milliseconds`` (ranking all prefixes of a test session), ``keys``.
        """
        rows = []
        for dataset, entry in self._present():
            records = self.results.records[dataset, entry]
            costs = [record.cost for record in records]
            tuning = self.results.tuning(records[0])
            sessions = records[0].dataset.test_sessions
            epochs = float(np.mean([cost.epochs for cost in costs]))
            seconds = float(np.mean([cost.train_seconds for cost in costs]))
            rows.append(
                {
                    "dataset": dataset,
                    "entry": entry,
                    "title": self.results.entry_titles[entry],
                    "parameters": costs[0].parameters,
                    "epoch_seconds": seconds / epochs if epochs else np.nan,
                    "epochs": epochs,
                    "train_seconds": seconds,
                    "tuning_seconds": tuning.seconds if tuning else np.nan,
                    "peak_memory_bytes": max(cost.peak_memory_bytes for cost in costs),
                    "session_milliseconds": 1000
                    * float(np.mean([cost.rank_seconds for cost in costs]))
                    / sessions,
                    "keys": keys_of(records),
                }
            )
        frame: pd.DataFrame = pd.DataFrame(rows)
        return frame

    @cached_property
    def learning(self) -> pd.DataFrame:
        """Epoch by epoch: training loss, and the metric that chose the number of epochs.

        Columns: ``dataset``, ``entry``, ``measure`` (``loss``, ``choice``), ``epoch``, ``mean``
        and ``std`` over seeds. ``choice`` is MRR@20 on the validation sessions in the trial that
        won, if the entry ran as that trial did; where the test set chose, MRR@20 on the test set.
        Fitted models have no rows.
        """
        rows: list[dict[str, Any]] = []
        for dataset, entry in self._present():
            records = [r for r in self.results.records[dataset, entry] if r.cost.epochs > 0]
            values: dict[tuple[str, int], list[float]] = {}
            for record in records:
                for epoch in self.results.store.epochs(record):
                    values.setdefault(("loss", epoch["epoch"]), []).append(epoch["loss"])
                    if epoch["judged"]:
                        chosen = epoch["judged"]["mrr@20"]
                        values.setdefault(("choice", epoch["epoch"]), []).append(chosen)
            if records and self.results.ran_as_tuned(records[0], entry=entry):
                tuning = self.results.tuning(records[0])
                won = None if tuning is None else tuning.best
                if won is not None:
                    values |= {("choice", e.epoch): [e.value] for e in won.epochs}
            rows += [
                {
                    "dataset": dataset,
                    "entry": entry,
                    "measure": measure,
                    "epoch": epoch,
                    "mean": float(np.mean(seen)),
                    "std": _std(np.array(seen)),
                }
                for (measure, epoch), seen in sorted(values.items())
            ]
        columns = ["dataset", "entry", "measure", "epoch", "mean", "std"]
        frame: pd.DataFrame = pd.DataFrame(rows, columns=columns)
        return frame

    @cached_property
    def trials(self) -> pd.DataFrame:
        """Every stored trial of tuning.

        Columns: ``dataset``, ``entry`` (or the model that all entries share), ``number``,
        ``state``, ``value`` (MRR@20 on validation; of a pruned trial, the best it had reached),
        ``best`` (so far, of completed trials), ``seconds``, ``parameters`` (a dict).
        """
        rows: list[dict[str, Any]] = []
        for dataset, entry, record in self._tuned():
            best = np.nan
            tuning = self.results.tuning(record)
            for trial in tuning.trials if tuning else ():
                reached = [epoch.value for epoch in trial.epochs]
                value = trial.value
                if value is not None:
                    best = np.fmax(best, value)
                elif reached:
                    value = max(reached)
                rows.append(
                    {
                        "dataset": dataset,
                        "entry": entry,
                        "number": trial.number,
                        "state": trial.state,
                        "value": np.nan if value is None else value,
                        "best": best,
                        "seconds": trial.seconds,
                        "parameters": trial.parameters,
                    }
                )
        columns = ["dataset", "entry", "number", "state", "value", "best", "seconds", "parameters"]
        frame: pd.DataFrame = pd.DataFrame(rows, columns=columns)
        return frame

    @cached_property
    def searched_trials(self) -> pd.DataFrame:
        """The trials of studies with more than one: the rows and columns of ``trials``."""
        trials = self.trials
        searched: pd.DataFrame = trials[
            trials.groupby(["dataset", "entry"])["number"].transform("size") > 1
        ]
        return searched

    @cached_property
    def importance(self) -> pd.DataFrame:
        """What each searched parameter explains of the spread between completed trials.

        Columns: ``dataset``, ``entry``, ``parameter``, ``importance`` (shares that add up to 1 per
        study). Studies with too few trials have no rows.
        """
        rows: list[dict[str, Any]] = []
        complete = self.trials[self.trials["state"] == "complete"]
        for (dataset, entry), trials in complete.groupby(["dataset", "entry"], sort=False):
            tuning = self.results.tuning(self.results.tuned_runs(str(dataset))[str(entry)])
            assert tuning is not None
            pairs = list(zip(trials["parameters"], trials["value"], strict=True))
            rows += [
                {"dataset": dataset, "entry": entry, "parameter": parameter, "importance": share}
                for parameter, share in importances(pairs, space=tuning.space).items()
            ]
        frame: pd.DataFrame = pd.DataFrame(
            rows, columns=["dataset", "entry", "parameter", "importance"]
        )
        return frame

    def _present(self) -> list[tuple[str, str]]:
        results = self.results
        return [(d, entry) for d in results.datasets for entry in results.present(d)]

    def _tuned(self) -> list[tuple[str, str, Record]]:
        results = self.results
        return [(d, *tuned) for d in results.datasets for tuned in results.tuned_runs(d).items()]

    def totals(self, dataset: str) -> Totals:
        """Scores of every run on a data set, added up per session; empty without runs."""
        if dataset not in self._totals:
            self._totals[dataset] = self._totals_of(dataset)
        return self._totals[dataset]

    def scores(self, dataset: str, entry: str, metric: str) -> npt.NDArray[np.float64]:
        """What each prefix adds to a metric of each run, shape (runs, prefixes)."""
        return Metric.named(metric).scores(self.results.ranks(dataset, entry=entry))

    def _totals_of(self, dataset: str, mask: npt.NDArray[np.bool_] | None = None) -> Totals:
        """As ``totals``, on all prefixes or on those of the mask."""
        results = self.results
        present = results.present(dataset)
        if not present:
            return {}
        sessions = results.prefixes(dataset)["session"].to_numpy()
        chosen = slice(None) if mask is None else mask
        return {
            (entry, metric): by_session(
                self.scores(dataset, entry, metric)[:, chosen],
                sessions=sessions[chosen],
                chance=results.has_chance(dataset, entry),
            )
            for entry in present
            for metric in results.metrics
        }

    def _slice_rows(self, part: Slice, dataset: str) -> list[dict[str, Any]]:
        subject, totals = self.results.subject, self._totals_of(dataset, part.mask)
        rows = []
        for (entry, metric), of_entry in totals.items():
            mean = estimate(of_entry)
            low, high = mean.interval
            row = {
                "kind": part.kind,
                "slice": part.label,
                "dataset": dataset,
                "entry": entry,
                "title": self.results.entry_titles[entry],
                "metric": metric,
                "mean": float(mean.value),
                "mean_low": float(low),
                "mean_high": float(high),
                "difference": np.nan,
                **dict.fromkeys(UNCERTAINTY, np.nan),
            }
            if entry != subject and (subject, metric) in totals:
                found = estimate(totals[subject, metric], of_entry)
                row |= {"difference": float(found.value), **_uncertainty(found)}
            row |= {
                "prefixes": int(part.mask.sum()),
                "keys": keys_of(self.results.records[dataset, entry]),
            }
            rows.append(row)
        return rows


UNCERTAINTY = ["low", "high", "error", "error_sessions", "error_seeds", "with_seeds"]


def _uncertainty(found: Estimate) -> dict[str, Any]:
    """The columns of ``UNCERTAINTY``."""
    low, high = found.interval
    values = (low, high, found.error, found.error_sessions, found.error_seeds)
    return dict(zip(UNCERTAINTY, [*map(float, values), found.with_seeds], strict=True))


def keys_of(records: list[Record]) -> str:
    """Keys of runs as the results folder abbreviates them, separated by spaces."""
    return " ".join(record.short_key for record in records)


def _std(values: npt.NDArray[np.float64]) -> float:
    return float(values.std(ddof=1)) if len(values) > 1 else float("nan")

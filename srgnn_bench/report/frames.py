"""The frames that every table and figure is made of: long, unrounded, traceable to runs' keys.

Each frame is computed once, when it is first asked for. Metrics are shares, not percent.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from srgnn_bench.report.importance import importances
from srgnn_bench.report.results import SuiteResults
from srgnn_bench.report.slices import Slice, slices_of
from srgnn_bench.evaluation.statistics import (
    NORMAL_95,
    Integers,
    Sampling,
    by_session,
    compare,
    holm,
    standard_errors,
)
from srgnn_bench.store.keys import seed_from
from srgnn_bench.store.record import Record
from srgnn_bench.store.store import KEY_DIGITS

HEADLINE = ("recall@20", "mrr@20")
"""Metrics of the main table, the comparisons and the slices."""

LARGEST_K = 20

Columns = list[tuple[str, str]]
"""(entry, metric) of each column of scores."""

Pairs = list[tuple[int, int]]
"""Columns compared with each other."""


def prefix_scores(ranks: Integers, *, metric: str) -> npt.NDArray[np.float64]:
    """Contribution of each prefix to ``recall@K`` or ``mrr@K``, averaged over seeds.

    Args:
        ranks: ranks of the targets, shape (seeds, prefixes).
        metric: the metric's name.

    Returns:
        Scores whose mean over prefixes is the metric, shape (prefixes,).
    """
    name, _, k = metric.partition("@")
    values = np.ones(ranks.shape) if name == "recall" else 1.0 / ranks
    scores: npt.NDArray[np.float64] = np.where(ranks <= int(k), values, 0.0).mean(axis=0)
    return scores


def metric_frame(results: SuiteResults) -> pd.DataFrame:
    """Every stored metric of every entry: one row per dataset, entry and metric.

    Columns: ``dataset``, ``entry``, ``title``, ``metric``, ``mean``, ``std`` (sample standard
    deviation over seeds, NaN for fewer than two), ``seeds`` (finished), ``expected``, ``keys`` (of
    the runs). An entry without any run has NaN.
    """
    names = dict.fromkeys(m for record in results.all_records() for m in record.metrics)
    rows: list[dict[str, Any]] = []
    for dataset in results.datasets:
        for entry in results.entries:
            records = results.records.get((dataset, entry), [])
            for metric in names:
                values = np.array([r.metrics[metric] for r in records if metric in r.metrics])
                rows.append(
                    {
                        "dataset": dataset,
                        "entry": entry,
                        "title": results.entry_titles[entry],
                        "metric": metric,
                        "mean": values.mean() if len(values) else np.nan,
                        "std": _std(values),
                        "seeds": len(values),
                        "expected": results.expected(dataset, entry=entry),
                        "keys": keys_of(records),
                    }
                )
    frame: pd.DataFrame = pd.DataFrame(rows)
    return frame


class Frames:
    """Frames of a suite's results.

    Args:
        results: the runs.
    """

    def __init__(self, results: SuiteResults) -> None:
        self.results = results
        self._samplings: dict[str, tuple[Columns, Pairs, Sampling]] = {}

    @cached_property
    def metrics(self) -> pd.DataFrame:
        """The frame of ``metric_frame``, and how far other test sessions could move it.

        Further columns: ``low`` and ``high``, the 95% interval of the mean from the sampling of
        test sessions; NaN for metrics that are not among the headline ones.
        """
        frame = metric_frame(self.results)
        intervals = {
            (dataset, *column): ends
            for dataset in self.results.datasets
            for column, ends in self._intervals(dataset).items()
        }
        places = zip(frame["dataset"], frame["entry"], frame["metric"], strict=True)
        ends = [intervals.get(place, (np.nan, np.nan)) for place in places]
        frame.insert(6, "low", [low for low, _ in ends])
        frame.insert(7, "high", [high for _, high in ends])
        return frame

    @cached_property
    def curves(self) -> pd.DataFrame:
        """Recall@K and MRR@K for K = 1 to 20, from the ranks.

        Columns: ``dataset``, ``entry``, ``measure`` (``recall`` or ``mrr``), ``k``, ``mean`` and
        ``std`` over seeds.
        """
        ks = np.arange(1, LARGEST_K + 1)
        parts = []
        for dataset, entry in self._present():
            ranks = self.results.ranks(dataset, entry=entry)
            hits = [np.bincount(row[row <= LARGEST_K], minlength=LARGEST_K + 1) for row in ranks]
            share = np.stack(hits)[:, 1:] / ranks.shape[1]
            for measure, values in (
                ("recall", np.cumsum(share, axis=1)),
                ("mrr", np.cumsum(share / ks, axis=1)),
            ):
                columns = {
                    "dataset": dataset,
                    "entry": entry,
                    "measure": measure,
                    "k": ks,
                    "mean": values.mean(axis=0),
                    "std": [_std(column) for column in values.T],
                }
                parts.append(pd.DataFrame(columns))
        frame: pd.DataFrame = pd.concat(parts, ignore_index=True)
        return frame

    @cached_property
    def differences(self) -> pd.DataFrame:
        """The subject less every other entry, paired over the same test prefixes.

        Columns: ``dataset``, ``entry`` and ``title`` (of the other), ``metric``, ``difference``,
        ``low``, ``high`` (95% interval), ``relative`` (the difference as a share of the other's
        mean), ``p_value``, ``p_holm`` (corrected over this whole frame), ``effect``, ``better``,
        ``worse``, ``seed_std`` (what the seeds alone would spread a difference of two single
        runs), ``subject_keys``, ``keys``.
        """
        results = self.results
        rows: list[dict[str, Any]] = []
        means = self.metrics.set_index(["dataset", "entry", "metric"])
        for dataset in results.datasets:
            columns, pairs, sampling = self._sampling(dataset)
            for (_, other), found in zip(pairs, sampling.comparisons, strict=True):
                entry, metric = columns[other]
                baseline = means.loc[(dataset, entry, metric)]
                subject = means.loc[(dataset, results.subject, metric)]
                rows.append(
                    {
                        "dataset": dataset,
                        "entry": entry,
                        "title": results.entry_titles[entry],
                        "metric": metric,
                        "difference": found.difference,
                        "low": found.low,
                        "high": found.high,
                        "relative": found.difference / baseline["mean"]
                        if baseline["mean"]
                        else np.nan,
                        "p_value": found.p_value,
                        "effect": found.effect,
                        "better": found.better,
                        "worse": found.worse,
                        "seed_std": float(np.hypot(baseline["std"], subject["std"])),
                        "subject_keys": subject["keys"],
                        "keys": baseline["keys"],
                    }
                )
        names = ["dataset", "entry", "title", "metric", "difference", "low", "high", "relative"]
        names += ["p_value", "effect", "better", "worse", "seed_std", "subject_keys", "keys"]
        frame: pd.DataFrame = pd.DataFrame(rows, columns=names)
        frame.insert(9, "p_holm", holm(frame["p_value"].to_numpy(dtype=float)))
        return frame

    @cached_property
    def slices(self) -> pd.DataFrame:
        """The headline metrics on parts of the test prefixes, and the subject's lead there.

        Columns: ``kind`` (which partition), ``slice`` (its label), ``dataset``, ``entry``,
        ``title``, ``metric``, ``mean``, ``error`` (standard error by session), ``difference`` (the
        subject less the entry, on the same prefixes), ``low``, ``high`` (95% interval, by session),
        ``prefixes``, ``keys``. Differences are NaN where the subject has no run, and for itself.
        """
        rows: list[dict[str, Any]] = []
        for dataset in self.results.datasets_with_runs:
            prefixes = self.results.prefixes(dataset)
            sessions = prefixes["session"].to_numpy()
            parts = slices_of(prefixes, target_ago=self.results.target_ago(dataset))
            subject = self._headline_scores(dataset, self.results.subject)
            for entry in self.results.present(dataset):
                values = self._headline_scores(dataset, entry)
                leads = subject - values if entry != self.results.subject else subject * np.nan
                for part in parts:
                    rows += self._slice_rows(part, dataset, entry, values, leads, sessions)
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
            tuning = records[0].tuning
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
                tuning = records[0].tuning
                assert tuning is not None
                for trial in self.results.trials(records[0]):
                    if trial["number"] == tuning.best_trial:
                        values |= {("choice", e["epoch"]): [e["value"]] for e in trial["epochs"]}
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
            budget = record.tuning.budget if record.tuning else 0
            for trial in self.results.trials(record)[:budget]:
                reached = [epoch["value"] for epoch in trial["epochs"]]
                value = trial["value"]
                if value is not None:
                    best = np.fmax(best, value)
                elif reached:
                    value = max(reached)
                rows.append(
                    {
                        "dataset": dataset,
                        "entry": entry,
                        "number": trial["number"],
                        "state": trial["state"],
                        "value": np.nan if value is None else value,
                        "best": best,
                        "seconds": trial["seconds"],
                        "parameters": trial["parameters"],
                    }
                )
        columns = ["dataset", "entry", "number", "state", "value", "best", "seconds", "parameters"]
        frame: pd.DataFrame = pd.DataFrame(rows, columns=columns)
        return frame

    @cached_property
    def importance(self) -> pd.DataFrame:
        """What each searched parameter explains of the spread between completed trials.

        Columns: ``dataset``, ``entry``, ``parameter``, ``importance`` (shares that add up to 1 per
        study). Studies with too few trials have no rows.
        """
        rows: list[dict[str, Any]] = []
        complete = self.trials[self.trials["state"] == "complete"]
        for (dataset, entry), trials in complete.groupby(["dataset", "entry"], sort=False):
            tuning = self.results.tuned_runs(str(dataset))[str(entry)].tuning
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

    def _intervals(self, dataset: str) -> dict[tuple[str, str], tuple[float, float]]:
        if not self.results.present(dataset):
            return {}
        columns, _, sampling = self._sampling(dataset)
        ends = zip(sampling.low, sampling.high, strict=True)
        return {column: (float(a), float(b)) for column, (a, b) in zip(columns, ends, strict=True)}

    def _sampling(self, dataset: str) -> tuple[Columns, Pairs, Sampling]:
        """Columns (entry, metric), pairs of (subject, other), and what sampling leaves open."""
        if dataset not in self._samplings:
            results = self.results
            present = results.present(dataset)
            columns = [(entry, metric) for entry in present for metric in HEADLINE]
            pairs = [
                (columns.index((results.subject, metric)), columns.index((entry, metric)))
                for metric in HEADLINE
                for entry in present
                if results.subject in present and entry != results.subject
            ]
            if not present:
                return columns, pairs, Sampling(np.array([]), np.array([]), [])
            sampling = compare(
                np.hstack([self._headline_scores(dataset, entry) for entry in present]),
                pairs=pairs,
                sessions=results.prefixes(dataset)["session"].to_numpy(),
                seed=seed_from("report", dataset),
            )
            self._samplings[dataset] = columns, pairs, sampling
        return self._samplings[dataset]

    def _headline_scores(self, dataset: str, entry: str) -> npt.NDArray[np.float64]:
        """Scores of each prefix, shape (prefixes, headline metrics); NaN without a run."""
        if entry not in self.results.present(dataset):
            return np.full((len(self.results.prefixes(dataset)), len(HEADLINE)), np.nan)
        ranks = self.results.ranks(dataset, entry=entry)
        return np.column_stack([prefix_scores(ranks, metric=metric) for metric in HEADLINE])

    def _slice_rows(
        self,
        part: Slice,
        dataset: str,
        entry: str,
        values: npt.NDArray[np.float64],
        leads: npt.NDArray[np.float64],
        sessions: npt.NDArray[np.int64],
    ) -> list[dict[str, Any]]:
        # Columns: the entry's mean per metric, then the subject's lead per metric.
        both = np.column_stack([values, leads])
        totals = by_session(both[part.mask], sessions=sessions[part.mask])
        means, mean_leads = np.split(totals.means, 2)
        errors, lead_errors = np.split(standard_errors(totals), 2)
        return [
            {
                "kind": part.kind,
                "slice": part.label,
                "dataset": dataset,
                "entry": entry,
                "title": self.results.entry_titles[entry],
                "metric": metric,
                "mean": float(means[column]),
                "error": float(errors[column]),
                "difference": float(mean_leads[column]),
                "low": float(mean_leads[column] - NORMAL_95 * lead_errors[column]),
                "high": float(mean_leads[column] + NORMAL_95 * lead_errors[column]),
                "prefixes": int(part.mask.sum()),
                "keys": keys_of(self.results.records[dataset, entry]),
            }
            for column, metric in enumerate(HEADLINE)
        ]


def keys_of(records: list[Record]) -> str:
    """Keys of runs as the results folder abbreviates them, separated by spaces."""
    return " ".join(record.key[:KEY_DIGITS] for record in records)


def _std(values: npt.NDArray[np.float64]) -> float:
    return float(values.std(ddof=1)) if len(values) > 1 else float("nan")

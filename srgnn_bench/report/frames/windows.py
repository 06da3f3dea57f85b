"""Means over the windows of a log."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from srgnn_bench.evaluation.statistics import Floats, SessionTotals, estimate, holm
from srgnn_bench.report.frames.scores import Scores
from srgnn_bench.report.results import SuiteResults, distinct


def log_of(results: SuiteResults, dataset: str) -> str:
    """Name of the log that a dataset with runs is a window of; its own where it is none.

    Windows are called by their log's name and their number. Titles do not tell: two may be alike.
    """
    window = results.facts(dataset).window_of is not None
    return dataset.rpartition("-")[0] if window else dataset


def windows_of(results: SuiteResults) -> dict[str, list[str]]:
    """Name of each log that was cut into windows -> names of those that have runs."""
    found: dict[str, list[str]] = {}
    for dataset in results.datasets_with_runs:
        if results.facts(dataset).window_of is not None:
            found.setdefault(log_of(results, dataset), []).append(dataset)
    return found


def log_titles(results: SuiteResults) -> dict[str, str]:
    """Titles of the logs of ``windows_of``, by name, no two alike."""
    titles = {log: results.facts(d).window_of for log, (d, *_) in windows_of(results).items()}
    return distinct({log: title for log, title in titles.items() if title is not None})


def window_frame(scores: Scores) -> pd.DataFrame:
    """The suite's metrics as means over windows, and the subject less every other entry.

    A window counts as one, however many sessions it has. What the mean would be over other
    windows is told by how far these differ, which holds what other sessions, other seeds and
    another tuning change within one: all are drawn anew in each. So the window is the unit, as the
    session is within one dataset; the reference is Student's t with one degree of freedom less
    than there are windows. Differences are paired by window. An entry counts where it has runs on
    every window that has any.

    Columns: ``windows_of`` (name of the log), ``entry``, ``title``, ``metric``, ``windows``
    (number), ``mean``, ``std`` (sample standard deviation between windows), ``low``, ``high`` (95%
    interval); ``difference`` (the subject less this entry), ``difference_low``,
    ``difference_high``, ``p_value``, ``p_holm`` (corrected over this frame), NaN for the subject
    itself.
    """
    results = scores.results
    rows: list[dict[str, Any]] = []
    for log, datasets in windows_of(results).items():
        for entry in results.entries:
            if not all(entry in results.present(dataset) for dataset in datasets):
                continue
            for metric in results.metrics:
                own = _one_each(scores, datasets, entry, metric)
                found = estimate(own)
                low, high = found.interval
                rows.append(
                    {
                        "windows_of": log,
                        "entry": entry,
                        "title": results.entry_titles[entry],
                        "metric": metric,
                        "windows": len(datasets),
                        "mean": float(found.value),
                        "std": float(found.error * np.sqrt(len(datasets))),
                        "low": float(low),
                        "high": float(high),
                        **_compared(scores, datasets, entry, metric, own),
                    }
                )
    names = ["windows_of", "entry", "title", "metric", "windows", "mean", "std", "low", "high"]
    names += ["difference", "difference_low", "difference_high", "p_value"]
    frame: pd.DataFrame = pd.DataFrame(rows, columns=names)
    frame["p_holm"] = holm(frame["p_value"].to_numpy(dtype=float))
    return frame


def _one_each(scores: Scores, datasets: list[str], entry: str, metric: str) -> SessionTotals:
    """An entry's means, each window in the place of a session with one prefix."""
    means: Floats = np.array([scores.of(d, entry, metric).mean() for d in datasets])
    return SessionTotals(means[None, :], np.ones(len(datasets)), chance=False)


def _compared(
    scores: Scores, datasets: list[str], entry: str, metric: str, own: SessionTotals
) -> dict[str, float]:
    subject = scores.results.subject
    if entry == subject or not all(subject in scores.results.present(d) for d in datasets):
        return {}
    found = estimate(_one_each(scores, datasets, subject, metric), own)
    low, high = found.interval
    return {
        "difference": float(found.value),
        "difference_low": float(low),
        "difference_high": float(high),
        "p_value": float(found.p_value),
    }

"""Every trial of tuning, and what they say of the parameters."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from srgnn_bench.report.frames.importance import importances
from srgnn_bench.report.results import SuiteResults


def trial_frame(results: SuiteResults) -> pd.DataFrame:
    """Every stored trial of tuning.

    Columns: ``dataset``, ``entry`` (or the model that all entries share), ``number``,
    ``state``, ``value`` (MRR@20 on validation; of a pruned trial, the best it had reached),
    ``best`` (so far, of completed trials), ``seconds``, ``parameters`` (a dict).
    """
    rows: list[dict[str, Any]] = []
    for dataset, entry, record in results.tuned_places:
        best = np.nan
        tuning = results.tuning(record)
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


def searched(trials: pd.DataFrame) -> pd.DataFrame:
    """The trials of studies with more than one."""
    searched: pd.DataFrame = trials[
        trials.groupby(["dataset", "entry"])["number"].transform("size") > 1
    ]
    return searched


def importance_frame(results: SuiteResults, *, trials: pd.DataFrame) -> pd.DataFrame:
    """What each searched parameter explains of the spread between completed trials.

    Columns: ``dataset``, ``entry``, ``parameter``, ``importance`` (shares that add up to 1 per
    study). Studies with too few trials have no rows.
    """
    rows: list[dict[str, Any]] = []
    complete = trials[trials["state"] == "complete"]
    for (dataset, entry), study in complete.groupby(["dataset", "entry"], sort=False):
        tuning = results.tuning(results.tuned_runs(str(dataset))[str(entry)])
        assert tuning is not None
        pairs = list(zip(study["parameters"], study["value"], strict=True))
        rows += [
            {"dataset": dataset, "entry": entry, "parameter": parameter, "importance": share}
            for parameter, share in importances(pairs, space=tuning.space).items()
        ]
    frame: pd.DataFrame = pd.DataFrame(
        rows, columns=["dataset", "entry", "parameter", "importance"]
    )
    return frame

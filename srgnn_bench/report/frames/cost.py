"""What training, tuning and ranking took."""

from __future__ import annotations

import numpy as np
import pandas as pd

from srgnn_bench.report.results import SuiteResults, keys_of


def cost_frame(results: SuiteResults) -> pd.DataFrame:
    """What training, tuning and ranking took, means over seeds, one row per dataset and entry.

    Columns: ``dataset``, ``entry``, ``title``, ``parameters``, ``epoch_seconds``, ``epochs``,
    ``train_seconds``, ``tuning_seconds`` (NaN without tuning), ``peak_memory_bytes``,
    ``session_milliseconds`` (ranking all prefixes of a test session), ``keys``.
    """
    rows = []
    for dataset, entry in results.places:
        records = results.records[dataset, entry]
        costs = [record.cost for record in records]
        tuning = results.tuning(records[0])
        sessions = records[0].dataset.test_sessions
        epochs = float(np.mean([cost.epochs for cost in costs]))
        seconds = float(np.mean([cost.train_seconds for cost in costs]))
        rows.append(
            {
                "dataset": dataset,
                "entry": entry,
                "title": results.entry_titles[entry],
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

"""Learning curves, epoch by epoch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from srgnn_bench.report.frames.metrics import spread_of
from srgnn_bench.report.results import SuiteResults


def learning_frame(results: SuiteResults) -> pd.DataFrame:
    """Epoch by epoch: training loss, and the metric that chose the number of epochs.

    Columns: ``dataset``, ``entry``, ``measure`` (``loss``, ``choice``), ``epoch``, ``mean``
    and ``std`` over seeds. ``choice`` is MRR@20 on the validation sessions in the trial that
    won, if the entry ran as that trial did; where the test set chose, MRR@20 on the test set.
    Fitted models have no rows.
    """
    rows: list[dict[str, Any]] = []
    for dataset, entry in results.places:
        records = [r for r in results.records[dataset, entry] if r.cost.epochs > 0]
        values: dict[tuple[str, int], list[float]] = {}
        for record in records:
            for epoch in results.store.epochs(record):
                values.setdefault(("loss", epoch["epoch"]), []).append(epoch["loss"])
                if epoch["judged"]:
                    chosen = epoch["judged"]["mrr@20"]
                    values.setdefault(("choice", epoch["epoch"]), []).append(chosen)
        if records and results.ran_as_tuned(records[0], entry=entry):
            tuning = results.tuning(records[0])
            won = None if tuning is None else tuning.best
            if won is not None:
                values |= {("choice", epoch): [value] for epoch, value in won.course.items()}
        rows += [
            {
                "dataset": dataset,
                "entry": entry,
                "measure": measure,
                "epoch": epoch,
                "mean": float(np.mean(seen)),
                "std": spread_of(np.array(seen)),
            }
            for (measure, epoch), seen in sorted(values.items())
        ]
    columns = ["dataset", "entry", "measure", "epoch", "mean", "std"]
    frame: pd.DataFrame = pd.DataFrame(rows, columns=columns)
    return frame

"""A suite's runs as frames for a notebook: one row per run, and their means."""

from __future__ import annotations

import pandas as pd

from srgnn_bench.report.frames.metrics import metric_frame
from srgnn_bench.report.results import SuiteResults
from srgnn_bench.store.keys import short


def run_frame(results: SuiteResults) -> pd.DataFrame:
    """Every finished run, in the suite's order.

    Columns: ``dataset``, ``entry``, ``title``, ``model``, ``protocol`` (``published`` is
    optimistic: the epoch was chosen on the test set), ``seed`` (its number in the suite, from 0),
    every stored metric and the suite's (shares between 0 and 1, such as ``recall@20``), every cost
    (``parameters``, ``epochs``, ``train_seconds``, ``rank_seconds``, ``ranked_prefixes``,
    ``peak_memory_bytes``), and ``key``, the name of the run's folder.
    """
    records = {record.key: record for record in results.all_records()}
    frame: pd.DataFrame = pd.DataFrame(
        {
            "dataset": cell.dataset,
            "entry": cell.entry,
            "title": cell.title,
            "model": cell.model,
            "protocol": records[cell.key].protocol_kind,
            "seed": cell.seed,
            **records[cell.key].metrics,
            **{m: results.measured(records[cell.key], m) for m in results.metrics},
            **records[cell.key].cost.model_dump(),
            "key": short(cell.key),
        }
        for cell in results.manifest.cells
        if cell.key in records
    )
    return frame


def summary_frame(results: SuiteResults) -> pd.DataFrame:
    """The suite's metrics of every entry with a finished run, in the suite's order.

    Index: ``dataset``, ``entry``. Columns: ``title``, ``protocol`` (``published`` is optimistic:
    the epoch was chosen on the test set), each metric by its name, such as ``recall@20`` (means
    over seeds, shares between 0 and 1) and ``recall@20 sd`` (sample standard deviation; NaN for
    fewer than two seeds, and for models without chance, which have none), ``seeds`` (finished).
    """
    long = metric_frame(results).set_index(["dataset", "entry"])
    long = long[long["seeds"] > 0]
    columns: dict[str, pd.Series] = {}
    for metric in results.metrics:
        rows = long[long["metric"] == metric]
        columns |= {"title": rows["title"], metric: rows["mean"], f"{metric} sd": rows["std"]}
        columns["seeds"] = rows["seeds"]
    order = ["title", *(f"{m}{end}" for m in results.metrics for end in ("", " sd")), "seeds"]
    frame: pd.DataFrame = pd.DataFrame(columns)[order]
    frame.insert(1, "protocol", results.spec.protocol.kind)
    return frame

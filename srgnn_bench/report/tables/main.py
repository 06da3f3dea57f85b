"""The main table: the suite's metrics of every entry on every dataset."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from srgnn_bench.evaluation.metrics import metric_title
from srgnn_bench.report.frames import Frames
from srgnn_bench.report.tables.metric_table import metric_table
from srgnn_bench.report.tables.table import Table, TableSpec


def main_table(frames: Frames) -> Table:
    """The suite's metrics, Recall@20 and MRR@20 unless it names others, on every dataset."""
    results = frames.results
    table = metric_table(
        frames,
        datasets=results.datasets,
        metrics=[results.metrics],
        name="table",
        title=results.title,
    )
    gains = relative_gains(frames)
    if not gains:
        return table
    subject = results.entry_titles[results.subject]
    line = f"Relative gain of {subject} over the best other entry: {'; '.join(gains)}."
    return replace(table, lines=(*table.lines, line))


def relative_gains(frames: Frames) -> list[str]:
    """The subject against the best other entry, per complete dataset and metric.

    None of an ablation, whose subject is a point of reference and no contender.
    """
    results, frame = frames.results, frames.differences
    gains: list[str] = []
    if results.is_ablation:
        return gains
    for dataset in results.datasets:
        for metric in results.metrics:
            if frame.empty or not results.is_complete(dataset):
                continue
            here = frame[(frame["dataset"] == dataset) & (frame["metric"] == metric)]
            if here.empty:  # the subject was not run on this dataset
                continue
            best = here.loc[here["difference"].idxmin()]  # the least ahead of it is the best
            if np.isnan(best["relative"]):  # no entry finds anything
                continue
            gain = f"{100 * best['relative']:+.1f}%".replace("-", "−")
            where = f"{results.dataset_titles[dataset]} {metric_title(metric)}"
            gains.append(f"{where} {gain} ({best['title']})")
    return gains


TABLE = TableSpec(lambda frames: [main_table(frames)], order=10)

"""Every measure at other lengths of the list."""

from __future__ import annotations

from srgnn_bench.evaluation.metrics import MEASURES
from srgnn_bench.report.frames import Frames
from srgnn_bench.report.tables.metric_table import metric_table
from srgnn_bench.report.tables.table import Table, TableSpec, per_dataset


def length_of_list_table(frames: Frames, *, dataset: str) -> Table:
    """Every measure at the suite's cutoffs, 5, 10 and 20 unless it names others, on one dataset."""
    return metric_table(
        frames,
        datasets=[dataset],
        metrics=[[f"{m}@{k}" for k in frames.results.spec.cutoffs] for m in MEASURES],
        name=f"lengths-of-list-{dataset}",
        title=f"{frames.results.dataset_titles[dataset]}: other lengths of the list",
    )


TABLE = TableSpec(per_dataset(length_of_list_table), order=40)

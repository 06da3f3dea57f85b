"""A table of metrics per entry and dataset."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from srgnn_bench.evaluation.metrics import metric_title
from srgnn_bench.report.captions import card, suffix
from srgnn_bench.report.frames import Frames
from srgnn_bench.report.tables.table import (
    MISSING,
    PARTIAL,
    Mark,
    Table,
    TableCell,
    finite,
    percent,
)


def metric_table(
    frames: Frames,
    *,
    datasets: Sequence[str],
    metrics: Sequence[Sequence[str]],
    name: str,
    title: str,
    marked: bool = True,
    explanation: str | None = None,
) -> Table:
    """Metrics in percent per entry and dataset, mean and spread over seeds.

    ``metrics`` come in groups; each stands under its dataset's title. The best entry of a column
    is marked, and the second. A column with missing runs carries no marks: what is not there
    might have been better.
    """
    results = frames.results
    frame = frames.metrics
    wanted = frame["metric"].isin(set().union(*metrics)) & frame["dataset"].isin(datasets)
    frame = frame[wanted].reset_index(drop=True)
    groups = [(dataset, group) for dataset in datasets for group in metrics]
    columns = [(dataset, metric) for dataset, group in groups for metric in group]
    marks = {
        (dataset, metric): _marks(frame, dataset, metric)
        if marked and results.is_complete(dataset)
        else {}
        for dataset, metric in columns
    }
    by_place = frame.set_index(["dataset", "entry", "metric"])
    rows = []
    for entry in results.entries:
        cells = [TableCell(results.entry_titles[entry], entry=entry)]
        for dataset, metric in columns:
            numbers = by_place.loc[(dataset, entry, metric)]
            text = percent(numbers["mean"], std=numbers["std"])
            if 0 < numbers["seeds"] < numbers["expected"]:
                text += PARTIAL
            mark = marks[dataset, metric].get(entry)
            cells.append(TableCell(text, mark, finite(numbers["mean"])))
        rows.append(tuple(cells))
    explanations = [explanation] if explanation else []
    return Table(
        name=name,
        title=title + suffix(results),
        groups=tuple((results.dataset_titles[d], len(group)) for d, group in groups),
        columns=("Model", *(metric_title(metric) for _, metric in columns)),
        rows=tuple(rows),
        note=" ".join([_spread_line(frame), *explanations[:1]]),
        lines=(_spread_line(frame), *explanations),
        card=tuple(card(results, datasets=datasets)),
        data=frame,
    )


def _marks(frame: pd.DataFrame, dataset: str, metric: str) -> dict[str, Mark]:
    """Best and second entry of a column; equal means share a mark."""
    column = frame[(frame["dataset"] == dataset) & (frame["metric"] == metric)]
    ordered = sorted(set(column["mean"].dropna()), reverse=True)
    names: tuple[Mark, ...] = ("best", "second")
    by_value = dict(zip(ordered, names, strict=False))
    return {
        entry: by_value[mean]
        for entry, mean in zip(column["entry"], column["mean"], strict=True)
        if mean in by_value
    }


def _spread_line(frame: pd.DataFrame) -> str:
    most = int(frame["seeds"].max())
    line = "In percent. "
    line += (
        f"Mean ± standard deviation over {most} seeds; a model without ± has no chance in it, or "
        "one seed."
        if most > 1
        else "One seed: its spread is unknown."
    )
    if np.any(frame["seeds"] < frame["expected"]):
        line += (
            f" {MISSING} no run; {PARTIAL} fewer seeds than planned; incomplete data sets carry no "
            "marks for best and second."
        )
    elif np.any(frame["seeds"] == 0):
        line += f" {MISSING} not asked for."
    return line

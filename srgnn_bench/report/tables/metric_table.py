"""A table of metrics per entry and dataset."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from srgnn_bench.evaluation.metrics import metric_title
from srgnn_bench.report.captions import card, suffix
from srgnn_bench.report.frames import Frames
from srgnn_bench.report.results import SuiteResults
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
    spread = _spread_line(results, frame, marked=marked)
    return Table(
        name=name,
        title=title + suffix(results),
        groups=tuple((results.dataset_titles[d], len(group)) for d, group in groups),
        columns=("Model", *(metric_title(metric) for _, metric in columns)),
        rows=tuple(rows),
        note=" ".join([spread, *explanations[:1]]),
        lines=(spread, *explanations),
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


def _spread_line(results: SuiteResults, frame: pd.DataFrame, *, marked: bool) -> str:
    """What the cells are, and each sign that occurs among them."""
    told = ["In percent."]
    spread = frame[frame["std"].notna()]
    if len(spread):
        told.append(
            f"Mean ± standard deviation over {spread['seeds'].max()} seeds; a model without ± has "
            "no chance in it, or one seed."
        )
    elif any(results.has_chance(d, e) for d, e in results.places if d in set(frame["dataset"])):
        told.append("One seed: its spread is unknown.")
    seeds, expected = frame["seeds"], frame["expected"]
    signs = {
        f"{MISSING} no run": (seeds == 0) & (expected > 0),
        f"{MISSING} not asked for": expected == 0,
        f"{PARTIAL} fewer seeds than planned": (seeds > 0) & (seeds < expected),
        "incomplete data sets carry no marks for best and second": marked & (seeds < expected),
    }
    found = [sign for sign, where in signs.items() if where.any()]
    return " ".join([*told, *([f"{'; '.join(found)}."] if found else [])])

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
    might have been better. ``explanation`` says what the metrics are where there is room; under a
    float there is none, so the title should.
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
    line, note = _about_cells(results, frame, marked=marked)
    return Table(
        name=name,
        title=title + suffix(results),
        groups=tuple((results.dataset_titles[d], len(group)) for d, group in groups),
        columns=("Model", *(metric_title(metric) for _, metric in columns)),
        rows=tuple(rows),
        note=note,
        lines=(line, *([explanation] if explanation else [])),
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


def _about_cells(results: SuiteResults, frame: pd.DataFrame, *, marked: bool) -> tuple[str, str]:
    """What the cells are, and each sign that occurs among them: in full, and under a float."""
    line = short = "In percent."
    seeds, expected, alone = frame["seeds"], frame["expected"], frame["std"].isna()
    if not alone.all():
        most = f"{seeds[~alone].max()} seeds"
        line += (
            f" Mean ± standard deviation over {most}; a model without ± has no chance in it, or "
            "one seed."
        )
        without = " (no ±: no chance, or one seed)" if (alone & (seeds > 0)).any() else ""
        short = f"In percent ± sd over {most}{without}."
    elif any(results.has_chance(d, e) for d, e in results.places if d in set(frame["dataset"])):
        line += " One seed: its spread is unknown."
        short += " One seed."
    signs = [
        ((seeds == 0) & (expected > 0), f"{MISSING} no run", f"{MISSING}: no run"),
        (expected == 0, f"{MISSING} not asked for", f"{MISSING}: not asked for"),
        (
            (seeds > 0) & (seeds < expected),
            f"{PARTIAL} fewer seeds than planned",
            f"{PARTIAL}: seeds missing",
        ),
        (
            marked & (seeds < expected),
            "incomplete data sets carry no marks for best and second",
            "no best or second there",
        ),
    ]
    found = [sign for where, *sign in signs if where.any()]
    if found:
        lines, shorts = zip(*found, strict=True)
        line, short = f"{line} {'; '.join(lines)}.", f"{short} {'; '.join(shorts)}."
    return line, short

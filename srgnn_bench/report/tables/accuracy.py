"""Tables of metrics per entry and dataset: the main one, and those that go beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from srgnn_bench.report.captions import card, suffix
from srgnn_bench.report.frames import HEADLINE, Frames
from srgnn_bench.report.tables.table import (
    MISSING,
    PARTIAL,
    Mark,
    Table,
    TableCell,
    finite,
    metric_title,
    percent,
)


def main_table(frames: Frames) -> Table:
    """Recall@20 and MRR@20 on every dataset."""
    results = frames.results
    table = metric_table(
        frames,
        datasets=results.datasets,
        metrics=[HEADLINE],
        name="table",
        title=results.spec.title,
    )
    gains = relative_gains(frames)
    if not gains:
        return table
    subject = results.entry_titles[results.subject]
    line = f"Relative gain of {subject} over the best other entry: {'; '.join(gains)}."
    return replace(table, lines=(table.lines[0], line, *table.lines[1:]))


def relative_gains(frames: Frames) -> list[str]:
    """The subject against the best other entry, per complete dataset and metric.

    None of an ablation, whose subject is a point of reference and no contender.
    """
    results, frame = frames.results, frames.differences
    gains: list[str] = []
    if results.is_ablation:
        return gains
    for dataset in results.datasets:
        for metric in HEADLINE:
            if frame.empty or not results.is_complete(dataset):
                continue
            here = frame[(frame["dataset"] == dataset) & (frame["metric"] == metric)]
            if here.empty:  # the subject was not run on this dataset
                continue
            best = here.loc[here["difference"].idxmin()]  # the least ahead of it is the best
            gain = f"{100 * best['relative']:+.1f}%".replace("-", "−")
            where = f"{results.dataset_titles[dataset]} {metric_title(metric)}"
            gains.append(f"{where} {gain} ({best['title']})")
    return gains


def length_of_list_table(frames: Frames, *, dataset: str) -> Table:
    """Recall, MRR and NDCG at 5, 10 and 20 on one dataset."""
    return metric_table(
        frames,
        datasets=[dataset],
        metrics=[[f"{m}@{k}" for k in (5, 10, 20)] for m in ("recall", "mrr", "ndcg")],
        name=f"lengths-of-list-{dataset}",
        title=f"{frames.results.dataset_titles[dataset]}: other lengths of the list",
    )


def beyond_table(frames: Frames) -> Table | None:
    """What the lists hold beside the target, or None where no run stored it.

    Nothing is marked as best: whether popular or repeated items are wanted is not a matter of
    accuracy.
    """
    stored = set(frames.metrics["metric"])
    names = [n for n in ("coverage@20", "popularity@20", "repeat@20") if n in stored]
    if not names:
        return None
    return metric_table(
        frames,
        datasets=frames.results.datasets,
        metrics=[names],
        name="beyond-accuracy",
        title="Beyond accuracy",
        marked=False,
        explanation=(
            "Coverage: share of the catalogue that stands in at least one list. Popularity: mean "
            "of the recommended items' training clicks, as a share of the most popular item's. "
            "Repeats: share of the recommended items that the prefix already holds."
        ),
    )


def error_table(frames: Frames) -> Table:
    """Two kinds of uncertainty side by side: another seed, and other test sessions."""
    results = frames.results
    frame = frames.metrics
    frame = frame[frame["metric"].isin(HEADLINE)].reset_index(drop=True)
    by_place = frame.set_index(["dataset", "entry", "metric"])
    groups = [(dataset, metric) for dataset in results.datasets for metric in HEADLINE]
    rows = []
    for entry in results.entries:
        cells = [TableCell(results.entry_titles[entry], entry=entry)]
        for dataset, metric in groups:
            numbers = by_place.loc[(dataset, entry, metric)]
            half = (numbers["high"] - numbers["low"]) / 2
            cells += [
                TableCell(percent(numbers["mean"]), value=finite(numbers["mean"])),
                TableCell(percent(numbers["std"]), value=finite(numbers["std"])),
                TableCell(percent(half), value=finite(half)),
            ]
        rows.append(tuple(cells))
    return Table(
        name="uncertainty",
        title="Spread over seeds and sampling error" + suffix(results),
        groups=tuple((f"{results.dataset_titles[d]}: {metric_title(m)}", 3) for d, m in groups),
        columns=("Model", *("mean", "seeds", "sampling") * len(groups)),
        rows=tuple(rows),
        lines=(
            "In percent. Seeds: standard deviation over seeds, how much another training would "
            "differ. Sampling: half the width of the 95% interval (bootstrap over test sessions), "
            "how much other test sessions would differ. The two answer different questions and do "
            "not add up to one.",
            *card(results),
        ),
        data=frame,
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
        lines=(_spread_line(frame), *explanations, *card(results, datasets=datasets)),
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
        f"Mean ± standard deviation over {most} seeds."
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

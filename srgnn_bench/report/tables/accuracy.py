"""Tables of metrics per entry and dataset: the main one, and those that go beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from srgnn_bench.evaluation.metrics import MEASURES, metric_title
from srgnn_bench.report.captions import SESSIONS_ONLY, card, describe_intervals, suffix
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


def main_table(frames: Frames) -> Table:
    """The suite's metrics, Recall@20 and MRR@20 unless it names others, on every dataset."""
    results = frames.results
    table = metric_table(
        frames,
        datasets=results.datasets,
        metrics=[results.metrics],
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


def length_of_list_table(frames: Frames, *, dataset: str) -> Table:
    """Every measure at the suite's cutoffs, 5, 10 and 20 unless it names others, on one dataset."""
    return metric_table(
        frames,
        datasets=[dataset],
        metrics=[[f"{m}@{k}" for k in frames.results.spec.cutoffs] for m in MEASURES],
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
    """The two parts of the uncertainty, seeds and test sessions, and what they make together."""
    results = frames.results
    frame = frames.metrics
    frame = frame[frame["metric"].isin(results.metrics)].reset_index(drop=True)
    by_place = frame.set_index(["dataset", "entry", "metric"])
    groups = [(dataset, metric) for dataset in results.datasets for metric in results.metrics]
    rows = []
    for entry in results.entries:
        cells = [TableCell(results.entry_titles[entry], entry=entry)]
        for dataset, metric in groups:
            numbers = by_place.loc[(dataset, entry, metric)]
            half = (numbers["high"] - numbers["low"]) / 2
            mark = SESSIONS_ONLY if numbers["with_seeds"] is False else ""
            values = [numbers[n] for n in ("mean", "std", "error_seeds", "error_sessions")]
            cells += [TableCell(percent(value), value=finite(value)) for value in values]
            cells.append(TableCell(percent(half) + mark, value=finite(half)))
        rows.append(tuple(cells))
    return Table(
        name="uncertainty",
        title="Uncertainty from seeds and from test sessions" + suffix(results),
        groups=tuple((f"{results.dataset_titles[d]}: {metric_title(m)}", 5) for d, m in groups),
        columns=("Model", *("mean", "sd", "seeds", "sessions", "±") * len(groups)),
        rows=tuple(rows),
        lines=(
            "In percent. sd: standard deviation between seeds, how much another training differs. "
            "seeds, sessions: standard errors of the mean from the finite number of seeds and of "
            f"test sessions ({MISSING} under sd: no chance in the model, or one seed). ±: half the "
            f"95% interval, which holds {describe_intervals(frame['with_seeds'], marked=True)}.",
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

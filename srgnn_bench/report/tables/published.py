"""The suite's numbers beside those that papers print."""

from __future__ import annotations

from typing import Any

import pandas as pd

from srgnn_bench.evaluation.metrics import metric_title
from srgnn_bench.report.captions import card, suffix
from srgnn_bench.report.frames import Frames
from srgnn_bench.report.printed import PrintedNumber, Published, printed_numbers, read_published
from srgnn_bench.report.tables.table import (
    MISSING,
    Table,
    TableCell,
    TableSpec,
    finite,
    percent,
)


def published_tables(frames: Frames, *, papers: dict[str, Published]) -> list[Table]:
    """One table per paper that prints a number for a dataset and model that has run.

    None for an ablation.
    """
    printed = printed_numbers(frames.results, papers)
    made = (
        _table(frames, paper, [number for number in printed if number.paper == name])
        for name, paper in papers.items()
    )
    return [table for table in made if table is not None]


def _table(frames: Frames, paper: Published, found: list[PrintedNumber]) -> Table | None:
    results = frames.results
    if not found:
        return None
    printed_of = {(n.dataset, n.entry, n.metric): 100 * n.value for n in found}
    datasets = [d for d in results.datasets if d in {number.dataset for number in found}]
    entries = [e for e in results.entries if e in {number.entry for number in found}]
    ours = frames.metrics.set_index(["dataset", "entry", "metric"])
    rows, data = [], []
    for entry in entries:
        cells = [TableCell(results.entry_titles[entry], entry=entry)]
        for dataset in datasets:
            for metric in results.metrics:
                numbers = ours.loc[(dataset, entry, metric)]
                printed = printed_of.get((dataset, entry, metric))
                cells += [
                    TableCell(MISSING if printed is None else f"{printed:.2f}", value=printed),
                    TableCell(
                        percent(numbers["mean"], std=numbers["std"]), value=finite(numbers["mean"])
                    ),
                ]
                data.append(_row(paper, dataset, entry, metric, printed, numbers))
        rows.append(tuple(cells))
    how = "the same way" if results.optimistic else "without looking at the test set"
    return Table(
        name=f"published-{found[0].paper}",
        title="Beside the printed numbers" + suffix(results),
        groups=tuple(
            (f"{results.dataset_titles[d]}: {metric_title(m)}", 2)
            for d in datasets
            for m in results.metrics
        ),
        columns=("Model", *("printed", "ours") * (len(datasets) * len(results.metrics))),
        rows=tuple(rows),
        note=f"In percent. Printed: {found[0].short_source}. Ours: chosen {how}.",
        lines=(
            f"In percent. Printed in {paper.source}. {paper.protocol}. Ours: chosen {how}; what "
            "the two columns have in common is the test, so a difference is not by itself a "
            "failure to reproduce.",
        ),
        card=tuple(card(results, datasets=datasets)),
        data=pd.DataFrame(data),
    )


def _row(
    paper: Published,
    dataset: str,
    entry: str,
    metric: str,
    printed: float | None,
    numbers: pd.Series[Any],
) -> dict[str, Any]:
    return {
        "source": paper.source,
        "dataset": dataset,
        "entry": entry,
        "metric": metric,
        "printed": None if printed is None else printed / 100,
        "ours": numbers["mean"],
        "std": numbers["std"],
        "keys": numbers["keys"],
    }


TABLE = TableSpec(lambda frames: published_tables(frames, papers=read_published()), order=70)

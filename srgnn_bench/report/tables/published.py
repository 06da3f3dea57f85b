"""The suite's numbers beside those that papers print."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from srgnn_bench.evaluation.metrics import metric_title
from srgnn_bench.report.captions import card, suffix
from srgnn_bench.report.frames import Frames
from srgnn_bench.report.tables.table import (
    MISSING,
    Table,
    TableCell,
    TableSpec,
    finite,
    percent,
)
from srgnn_bench.specs import registry
from srgnn_bench.specs.fields import Spec
from srgnn_bench.specs.reading import read_spec
from srgnn_bench.store.record import DatasetFacts


class Published(Spec):
    """Numbers that a paper prints, from ``properties/published/``."""

    source: str
    """Paper and table."""

    protocol: str
    """How the printed numbers came about, and so why they differ."""

    numbers: dict[str, dict[str, dict[str, float]]]
    """Dataset -> model -> metric -> percent."""


def read_published(folder: Path | None = None) -> dict[str, Published]:
    """Every paper's numbers, by file name.

    Args:
        folder: where the files are; the shipped ones unless given.

    Raises:
        SpecError: a file is not a valid one.
    """
    found = {}
    for path in sorted((folder or registry.properties_folder() / "published").glob("*.yaml")):
        found[path.stem] = read_spec(path, Published)
    return found


def published_tables(frames: Frames, *, papers: dict[str, Published]) -> list[Table]:
    """One table per paper that prints a number for a dataset and model that has run.

    None for an ablation: a paper's number for the model is no number for its variants.
    """
    if frames.results.is_ablation:
        return []
    made = (_table(frames, name, paper) for name, paper in papers.items())
    return [table for table in made if table is not None]


def _table(frames: Frames, name: str, paper: Published) -> Table | None:
    results = frames.results
    models = {cell.entry: cell.model for cell in results.manifest.cells}
    comparable = [
        (dataset, entry)
        for (dataset, entry), records in results.records.items()
        if records and models[entry] in paper.numbers.get(dataset, {})
        if _is_the_papers(dataset, records[0].dataset)
    ]
    if not comparable:
        return None
    datasets = [d for d in results.datasets if d in {dataset for dataset, _ in comparable}]
    entries = [e for e in results.entries if e in {entry for _, entry in comparable}]
    ours = frames.metrics.set_index(["dataset", "entry", "metric"])
    rows, data = [], []
    for entry in entries:
        cells = [TableCell(results.entry_titles[entry], entry=entry)]
        for dataset in datasets:
            printed_here = paper.numbers[dataset].get(models[entry], {})
            for metric in results.metrics:
                numbers = ours.loc[(dataset, entry, metric)]
                printed = printed_here.get(metric)
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
        name=f"published-{name}",
        title="Beside the printed numbers" + suffix(results),
        groups=tuple(
            (f"{results.dataset_titles[d]}: {metric_title(m)}", 2)
            for d in datasets
            for m in results.metrics
        ),
        columns=("Model", *("printed", "ours") * (len(datasets) * len(results.metrics))),
        rows=tuple(rows),
        lines=(
            f"In percent. Printed in {paper.source}. {paper.protocol}. Ours: chosen {how}; what "
            "the two columns have in common is the data, so a difference is not by itself a "
            "failure to reproduce.",
            *card(results, datasets=datasets),
        ),
        data=pd.DataFrame(data),
    )


def _is_the_papers(dataset: str, facts: DatasetFacts) -> bool:
    """Whether runs trained on the data that papers mean by a name: the counts of one source fit.

    Anybody may call data of their own ``diginetica``, or prepare it in another way.
    """
    names = ("train_sessions", "train_clicks", "train_prefixes")
    return any(
        all(getattr(counts, name) in (None, getattr(facts, name)) for name in names)
        for counts in registry.dataset(dataset).expected.values()
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

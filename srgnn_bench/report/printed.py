"""The numbers that papers print of what a suite ran."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from srgnn_bench.report.results import SuiteResults
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


@dataclass(frozen=True)
class PrintedNumber:
    """A number of a paper, a share."""

    paper: str
    source: str
    dataset: str
    entry: str
    metric: str
    value: float

    @property
    def short_source(self) -> str:
        """Authors and year."""
        year = re.search(r"\b(19|20)\d\d\b", self.source)
        authors = self.source.partition(",")[0]
        return f"{authors} ({year[0]})" if year else authors


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


def printed_numbers(
    results: SuiteResults, papers: dict[str, Published] | None = None
) -> list[PrintedNumber]:
    """What papers print of the suite's metrics for the data sets and models that have run.

    Nothing for an ablation: a paper's number for the model is no number for its variants.

    Args:
        results: the suite.
        papers: by file name; the shipped ones unless given.
    """
    if results.is_ablation:
        return []
    models = {cell.entry: cell.model for cell in results.manifest.cells}
    papers = read_published() if papers is None else papers
    of_papers = {
        dataset
        for dataset in results.datasets_with_runs
        if any(dataset in paper.numbers for paper in papers.values())
        and _is_the_papers(dataset, results.facts(dataset))
    }
    return [
        PrintedNumber(name, paper.source, dataset, entry, metric, printed[metric] / 100)
        for name, paper in papers.items()
        for (dataset, entry), records in results.records.items()
        if records and dataset in of_papers
        for printed in [paper.numbers.get(dataset, {}).get(models[entry], {})]
        for metric in results.metrics
        if metric in printed
    ]


def _is_the_papers(dataset: str, facts: DatasetFacts) -> bool:
    """Whether runs trained on the data that papers mean by a name: the counts of one source fit.

    Anybody may call data of their own ``diginetica``, or prepare it in another way.
    """
    names = ("train_sessions", "train_clicks", "train_prefixes")
    return any(
        all(getattr(counts, name) in (None, getattr(facts, name)) for name in names)
        for counts in registry.dataset(dataset).expected.values()
    )

"""From stored records to frames: what every table and figure is made of.

Nothing here draws or formats. A suite's results are read once, checked, and handed on as a
:class:`SuiteResults`; the frames made of it are long, unrounded and traceable to the runs' keys.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import ValidationError

from srgnn_bench.errors import StoreError
from srgnn_bench.evaluation.metrics import mrr, recall
from srgnn_bench.schema import SuiteSpec
from srgnn_bench.store.keys import RESULTS_VERSION
from srgnn_bench.store.record import Cell, Manifest, Record
from srgnn_bench.store.store import KEY_DIGITS, ResultStore

Matrix = npt.NDArray[np.int64]

PREFIX_COLUMNS = ["session", "length", "target_count"]


@dataclass(frozen=True)
class Hole:
    """An expected run without a record, and why."""

    cell: Cell
    reason: str


@dataclass(frozen=True)
class SuiteResults:
    """Everything stored about a suite, in the suite's own order of datasets and entries.

    Attributes:
        manifest: which runs the suite is made of.
        spec: the suite as it was last run.
        records: records of each (dataset, entry), by seed; empty lists where all are missing.
        holes: the expected runs that have no record.
    """

    store: ResultStore
    manifest: Manifest
    spec: SuiteSpec
    records: dict[tuple[str, str], list[Record]]
    holes: tuple[Hole, ...]
    _frames: dict[str, pd.DataFrame] = field(default_factory=dict, repr=False)

    @property
    def datasets(self) -> list[str]:
        """Names of the datasets."""
        return list(dict.fromkeys(cell.dataset for cell in self.manifest.cells))

    @property
    def entries(self) -> list[str]:
        """Names of the entries: models, or variants of one."""
        return list(dict.fromkeys(cell.entry for cell in self.manifest.cells))

    @property
    def entry_titles(self) -> dict[str, str]:
        """Titles of the entries, by name."""
        return {cell.entry: cell.title for cell in self.manifest.cells}

    @property
    def dataset_titles(self) -> dict[str, str]:
        """Titles of the datasets, by name; the name itself where no run tells the title."""
        titles = {name: name for name in self.datasets}
        for (dataset, _), records in self.records.items():
            for record in records:
                titles[dataset] = record.dataset.title
        return titles

    @property
    def optimistic(self) -> bool:
        """Whether the best epoch was chosen on the test set."""
        return self.spec.protocol.kind == "published"

    def all_records(self) -> list[Record]:
        """Every record, in the suite's order; a run that two entries share appears once."""
        unique = {record.key: record for records in self.records.values() for record in records}
        return list(unique.values())

    def expected(self, dataset: str, *, entry: str) -> int:
        """Runs that the suite asks for."""
        cells = self.manifest.cells
        return sum(cell.dataset == dataset and cell.entry == entry for cell in cells)

    def is_complete(self, dataset: str) -> bool:
        """Whether every run on a dataset is there."""
        return not any(hole.cell.dataset == dataset for hole in self.holes)

    def present(self, dataset: str) -> list[str]:
        """Entries with at least one run on a dataset."""
        return [entry for entry in self.entries if self.records.get((dataset, entry))]

    def ranks(self, dataset: str, *, entry: str) -> Matrix:
        """Ranks of the targets, shape (seeds, prefixes)."""
        records = self.records[dataset, entry]
        return np.stack([self._frame(record)["rank"].to_numpy(np.int64) for record in records])

    def prefixes(self, dataset: str) -> pd.DataFrame:
        """The test prefixes that all runs on a dataset ranked: session, length, target_count."""
        first = self.records[dataset, self.present(dataset)[0]][0]
        prefixes: pd.DataFrame = self._frame(first)[PREFIX_COLUMNS]
        return prefixes

    def _frame(self, record: Record) -> pd.DataFrame:
        if record.key not in self._frames:
            self._frames[record.key] = self.store.ranks(record)
        return self._frames[record.key]

    def check(self) -> None:
        """Refuse runs that no table may put side by side.

        Raises:
            StoreError: a record disagrees with its own ranks, runs on one dataset ranked
                different test prefixes, or the protocols differ.
        """
        for record in self.all_records():
            if record.protocol_kind != self.spec.protocol.kind:
                raise StoreError(
                    f"Suite {self.manifest.suite} runs under the protocol "
                    f"{self.spec.protocol.kind}, but {_name(record)} was made under "
                    f"{record.protocol_kind}.",
                    remedy="Numbers of different protocols do not compare: run the suite again.",
                )
            ranks = self._frame(record)["rank"].to_numpy(np.int64)
            for metric, function in (("recall@20", recall), ("mrr@20", mrr)):
                if not np.isclose(record.metrics[metric], function(ranks, k=20), atol=1e-9):
                    raise StoreError(
                        f"The record of {_name(record)} says {metric} = "
                        f"{record.metrics[metric]!r}, its ranks say {function(ranks, k=20)!r}.",
                        remedy="Delete its folder and run again.",
                    )
        for dataset in self.datasets:
            self._check_pairing(dataset)

    def _check_pairing(self, dataset: str) -> None:
        for entry in self.present(dataset):
            for record in self.records[dataset, entry]:
                if not self._frame(record)[PREFIX_COLUMNS].equals(self.prefixes(dataset)):
                    raise StoreError(
                        f"{_name(record)} ranked other test prefixes than the other runs on "
                        f"{dataset}.",
                        remedy="Run the suite again, so that all its runs see the same data.",
                    )


def load_suite(store: ResultStore, *, suite: str) -> SuiteResults:
    """Read and check all that is stored about a suite.

    Raises:
        StoreError: the suite was never run, none of its runs is finished, or what is stored
            cannot be compared (see :meth:`SuiteResults.check`).
    """
    manifest = store.manifest(suite)
    if manifest is None:
        known = ", ".join(store.suites()) or "none"
        raise StoreError(
            f"{store.root} holds no suite named {suite} (it holds: {known}).",
            remedy="Run it first, or name the folder with --results.",
        )
    try:
        spec = SuiteSpec.model_validate(manifest.spec)
    except ValidationError as error:
        raise StoreError(
            f"The stored suite {suite} cannot be read ({error.errors()[0]['msg']}).",
            remedy="Run the suite again.",
        ) from error
    records: dict[tuple[str, str], list[Record]] = {}
    holes = []
    for cell in manifest.cells:
        found = records.setdefault((cell.dataset, cell.entry), [])
        record = None
        if cell.key is not None:
            record = store.record(dataset=cell.dataset, model=cell.model, key=cell.key)
        if record is None:
            holes.append(Hole(cell, _reason(store, cell)))
        else:
            found.append(record)
    if len(holes) == len(manifest.cells):
        raise StoreError(
            f"None of the {len(holes)} runs of suite {suite} is finished.",
            remedy="Run the suite first; srgnn-bench status says what stands in the way.",
        )
    results = SuiteResults(store, manifest, spec, records, tuple(holes))
    results.check()
    return results


def _reason(store: ResultStore, cell: Cell) -> str:
    if cell.key is None:
        return "not tuned"
    failure = store.failure(dataset=cell.dataset, model=cell.model, key=cell.key)
    return "missing" if failure is None else "failed"


def _name(record: Record) -> str:
    return f"{record.identity.dataset}/{record.model}/{record.key[:KEY_DIGITS]}"


def metric_frame(results: SuiteResults) -> pd.DataFrame:
    """Mean and standard deviation over seeds of every stored metric.

    Returns:
        One row per dataset, entry and metric: ``dataset``, ``entry``, ``title``, ``metric``,
        ``mean``, ``std`` (sample standard deviation; NaN for fewer than two seeds), ``seeds``
        (finished), ``expected`` and ``keys`` (of the runs, separated by spaces). Shares, not
        percent. An entry without any run has NaN.
    """
    rows: list[dict[str, Any]] = []
    metrics = list(dict.fromkeys(m for record in results.all_records() for m in record.metrics))
    for dataset in results.datasets:
        for entry in results.entries:
            records = results.records.get((dataset, entry), [])
            for metric in metrics:
                values = np.array([r.metrics[metric] for r in records if metric in r.metrics])
                rows.append(
                    {
                        "dataset": dataset,
                        "entry": entry,
                        "title": results.entry_titles[entry],
                        "metric": metric,
                        "mean": values.mean() if len(values) else np.nan,
                        "std": values.std(ddof=1) if len(values) > 1 else np.nan,
                        "seeds": len(values),
                        "expected": results.expected(dataset, entry=entry),
                        "keys": " ".join(record.key[:KEY_DIGITS] for record in records),
                    }
                )
    frame: pd.DataFrame = pd.DataFrame(rows)
    return frame


def curve_frame(results: SuiteResults, *, largest: int = 20) -> pd.DataFrame:
    """Recall@K and MRR@K for K = 1 to ``largest``, from the ranks.

    Returns:
        One row per dataset, entry, measure (``recall`` or ``mrr``) and ``k``: the ``mean`` over
        seeds, and its ``std``.
    """
    ks = np.arange(1, largest + 1)
    parts = []
    for dataset in results.datasets:
        for entry in results.present(dataset):
            ranks = results.ranks(dataset, entry=entry)
            hits = np.stack(
                [np.bincount(row[row <= largest], minlength=largest + 1) for row in ranks]
            )
            share = hits[:, 1:] / ranks.shape[1]
            for measure, values in (
                ("recall", np.cumsum(share, axis=1)),
                ("mrr", np.cumsum(share / ks, axis=1)),
            ):
                std = values.std(axis=0, ddof=1) if len(values) > 1 else np.full(largest, np.nan)
                parts.append(
                    pd.DataFrame(
                        {
                            "dataset": dataset,
                            "entry": entry,
                            "measure": measure,
                            "k": ks,
                            "mean": values.mean(axis=0),
                            "std": std,
                        }
                    )
                )
    frame: pd.DataFrame = pd.concat(parts, ignore_index=True)
    return frame


def describe_holes(results: SuiteResults) -> str | None:
    """One sentence that names every missing run, or None where the grid is complete."""
    if not results.holes:
        return None

    def place(hole: Hole) -> tuple[str, str, str]:
        return hole.cell.dataset, hole.cell.entry, hole.reason

    parts = []
    for (dataset, entry, reason), group in groupby(results.holes, key=place):
        seeds = ", ".join(str(hole.cell.seed) for hole in group)
        where = f"{results.entry_titles[entry]} on {results.dataset_titles[dataset]}"
        parts.append(f"{where} (seed {seeds}: {reason})")
    total = len(results.manifest.cells)
    return f"INCOMPLETE: {len(results.holes)} of {total} runs are not there: {'; '.join(parts)}."


def describe_cautions(results: SuiteResults) -> list[str]:
    """Sentences about unequal budgets and uncommitted or mixed code; empty if all is well."""
    records = results.all_records()
    cautions = []
    budgets: dict[int, set[str]] = {}
    for record in records:
        if record.tuning is not None:
            budgets.setdefault(record.tuning.budget, set()).add(record.title)
    if len(budgets) > 1:
        parts = [f"{n} trials: {', '.join(sorted(budgets[n]))}" for n in sorted(budgets)]
        cautions.append(f"UNEQUAL TUNING BUDGETS: {'; '.join(parts)}.")
    dirty = [record for record in records if record.environment.get("dirty")]
    if dirty:
        cautions.append(
            f"UNCOMMITTED CODE: {len(dirty)} of {len(records)} runs were made from a working tree "
            "with uncommitted changes."
        )
    revisions = {record.environment.get("revision") for record in records}
    if len(revisions) > 1:
        cautions.append(
            f"Runs of {len(revisions)} code revisions, all of results version {RESULTS_VERSION}."
        )
    return cautions

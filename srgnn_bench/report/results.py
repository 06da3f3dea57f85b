"""A suite's stored runs, read once, checked, and kept in the suite's own order."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from srgnn_bench.errors import StoreError
from srgnn_bench.evaluation.metrics import Metric, rank_metrics
from srgnn_bench.evaluation.statistics import Integers
from srgnn_bench.specs import registry
from srgnn_bench.specs.reading import did_you_mean
from srgnn_bench.specs.suite import SuiteSpec, TuningSpec
from srgnn_bench.store.lookup import suite_of
from srgnn_bench.store.record import Cell, DatasetFacts, Manifest, Record
from srgnn_bench.store.store import ResultStore
from srgnn_bench.store.study import Tuning

SUBJECT = "srgnn"
"""The model that the benchmark is about."""

LONGEST_TITLE = 32
"""Characters that a figure has room for."""


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
        against: the entry that the reader wants the others compared with; None for the suite's.
        titled: the title that the reader wants; None for the suite's.
    """

    store: ResultStore
    manifest: Manifest
    spec: SuiteSpec
    records: dict[tuple[str, str], list[Record]]
    holes: tuple[Hole, ...]
    against: str | None = None
    titled: str | None = None
    _ranks: dict[str, Integers] = field(default_factory=dict, repr=False)
    _prefixes: dict[str, pd.DataFrame] = field(default_factory=dict, repr=False)
    _tunings: dict[tuple[str, TuningSpec], Tuning | None] = field(default_factory=dict, repr=False)

    @property
    def title(self) -> str:
        """What the report is headed: the reader's words, or the suite's title.

        A shipped suite's title speaks of its own data sets; of others, their titles stand there.
        """
        if self.titled is not None:
            return self.titled
        suite = self.manifest.suite
        if suite in registry.names("suite"):
            own = registry.suite(suite).datasets
            if not set(self.spec.datasets) <= set(own):
                return f"Session-based models on {', '.join(self.dataset_titles.values())}"
        return self.spec.title

    @property
    def datasets(self) -> list[str]:
        """Names of the datasets."""
        return list(dict.fromkeys(cell.dataset for cell in self.manifest.cells))

    @property
    def datasets_with_runs(self) -> list[str]:
        """Names of the datasets on which anything has run."""
        return [dataset for dataset in self.datasets if self.present(dataset)]

    @property
    def entries(self) -> list[str]:
        """Names of the entries: models, or variants of one."""
        return list(dict.fromkeys(cell.entry for cell in self.manifest.cells))

    @property
    def entry_titles(self) -> dict[str, str]:
        """Titles of the entries, by name, no two alike."""
        return distinct({cell.entry: cell.title for cell in self.manifest.cells})

    @cached_property
    def families(self) -> dict[str, str]:
        """Family of each entry's model, by name; ``other`` where no model file tells one.

        Lists that were written before they held families leave it to the files of today.
        """
        known = set(registry.names("model"))
        models = {cell.entry: cell.model for cell in self.manifest.cells}
        listed = {cell.entry: cell.family for cell in self.manifest.cells if cell.family}
        return {
            entry: listed.get(entry)
            or (registry.family(model) if model in known else None)
            or "other"
            for entry, model in models.items()
        }

    @property
    def titles_with_runs(self) -> dict[str, str]:
        """Short titles of the entries with at least one run, by name."""
        with_runs = {entry for (_, entry), records in self.records.items() if records}
        return {name: title for name, title in self.short_titles.items() if name in with_runs}

    @property
    def short_titles(self) -> dict[str, str]:
        """Titles of the entries that have room in a figure, by name, no two alike."""
        return shortened(self.entry_titles)

    @property
    def dataset_titles(self) -> dict[str, str]:
        """Titles of the datasets, by name; the name itself where no run tells the title."""
        titles = {name: name for name in self.datasets}
        for (dataset, _), records in self.records.items():
            for record in records:
                titles[dataset] = record.dataset.title
        return distinct(titles)

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

    def numbered(self, dataset: str, *, entry: str) -> list[tuple[int, Record]]:
        """The records of an entry with the numbers of their seeds; one may be missing between."""
        seeds = {
            cell.key: cell.seed
            for cell in self.manifest.cells
            if (cell.dataset, cell.entry) == (dataset, entry)
        }
        return [(seeds[record.key], record) for record in self.records[dataset, entry]]

    @property
    def seeds(self) -> list[int]:
        """How many runs the suite asks for per dataset and entry, each number once, ascending.

        A model that is fitted without chance has one, and does not count beside trained ones.
        """
        jobs = {(cell.dataset, cell.entry) for cell in self.manifest.cells}
        counted = {job for job in jobs if self.has_chance(*job)} or jobs
        return sorted({self.expected(dataset, entry=entry) for dataset, entry in counted})

    def is_complete(self, dataset: str) -> bool:
        """Whether every run on a dataset is there."""
        return not any(hole.cell.dataset == dataset for hole in self.holes)

    def present(self, dataset: str) -> list[str]:
        """Entries with at least one run on a dataset."""
        return [entry for entry in self.entries if self.records.get((dataset, entry))]

    def facts(self, dataset: str) -> DatasetFacts:
        """Counts of a dataset that has runs."""
        return self.records[dataset, self.present(dataset)[0]][0].dataset

    @property
    def places(self) -> list[tuple[str, str]]:
        """Every (dataset, entry) with at least one run, in the suite's order."""
        return [(d, entry) for d in self.datasets for entry in self.present(d)]

    @property
    def subject(self) -> str:
        """The entry that the others are compared with."""
        return self.against or self.own_subject

    @property
    def own_subject(self) -> str:
        """The entry that the others are compared with where the reader names none.

        Of an ablation, the variant that changes nothing; otherwise SR-GNN; else the first entry.
        It is fixed before any number is seen: comparing with the best would favour the lucky.
        """
        entries = {entry.name: entry for entry in self.spec.models}
        listed = [entries[name] for name in self.entries if name in entries]
        plain = [entry.name for entry in listed if not entry.parameters]
        if self.is_ablation:
            return plain[0] if plain else self.entries[0]
        own = [entry.name for entry in listed if entry.model == SUBJECT]
        return own[0] if own else self.entries[0]

    @property
    def metrics(self) -> tuple[str, ...]:
        """Metrics of the main table, the comparisons and the slices, by name."""
        return self.spec.metrics

    def has_chance(self, dataset: str, entry: str) -> bool:
        """Whether another seed could change an entry's numbers: not where nothing was trained.

        A model of a user's own may be fitted with chance all the same: its runs then differ. Where
        nothing has run, the plan tells: it has several seeds only of what they could change.
        """
        records = self.records.get((dataset, entry), [])
        if not records:
            return self.expected(dataset, entry=entry) > 1
        if any(record.cost.epochs for record in records):
            return True
        ranks = self.ranks(dataset, entry=entry)
        return bool((ranks != ranks[0]).any())

    @property
    def with_one_seed(self) -> list[str]:
        """Titles of the trained entries with a single run on some dataset."""
        single = {
            entry
            for (dataset, entry), records in self.records.items()
            if len(records) == 1 and self.has_chance(dataset, entry)
        }
        return [title for entry, title in self.entry_titles.items() if entry in single]

    @property
    def is_ablation(self) -> bool:
        """Whether the entries are variants of one model."""
        models = {cell.model for cell in self.manifest.cells}
        return len(models) == 1 and len(self.entries) > 1

    @property
    def shares_tuning(self) -> bool:
        """Whether all entries run one configuration per dataset, tuned for their model."""
        return self.spec.configurations_from is not None and self.spec.tuning is not None

    @property
    def tuned(self) -> dict[str, str]:
        """Titles of what was tuned, by name: every entry, or the one model that all share."""
        if not self.shares_tuning:
            return self.entry_titles
        return {str(self.spec.configurations_from): self.all_records()[0].title}

    def tuned_runs(self, dataset: str) -> dict[str, Record]:
        """A run of each that was tuned on a dataset, by its name in ``tuned``."""
        first = {entry: self.records[dataset, entry][0] for entry in self.present(dataset)}
        if self.shares_tuning and first:
            first = {str(self.spec.configurations_from): next(iter(first.values()))}
        return {name: record for name, record in first.items() if self.tuning(record) is not None}

    @property
    def tuned_places(self) -> list[tuple[str, str, Record]]:
        """Every (dataset, name in ``tuned``) that was tuned, with a run of it."""
        return [(d, *tuned) for d in self.datasets for tuned in self.tuned_runs(d).items()]

    def budget(self, record: Record) -> TuningSpec | None:
        """What the tuning of a run was allowed, by the call that asked for it; None without any."""
        return self._budgets.get(record.key) or self.spec.tuning

    @cached_property
    def _budgets(self) -> dict[str, TuningSpec]:
        """Budgets of tuning by key of the run, where the list of the suite's runs says them."""
        return {cell.key: cell.budget for cell in self.manifest.cells if cell.key and cell.budget}

    def tuning(self, record: Record) -> Tuning | None:
        """What tuning did before a run, of what its budget paid for.

        None where the suite has no tuning, or nothing is stored of the study.

        Raises:
            StoreError: the study is damaged.
        """
        budget = self.budget(record)
        if record.study is None or budget is None:
            return None
        if (record.study, budget) not in self._tunings:
            place = {"dataset": record.identity.dataset, "model": record.model}
            stored = self.store.study(**place, key=record.study)
            self._tunings[record.study, budget] = stored.tuning(budget)
        return self._tunings[record.study, budget]

    def ran_as_tuned(self, record: Record, *, entry: str) -> bool:
        """Whether a run of an entry has the very configuration that won.

        A variant that shares its model's tuning has it where its own values change nothing.
        """
        tuning = self.tuning(record)
        if tuning is None or tuning.best is None or not self.shares_tuning:
            return tuning is not None
        own = [listed.parameters for listed in self.spec.models if listed.name == entry]
        return bool(own) and own[0].items() <= tuning.best.parameters.items()

    def ranks(self, dataset: str, *, entry: str) -> Integers:
        """Ranks of the targets, shape (seeds, prefixes)."""
        records = self.records[dataset, entry]
        return np.stack([self._ranks_of(record) for record in records])

    def measured(self, record: Record, metric: str) -> float:
        """A metric of a run, computed from its ranks."""
        return Metric.named(metric).mean(self._ranks_of(record))

    def prefixes(self, dataset: str) -> pd.DataFrame:
        """The test prefixes that all runs on a dataset ranked.

        Columns: ``session``, ``length``, ``target_count`` (the target's training clicks),
        ``target_ago`` (how many clicks ago the target was clicked in the prefix; 0: never).
        """
        if dataset not in self._prefixes:
            first = self.records[dataset, self.present(dataset)[0]][0]
            self._prefixes[dataset] = self.store.prefixes(first)
        return self._prefixes[dataset]

    def _ranks_of(self, record: Record) -> Integers:
        if record.key not in self._ranks:
            self._ranks[record.key] = self.store.ranks(record)
        return self._ranks[record.key]

    def check(self) -> None:
        """Refuse runs that no table may put side by side.

        Raises:
            StoreError: a record disagrees with its own ranks, runs on one dataset were made from
                different data or ranked different test prefixes, or the protocols differ.
        """
        wanted = self.spec.protocol.model_dump()
        for record in self.all_records():
            protocol = {name: wanted.get(name) for name in record.identity.protocol}
            if record.identity.protocol != protocol:
                raise StoreError(
                    f"Suite {self.manifest.suite} runs under the protocol {_words(protocol)}, but "
                    f"{_name(record)} was made under {_words(record.identity.protocol)}.",
                    remedy="Numbers of different protocols do not compare: run the suite again.",
                )
            ranks = self._ranks_of(record)
            for metric, value in rank_metrics(ranks).items():
                stored = record.metrics.get(metric, value)
                if not np.isclose(stored, value, rtol=0, atol=1e-9):
                    raise StoreError(
                        f"The record of {_name(record)} says {metric} = {stored!r}, its ranks say "
                        f"{value!r}.",
                        remedy="Delete its folder and run again.",
                    )
        for dataset in self.datasets:
            self._check_data(dataset)

    def _check_data(self, dataset: str) -> None:
        runs = [
            record for entry in self.present(dataset) for record in self.records[dataset, entry]
        ]
        for record in runs:
            if record.identity.fingerprint != runs[0].identity.fingerprint:
                raise StoreError(
                    f"{_name(record)} and {_name(runs[0])} were made from different data, both "
                    f"named {dataset}.",
                    remedy="Run all of the suite's models on it in one call, so that all see the "
                    "same data.",
                )
            if record.prefixes != runs[0].prefixes:
                raise StoreError(
                    f"{_name(record)} ranked other test prefixes than {_name(runs[0])}.",
                    remedy="Run the suite again, so that all its runs see the same data.",
                )


def load_suite(
    store: ResultStore, *, suite: str, against: str | None = None, title: str | None = None
) -> SuiteResults:
    """Read and check all that is stored about a suite.

    Args:
        store: the results folder.
        suite: name of a suite that was run.
        against: the entry that the others are compared with; None for the suite's own subject.
        title: what the report is headed; None for the suite's title.

    Raises:
        StoreError: the suite was never run, none of its runs is finished, it has no entry of that
            name, or what is stored cannot be compared (see ``SuiteResults.check``).
    """
    manifest = store.manifest(suite)
    if manifest is None:
        known = ", ".join(store.suites()) or "none"
        raise StoreError(
            f"{store.root} holds no suite named {suite} (it holds: {known}).",
            remedy="Run it first, or name the folder with --results.",
        )
    spec = suite_of(manifest)
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
    results = SuiteResults(store, manifest, spec, records, tuple(holes), against, title)
    if against is not None and against not in results.entries:
        raise StoreError(
            f"Suite {suite} has no entry named {against}.",
            remedy=did_you_mean(against, results.entries)
            or f"It has: {', '.join(results.entries)}.",
        )
    results.check()
    return results


def _reason(store: ResultStore, cell: Cell) -> str:
    what = "" if cell.key else "tuning "
    key = cell.key or cell.tuning
    failure = key and store.failure(dataset=cell.dataset, model=cell.model, key=key)
    if not failure:
        return "missing" if cell.key else "not tuned"
    return f"{what}lost by the machines" if failure.lost else f"{what}failed"


def keys_of(records: list[Record]) -> str:
    """Keys of runs as the results folder abbreviates them, separated by spaces."""
    return " ".join(record.short_key for record in records)


def distinct(titles: dict[str, str]) -> dict[str, str]:
    """The titles, by name; those that several names share with the name beside them."""
    shared = [title for title in titles.values() if list(titles.values()).count(title) > 1]
    return {n: f"{title} ({n})" if title in shared else title for n, title in titles.items()}


def shortened(titles: dict[str, str]) -> dict[str, str]:
    """The titles, by name, cut where they are longer than ``LONGEST_TITLE``.

    Those that a cut makes alike are numbered, so that no two are.
    """
    cut = {
        name: title if len(title) <= LONGEST_TITLE else f"{title[: LONGEST_TITLE - 4].rstrip()}…"
        for name, title in titles.items()
    }
    alike = [title for title in cut.values() if list(cut.values()).count(title) > 1]
    numbers = {name: place for place, name in enumerate(titles, start=1)}
    return {n: f"{title} {numbers[n]}" if title in alike else title for n, title in cut.items()}


def _words(protocol: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in protocol.items())


def _name(record: Record) -> str:
    return f"{record.identity.dataset}/{record.model}/{record.short_key}"

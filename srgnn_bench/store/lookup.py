"""Finds a stored run by the words of whoever wants to see it made again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pydantic import ValidationError

from srgnn_bench.errors import SpecError, StoreError
from srgnn_bench.specs import registry
from srgnn_bench.specs.dataset import DatasetSpec
from srgnn_bench.specs.model import ModelSpec
from srgnn_bench.specs.reading import did_you_mean, reason_of
from srgnn_bench.specs.suite import ModelEntry, SuiteSpec, names_a_file
from srgnn_bench.store.keys import RESULTS_VERSION
from srgnn_bench.store.record import Cell, Manifest, Record
from srgnn_bench.store.run import StoredRun
from srgnn_bench.store.store import ResultStore


@dataclass(frozen=True)
class FoundRun:
    """A stored run, and those of the other seeds beside it.

    Attributes:
        store: where they are.
        suite: the suite that they belong to.
        source: the dataset's specification.
        entry: the suite's entry.
        spec: the model's specification.
        seed: number of the run's seed.
        record: the run's record.
        seeds: the records of all stored seeds, its own among them.
    """

    store: ResultStore
    suite: SuiteSpec
    source: DatasetSpec
    entry: ModelEntry
    spec: ModelSpec
    seed: int
    record: Record
    seeds: tuple[Record, ...]


_Named = SuiteSpec | DatasetSpec | ModelSpec


class _Row(NamedTuple):
    """A finished run by the words that name it."""

    suite: str
    dataset: str
    model: str
    seed: int
    manifest: Manifest
    cell: Cell
    run: StoredRun


def find_run(
    store: ResultStore,
    *,
    suite: str | None = None,
    dataset: str | None = None,
    model: str | None = None,
    seed: int | None = None,
) -> FoundRun:
    """A stored run that this version of the code can make again.

    Args:
        store: the results folder.
        suite: name of the suite, or its file; needed where several have such a run. Those of the
            papers' protocol count only where no other has one.
        dataset: name of the dataset, or its file; needed where several have one.
        model: name of the model or of the suite's entry, or the model's file; needed where
            several have one.
        seed: number of the seed, from 0; the first that is stored unless given.

    Raises:
        SpecError: no stored run is meant, or several are; or what the suite says of its dataset
            or model is not there.
        StoreError: nothing is stored, another version of the code made it, or it is damaged.
    """
    rows = stored = list(_rows(store))
    if not stored:
        raise StoreError(
            f"{store.root} holds no finished run of a suite.", remedy="Name a folder of results."
        )
    given = {
        "suite": _name(suite, registry.suite),
        "dataset": _name(dataset, registry.dataset),
        "model": _name(model, registry.model),
        "seed": seed,
    }
    named = {what: word for what, word in given.items() if word is not None}
    said = []
    for what, word in named.items():
        said.append(f"{what} {word}")
        known = _known(rows, what)
        if str(word) not in known:
            raise SpecError(
                f"{store.root} holds no finished run of {', '.join(said)}.",
                remedy=f"{did_you_mean(str(word), known)} Stored: {', '.join(known)}.".lstrip(),
            )
        rows = [row for row in rows if getattr(row, what) == word]
    if suite is None:  # the papers' protocol is meant where nothing else is there
        rows = [row for row in rows if suite_of(row.manifest).protocol.kind == "temporal"] or rows
    for what in ("dataset", "model", "suite"):
        known = _known(rows, what)
        if len(known) > 1:
            raise SpecError(
                f"{len(known)} {what}s in {store.root} have such a run.",
                remedy=f"Name one of {', '.join(known)}.",
            )
    first = rows[0]
    place = (first.suite, first.dataset, first.model)
    beside = [row for row in stored if (row.suite, row.dataset, row.model) == place]
    records = {row.seed: record for row in beside if (record := row.run.record()) is not None}
    record = records[first.seed]
    if record.identity.results_version != RESULTS_VERSION:
        raise other_code(
            record,
            f"Version {record.identity.results_version} of the code made {first.run.path}, and "
            f"this is version {RESULTS_VERSION}, which gives other numbers.",
        )
    spec = suite_of(first.manifest)
    # The record has all of its values; a suite's file that lost the entry takes nothing from it.
    plain = ModelEntry(model=first.cell.model, name=first.model)
    entry = next((entry for entry in spec.models if entry.name == first.model), plain)
    return FoundRun(
        store,
        suite=spec,
        source=_dataset(store, _files(dataset) or spec.datasets, name=first.dataset),
        entry=entry,
        spec=registry.model((_files(model) or [store.spec_file("model", entry.model)])[0]),
        seed=first.seed,
        record=record,
        seeds=tuple(records.values()),
    )


def other_code(record: Record, problem: str) -> StoreError:
    """The error to raise where the code of today cannot make a stored run again."""
    revision = record.environment.get("revision")
    named = f", revision {revision}" if revision else ""
    return StoreError(problem, remedy=f"Train it again with the code that made it{named}.")


def suite_of(manifest: Manifest) -> SuiteSpec:
    """The suite of a manifest.

    Raises:
        StoreError: it is not a valid one today.
    """
    try:
        return SuiteSpec.model_validate(manifest.spec)
    except ValidationError as error:
        raise StoreError(
            f"The stored suite {manifest.suite} cannot be read ({reason_of(error.errors()[0])}).",
            remedy="Run the suite again.",
        ) from error


def _rows(store: ResultStore) -> Iterator[_Row]:
    """Every finished run of every suite."""
    for suite in store.suites():
        manifest = store.manifest(suite)
        if manifest is None:
            continue
        for cell in manifest.cells:
            if cell.key is None:
                continue
            run = store.run(dataset=cell.dataset, model=cell.model, key=cell.key)
            if run.record_file.is_file():
                yield _Row(suite, cell.dataset, cell.entry, cell.seed, manifest, cell, run)


def _files(word: str | None) -> list[str]:
    """The file that a word names, if it names one."""
    return [word] if word is not None and names_a_file(word) else []


def _name(word: str | None, load: Callable[[str], _Named]) -> str | None:
    """The name that a word is, or that the file has which it names."""
    return next((load(path).name for path in _files(word)), word)


def _dataset(store: ResultStore, named: Iterable[str], *, name: str) -> DatasetSpec:
    """The dataset, or window of one, of that name, among those that a suite names."""
    missing = []
    for each in named:
        try:
            windows = registry.dataset(store.spec_file("dataset", each)).in_windows()
        except SpecError as error:  # it may be another one's
            missing.append(error.problem)
            continue
        for window in windows:
            if window.name == name:
                return window
    raise SpecError(
        f"The suite's file of dataset {name} is not there. {' '.join(missing)}".rstrip(),
        remedy="Name the dataset by its file.",
    )


def _known(rows: Sequence[_Row], what: str) -> list[str]:
    return list(dict.fromkeys(str(getattr(row, what)) for row in rows))

"""The list of the runs that a suite is made of: kept over many calls, and never a mixture."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from srgnn_bench.errors import StoreError
from srgnn_bench.specs.suite import SuiteSpec
from srgnn_bench.store.record import Cell, Manifest
from srgnn_bench.store.store import ResultStore

SETTINGS = ("protocol", "training", "configurations_from", "seed")
"""What all runs of a suite must have in common."""


def update_manifest(
    store: ResultStore, suite: SuiteSpec, cells: list[Cell], *, data: Mapping[str, str]
) -> None:
    """Note which runs a suite is made of, unless they do not go with those of earlier calls.

    Jobs of earlier calls stay, so that a suite can be run a dataset or a model at a time; a job
    among ``cells`` replaces what was noted of it. Those of a call stand in its order, in the places
    that they had; new ones come last, unless a call has all of them. What is noted is looked at and
    replaced under one lock, so that of two calls with other settings, at the same time, one is
    refused.

    Args:
        store: where the list is.
        suite: the suite as it is run now.
        cells: the runs of this call.
        data: fingerprint of each dataset of this call, by name.

    Raises:
        StoreError: a job of the suite that ``cells`` leaves alone has another protocol, other
            training settings, another root seed, another source of its configuration, or other
            data by the same name; an entry has other values of its own on a data set that they
            leave alone; or the list is damaged, or cannot be written.
    """
    with store.changing_manifest(suite.name):
        earlier = store.manifest(suite.name)
        if earlier is not None:
            _refuse_mixed_settings(store, suite, earlier, cells)
            _refuse_mixed_data(store, earlier, cells, data)
        _update_manifest(store, suite, cells, earlier)


def _refuse_mixed_settings(
    store: ResultStore, suite: SuiteSpec, earlier: Manifest, cells: list[Cell]
) -> None:
    renewed = _jobs(cells)
    kept = _jobs(earlier.cells) - renewed
    both = {entry for _, entry in kept} & {entry for _, entry in renewed}
    changed = changed_settings(earlier.spec, suite.model_dump(mode="json"), entries=both)
    if kept and changed:
        dataset, entry = min(kept)
        raise StoreError(
            f"{store.root} holds suite {suite.name} under other settings ({'; '.join(changed)}), "
            f"and this call leaves {entry} on {dataset} as it is.",
            remedy="Give the same settings, run all of its models and datasets in one call, or "
            "name another folder with --results.",
        )


def _jobs(cells: Iterable[Cell]) -> set[tuple[str, str]]:
    return {(cell.dataset, cell.entry) for cell in cells}


def changed_settings(
    earlier: dict[str, Any], suite: dict[str, Any], *, entries: Collection[str] = ()
) -> list[str]:
    """What all runs of a suite must have in common and two versions of it have not, in words.

    Args:
        earlier: the suite as it was run.
        suite: the suite as it is to be run.
        entries: those whose own values must be the same, too.
    """
    before, now = (
        flat({name: spec.get(name) for name in SETTINGS})
        | flat(
            {e["name"]: e["parameters"] for e in spec["models"] if e["name"] in entries}, "models."
        )
        for spec in (earlier, suite)
    )
    return [
        f"{name} was {before.get(name)}, now {now.get(name)}"
        for name in dict.fromkeys([*before, *now])
        if before.get(name) != now.get(name)
    ]


def _refuse_mixed_data(
    store: ResultStore, earlier: Manifest, cells: list[Cell], data: Mapping[str, str]
) -> None:
    """Refuse to put jobs beside runs on other data of the same name."""
    renewed = _jobs(cells)
    for cell in earlier.cells:
        if (cell.dataset, cell.entry) in renewed or cell.dataset not in data:
            continue
        if cell.key is None:
            continue
        record = store.record(dataset=cell.dataset, model=cell.model, key=cell.key)
        if record is None or record.identity.fingerprint == data[cell.dataset]:
            continue
        raise StoreError(
            f"{cell.dataset} is not the data that it was: {store.root} holds suite {earlier.suite} "
            f"with {cell.entry} on {cell.dataset} as prepared before, and this call leaves it as "
            "it is.",
            remedy="Run all of the suite's models on it in one call, give the file or the settings "
            "that it had, or name another folder with --results.",
        )


def flat(content: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested keys joined by dots."""
    joined: dict[str, Any] = {}
    for key, value in content.items():
        if isinstance(value, dict):
            joined.update(flat(value, f"{prefix}{key}."))
        else:
            joined[f"{prefix}{key}"] = value
    return joined


def _update_manifest(
    store: ResultStore, suite: SuiteSpec, cells: list[Cell], earlier: Manifest | None
) -> None:
    renewed = _jobs(cells)
    before = earlier.cells if earlier else ()
    kept = [cell for cell in before if (cell.dataset, cell.entry) not in renewed]
    datasets = _order([cell.dataset for cell in before], [cell.dataset for cell in cells])
    entries = _order([cell.entry for cell in before], [cell.entry for cell in cells])

    def place(cell: Cell) -> tuple[int, int]:
        return datasets.index(cell.dataset), entries.index(cell.entry)

    spec = suite.model_dump(mode="json")
    if earlier:
        listed = {each["name"]: each for each in (*earlier.spec["models"], *spec["models"])}
        spec["models"] = [listed[entry] for entry in entries if entry in listed]
        spec["datasets"] = _order(earlier.spec["datasets"], spec["datasets"])
    store.write_manifest(
        Manifest(
            suite=suite.name,
            title=suite.title,
            note=suite.note,
            spec=spec,
            cells=tuple(sorted((*kept, *cells), key=place)),
        )
    )


def _order(before: list[str], now: list[str]) -> list[str]:
    """Those of now in its order, where they were before; new ones last, unless now has all."""
    before, now = list(dict.fromkeys(before)), list(dict.fromkeys(now))
    if set(before) <= set(now):
        return now
    known = iter([name for name in now if name in before])
    new = [name for name in now if name not in before]
    return [next(known) if name in now else name for name in before] + new

"""Reads a whole results folder, and says what in it is not what was written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from srgnn_bench.errors import StoreError
from srgnn_bench.store.folder import damaged, read_bytes, read_sealed
from srgnn_bench.store.keys import key_of, short
from srgnn_bench.store.prefixes import read_prefixes
from srgnn_bench.store.record import Failure, Manifest
from srgnn_bench.store.run import FAILURE, RECORD, StoredRun, read_record
from srgnn_bench.store.store import ResultStore
from srgnn_bench.store.study import TRIALS, Trial, read_lines


def verify(store: ResultStore) -> Iterator[tuple[Path, StoreError | None]]:
    """Everything that is stored, and what is wrong with it, if anything.

    Prepared data is not among it: it is checked whenever it is used, and made anew.
    """
    checks: dict[str, Callable[[Path], object]] = {
        f"runs/*/*/*/{RECORD}": partial(_run, store),
        f"runs/*/*/*/{FAILURE}": lambda path: read_sealed(path, Failure),
        "prefixes/*/*.parquet": _prefixes,
        f"studies/*/*/*/{TRIALS}": _study,
        "suites/*.json": lambda path: read_sealed(path, Manifest),
        "specs/*/*.yaml": _spec,
    }
    for pattern, check in checks.items():
        for path in sorted(store.root.glob(pattern)):
            try:
                check(path)
            except StoreError as error:
                yield path, error
            else:
                yield path, None


def _run(store: ResultStore, path: Path) -> None:
    record = read_record(path)
    if record is None:
        return
    _check_name(path.parent.name, record.key, path)
    StoredRun(path.parent, key=record.key, record=record).verify()
    if len(store.prefixes(record)) != len(store.ranks(record)):
        raise damaged(path, "it ranked another number of prefixes than it names")


def _prefixes(path: Path) -> None:
    read_prefixes(path, key=path.stem)


def _study(path: Path) -> None:
    read = read_lines(path, Trial)
    if read is not None:
        _check_name(path.parent.name, read[0].key, path)


def _spec(path: Path) -> None:
    text = read_bytes(path).decode(errors="replace")
    _check_name(path.stem.rpartition("-")[2], key_of(text), path)


def _check_name(name: str, key: str, path: Path) -> None:
    if name != short(key):
        raise damaged(path, "its content is not that of its name")

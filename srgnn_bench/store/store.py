"""The results folder: one folder per run, and a record written last.

``runs/<dataset>/<model>/<first 12 digits of the key>/`` holds ``ranks.parquet``,
``epochs.ndjson``, ``lists.parquet`` where the recommended lists are kept, and ``record.json``. The
record is written to a temporary file, flushed to the
disk and renamed, so its presence means that the run is complete. ``failure.json`` in its place
means that the run failed. ``suites/<suite>.json`` names the runs that a suite is made of.
"""

from __future__ import annotations

import glob
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
from filelock import FileLock
from pydantic import BaseModel, ValidationError

from srgnn_bench.errors import StoreError
from srgnn_bench.store.keys import key_of
from srgnn_bench.store.record import Failure, Manifest, Record

T = TypeVar("T", bound=BaseModel)

KEY_DIGITS = 12

RANK_COLUMNS = ("session", "length", "rank", "target_count")
"""What every run says of every test prefix; those of later versions say more."""

EPOCH_KEYS = {"epoch", "loss", "seconds", "judged"}
"""What every run says of every epoch."""


class ResultStore:
    """Reads and writes a results folder.

    Args:
        root: the folder; made on the first write.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def run_folder(self, *, dataset: str, model: str, key: str) -> Path:
        """Where a run's files are."""
        return self.root / "runs" / dataset / model / key[:KEY_DIGITS]

    def report_folder(self, suite: str, *, against: str | None = None) -> Path:
        """Where a suite's report is put unless another folder is named.

        One that compares with another entry than the suite's subject has a folder of its own.
        """
        return self.root / "report" / (suite if against is None else f"{suite}-against-{against}")

    def record(self, *, dataset: str, model: str, key: str) -> Record | None:
        """The record of a finished run, or None where there is none.

        Raises:
            StoreError: the record is damaged, of another schema version, or another run's.
        """
        path = self.run_folder(dataset=dataset, model=model, key=key) / "record.json"
        record = _read(path, Record)
        if record is not None and record.key != key:
            raise StoreError(
                f"{path} holds the record of another run (key {record.key[:KEY_DIGITS]}).",
                remedy="Delete its folder and run again.",
            )
        return record

    def failure(self, *, dataset: str, model: str, key: str) -> Failure | None:
        """The failure stored for a run, or None."""
        return _read(
            self.run_folder(dataset=dataset, model=model, key=key) / "failure.json", Failure
        )

    def write_run(
        self,
        record: Record,
        *,
        ranks: pd.DataFrame,
        epochs: list[dict[str, Any]],
        lists: pd.DataFrame | None = None,
    ) -> None:
        """Store a finished run; its record becomes visible last, all at once.

        Args:
            record: what is known of the run.
            ranks: one row per test prefix: ``session``, ``length``, ``rank``, ``target_count``
                (the target's training clicks), ``target_ago`` (see ``Prefixes.target_ago``).
            epochs: one entry per epoch, JSON values only.
            lists: the recommended lists, if they are to be kept, one row per test prefix in the
                order of ``ranks``: ``target`` and ``items`` (best first), as numbers of the
                prepared data; 0 is no item, or a target that training never shows.

        Raises:
            StoreError: the folder cannot be written; nothing already stored is lost.
        """
        folder = self.run_folder(
            dataset=record.identity.dataset, model=record.model, key=record.key
        )
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lines = "".join(json.dumps(epoch, sort_keys=True) + "\n" for epoch in epochs)
            write_atomically(folder / "epochs.ndjson", lines.encode())
            write_atomically(folder / "ranks.parquet", _packed_ranks(ranks))
            if lists is not None:
                write_atomically(folder / "lists.parquet", _parquet(lists))
            write_atomically(folder / "record.json", _dump(record))
            (folder / "failure.json").unlink(missing_ok=True)
        except OSError as error:
            raise unwritable(folder, error) from error

    def write_failure(self, failure: Failure) -> None:
        """Store that a run failed, with its traceback."""
        folder = self.run_folder(dataset=failure.dataset, model=failure.model, key=failure.key)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_atomically(folder / "failure.json", _dump(failure))
        except OSError as error:
            raise unwritable(folder, error) from error

    def ranks(self, record: Record) -> pd.DataFrame:
        """The ranks of a stored run, one row per test prefix.

        Raises:
            StoreError: the file is missing or damaged, or holds other columns or values.
        """
        folder = self.run_folder(
            dataset=record.identity.dataset, model=record.model, key=record.key
        )
        path = folder / "ranks.parquet"
        ranks = _read_parquet(path)
        for column in RANK_COLUMNS:
            values = ranks.get(column)
            if values is None or values.dtype.kind not in "iu" or len(values) == 0:
                raise _wrong(path, f"no whole numbers named {column}")
        if ranks["rank"].min() < 1:
            raise _wrong(path, "a rank below 1")
        return ranks

    def lists(self, record: Record) -> pd.DataFrame | None:
        """The recommended lists of a stored run, or None where they were not kept.

        Raises:
            StoreError: the file is damaged.
        """
        folder = self.run_folder(
            dataset=record.identity.dataset, model=record.model, key=record.key
        )
        path = folder / "lists.parquet"
        return _read_parquet(path) if path.is_file() else None

    def epochs(self, record: Record) -> list[dict[str, Any]]:
        """The epochs of a stored run, oldest first: ``epoch``, ``loss``, ``seconds``, ``judged``.

        Raises:
            StoreError: the file is missing or damaged, or an epoch lacks one of these.
        """
        folder = self.run_folder(
            dataset=record.identity.dataset, model=record.model, key=record.key
        )
        path = folder / "epochs.ndjson"
        try:
            epochs = [json.loads(line) for line in path.read_text().splitlines()]
        except (OSError, ValueError) as error:
            raise StoreError(
                f"{path} cannot be read ({error}).", remedy="Delete its folder and run again."
            ) from error
        for epoch in epochs:
            if not isinstance(epoch, dict) or not epoch.keys() >= EPOCH_KEYS:
                raise _wrong(path, f"an epoch without {', '.join(sorted(EPOCH_KEYS))}")
        return epochs

    def records(self) -> Iterator[Record]:
        """Every stored record, in the order of its path.

        Raises:
            StoreError: a record is damaged or of another schema version.
        """
        for path in sorted(self.root.glob("runs/*/*/*/record.json")):
            record = _read(path, Record)
            if record is not None:
                yield record

    def manifest(self, suite: str) -> Manifest | None:
        """Which runs a suite is made of, or None where it was never run."""
        return _read(self.root / "suites" / f"{suite}.json", Manifest)

    def suites(self) -> list[str]:
        """Names of the suites that were run."""
        return sorted(path.stem for path in self.root.glob("suites/*.json"))

    @contextmanager
    def changing_manifest(self, suite: str) -> Iterator[None]:
        """Keep other processes from changing a suite's manifest between a read and a write.

        Raises:
            StoreError: the folder cannot be written.
        """
        folder = self.root / "suites"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            held = FileLock(folder / f".{suite}.lock").acquire()
        except OSError as error:
            raise unwritable(folder, error) from error
        with held:
            for leftover in half_written(folder, f"{suite}.json"):
                leftover.unlink(missing_ok=True)
            yield

    def write_manifest(self, manifest: Manifest) -> None:
        """Store which runs a suite is made of."""
        path = self.root / "suites" / f"{manifest.suite}.json"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, _dump(manifest))
        except OSError as error:
            raise unwritable(path.parent, error) from error

    def write_spec(self, kind: str, *, name: str, text: str) -> Path:
        """Keep a specification that came from no file.

        Args:
            kind: ``dataset`` or ``model``.
            name: its name, fit for a file's name.
            text: what its YAML file would say.

        Returns:
            The file, ``specs/<kind>/<name>-<digits of its content's key>.yaml``. It never changes,
            so a plan made from it stays what it was.

        Raises:
            StoreError: the folder cannot be written.
        """
        path = self.root / "specs" / kind / f"{name}-{key_of(text)[:KEY_DIGITS]}.yaml"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, text.encode())
        except OSError as error:
            raise unwritable(path.parent, error) from error
        return path


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that it is either there in full or not at all, kill -9 included."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def half_written(folder: Path, name: str = "") -> list[Path]:
    """What ``write_atomically`` began in a folder and was killed over; the caller has its lock.

    Args:
        folder: where to look.
        name: of the file that was to be written; every one unless given.
    """
    started = folder.glob(f".{glob.escape(name)}*")
    return [path for path in started if re.search(r"\.\d+$", path.name)]


def _dump(model: BaseModel) -> bytes:
    return (model.model_dump_json(indent=2) + "\n").encode()


def _packed_ranks(ranks: pd.DataFrame) -> bytes:
    """40% less than with the defaults: sessions count up, high bytes of ranks are zero."""
    return _parquet(
        ranks,
        compression_level=9,
        use_dictionary=["length", "target_count", "target_ago"],
        column_encoding={"session": "DELTA_BINARY_PACKED", "rank": "BYTE_STREAM_SPLIT"},
    )


def _parquet(frame: pd.DataFrame, **how: Any) -> bytes:
    content = frame.to_parquet(index=False, compression="zstd", **how)
    assert isinstance(content, bytes)
    return content


def _wrong(path: Path, what: str) -> StoreError:
    return StoreError(f"{path} holds {what}.", remedy="Delete its folder and run again.")


def _read_parquet(path: Path) -> pd.DataFrame:
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:  # pyarrow raises ArrowInvalid, a ValueError
        raise StoreError(
            f"{path} cannot be read ({error}).", remedy="Delete its folder and run again."
        ) from error


def _read(path: Path, kind: type[T]) -> T | None:
    try:
        text = path.read_text()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(
            f"{path} cannot be read ({error}).", remedy="Restore or delete it."
        ) from error
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise StoreError(
            f"{path} is damaged or of another version of the format ({where}: {first['msg']}).",
            remedy="Delete it and run again, or read it with the version that wrote it.",
        ) from error


def unwritable(folder: Path, error: OSError) -> StoreError:
    """The error to raise where a folder of results cannot be written."""
    return StoreError(
        f"{folder} cannot be written ({error.strerror or error}).",
        remedy="Free space or permissions there, or name another folder with --results.",
    )

"""From a dataset's files to training and test sessions, kept for the next time.

A prepared dataset is a folder in the cache whose name begins its fingerprint: the sha256 of the
source's bytes, of all that its YAML says about reading and preparing them, and of this code's
``DATA_VERSION``. The folder is made complete beside its place and then renamed, under a lock, so
two processes can prepare at once and a killed one leaves nothing that looks prepared.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import filelock
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from srgnn_bench.data.doubts import Numbers, examine, sentences
from srgnn_bench.data.locate import Found, digest, find
from srgnn_bench.data.sessions import Sessions
from srgnn_bench.errors import DataError
from srgnn_bench.files import checksum, sealed, unsealed
from srgnn_bench.session_table import Integers, StepCount, item_counts
from srgnn_bench.specs.dataset import Counts, DatasetSpec
from srgnn_bench.specs.log import Names
from srgnn_bench.specs.preparation import Division, Preparation, Split
from srgnn_bench.specs.sources.source import Source

DATA_VERSION = 1
"""Version of the code between files and sessions. Raise it when the sessions change."""

NOT_IN_THE_BYTES = {"name", "files", "place", "prefix", "train", "validation", "test"}
"""What a source says about where its files are, rather than how to read them."""


@dataclass(frozen=True, eq=False)
class PreparedDataset:
    """A dataset's sessions, split, with the items numbered densely over both sides.

    Attributes:
        name, title, note: as its YAML says.
        fingerprint: sha256 of source bytes, preparation, ``DATA_VERSION`` and the version of the
            split, 64 hex digits.
        window_of: title of the dataset whose window it is; None where it is none.
        source, files: name of the source, and where it was found.
        split: the rule that split the sessions; None where the source was split already.
        has_times: whether ``times`` of the sessions are times, or ordinals.
        train, test: whole sessions, oldest first. Where ``split`` looks into sessions, test
            holds the same sessions as train with the end that is judged.
        item_names: original id of item i at i - 1, ascending, shape (items,).
        validates: which training sessions their publisher takes to validate, shape (training
            sessions,); None where it is not said.
        shortest_judged: clicks of the shortest prefix that is judged.
        train_names, test_names: original id of the session (of the user where sessions were
            cut by idle gap, of its place where the source names none), shape (sessions,).
        steps: what each step of the preparation left.
        dropped: why rows were dropped while reading, and how many.
        doubts: what the log says that it hardly means (see ``data.doubts``).
        warnings: what whoever reads the results must know: counts that are not the expected
            ones, doubts in words, a split that lets the future in.
    """

    name: str
    title: str
    note: str | None
    fingerprint: str
    window_of: str | None
    source: str
    files: tuple[Path, ...]
    split: Split | None
    has_times: bool
    train: Sessions
    test: Sessions
    validates: npt.NDArray[np.bool_] | None
    shortest_judged: int
    item_names: Names
    train_names: Names
    test_names: Names
    steps: tuple[StepCount, ...]
    dropped: dict[str, int]
    doubts: dict[str, Numbers]
    warnings: tuple[str, ...]

    @property
    def division(self) -> Division:
        """How its sessions come to train, to validate and to test."""
        if self.split is None:
            return "published" if self.validates is None else "published with validation"
        return self.split.division

    def judged_clicks(self) -> Integers:
        """How many clicks at the end of each test session are targets, shape (sessions,)."""
        lengths = self.test.lengths
        if self.split is None:
            return np.maximum(lengths - self.shortest_judged, 0)
        return self.split.judged(lengths)

    def counts(self) -> Counts:
        """Counts of both sides, to compare with the expected ones."""
        return Counts(
            train_sessions=len(self.train),
            train_clicks=len(self.train.items),
            train_prefixes=len(self.train.items) - len(self.train),
            test_sessions=len(self.test),
            test_prefixes=int(self.judged_clicks().sum()),
            items_in_train=len(np.unique(self.train.items)),
            items=len(self.item_names),
        )


def prepare(
    spec: DatasetSpec, *, data_root: Path | None, cache: Path, source: str | None = None
) -> PreparedDataset:
    """The prepared dataset, from the cache where it is there.

    Args:
        spec: the dataset.
        data_root: folder under which the dataset's files are; None where they need none.
        cache: folder of prepared datasets, made where it does not exist.
        source: name of the source to use; None takes the first whose files are there.

    Raises:
        DataError: no source is there, its files are malformed, or a side is left empty.
        SpecError: the dataset has no source of that name.
    """
    found = find(spec, data_root=data_root, source=source)
    fingerprint = _fingerprint(spec, found)
    folder = cache / spec.name / fingerprint[:16]
    _remove_half_made(folder.parent)
    content = _load(folder)
    made_again = content is None and folder.is_dir()
    if content is None:
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            with filelock.FileLock(f"{folder}.lock"):
                content = _load(folder)  # another process may have prepared it meanwhile
                if content is None:
                    content = _build(spec, found)
                    _save(folder, content)
        except OSError as error:
            raise DataError(
                f"The cache {cache} cannot be written ({error}).",
                remedy="Free space or permissions there, or name another folder.",
            ) from error
    data = _dataset(spec, found, fingerprint, content)
    if not made_again:
        return data
    what = f"{spec.name}: the prepared data in {folder} was damaged or of another version"
    return replace(data, warnings=(*data.warnings, f"{what}; it was made again"))


@dataclass(frozen=True)
class _Content:
    """What the cache keeps: all that costs time to compute."""

    arrays: dict[str, np.ndarray[Any, Any]]
    names: dict[str, Names]
    facts: dict[str, Any]


def _fingerprint(spec: DatasetSpec, found: Found) -> str:
    rules = _rules(spec, found.source)
    described: dict[str, Any] = {
        "version": DATA_VERSION,
        "bytes": digest(found),
        "source": found.source.model_dump(mode="json", exclude=NOT_IN_THE_BYTES),
        "preparation": rules.model_dump(mode="json") if rules else None,
    }
    if rules is not None and rules.split.version > 1:
        described["split_version"] = rules.split.version
    if spec.window is not None:
        described["window"] = spec.window.model_dump(mode="json")
    return hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()


def _rules(spec: DatasetSpec, source: Source) -> Preparation | None:
    """How the source is to be prepared; None where it is split already."""
    return None if source.is_split else spec.preparation


def _build(spec: DatasetSpec, found: Found) -> _Content:
    source = found.source
    log = source.read(found.paths)
    doubts = examine(log)
    rules = _rules(spec, source)
    if rules is None:
        divided = source.as_published.apply(log)
    else:
        divided = rules.apply(log, window=spec.window)
    train, test = divided.train, divided.test
    sides = {"training": train, "test": test}
    if divided.validates is not None:
        sides["validation"] = train.keep_sessions(divided.validates)
    for side, table in sides.items():
        if (len(table.items) - len(table)) == 0:
            counts = ", ".join(f"{len(each)} {name}" for name, each in sides.items())
            raise DataError(
                f"{log.origin}: the preparation leaves the {side} side without a session of "
                f"two clicks ({counts} sessions).",
                remedy="Change `preparation`, or the source's `filters`, in the dataset's YAML, or "
                "add data.",
            )
    used = np.flatnonzero(item_counts(train, test))
    number = np.zeros(used[-1] + 1, dtype=np.int64)
    number[used] = np.arange(1, len(used) + 1)
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    names = {"item": log.item_names[used - 1]}
    for side, table in (("train", train), ("test", test)):
        arrays[f"{side}_items"] = number[table.items]
        arrays[f"{side}_offsets"] = np.concatenate([[0], np.cumsum(table.lengths)])
        arrays[f"{side}_times"] = table.times
        names[side] = log.group_names[table.group]
    if divided.validates is not None:
        arrays["validates"] = divided.validates
    facts = {
        "steps": [asdict(step) for step in divided.steps],
        "dropped": log.dropped,
        "doubts": doubts,
        "shortest_judged": log.shortest_judged,
    }
    return _Content(
        {name: a.astype(np.int64, copy=False) for name, a in arrays.items()}, names, facts
    )


def _dataset(
    spec: DatasetSpec, found: Found, fingerprint: str, content: _Content
) -> PreparedDataset:
    rules = _rules(spec, found.source)
    arrays, names = content.arrays, content.names
    data = PreparedDataset(
        name=spec.name,
        title=spec.title,
        note=spec.note,
        fingerprint=fingerprint,
        window_of=spec.window_of,
        source=found.source.name,
        files=found.paths,
        split=rules.split if rules else None,
        has_times=found.source.has_times,
        train=Sessions(*(arrays[f"train_{part}"] for part in ("items", "offsets", "times"))),
        test=Sessions(*(arrays[f"test_{part}"] for part in ("items", "offsets", "times"))),
        validates=arrays["validates"].astype(bool) if "validates" in arrays else None,
        shortest_judged=content.facts.get("shortest_judged", 1),
        item_names=names["item"],
        train_names=names["train"],
        test_names=names["test"],
        steps=tuple(StepCount(**step) for step in content.facts["steps"]),
        dropped=content.facts["dropped"],
        doubts=content.facts["doubts"],
        warnings=(),
    )
    warnings = (f"{spec.name}: {warning}" for warning in _warnings(spec, data))
    return replace(data, warnings=tuple(warnings))


def _warnings(spec: DatasetSpec, data: PreparedDataset) -> Iterator[str]:
    """All that is to be known of a prepared dataset before its results are read."""
    expected = spec.expected.get(data.source)
    if expected is not None:
        counts = data.counts()
        for name in type(expected).model_fields:
            wanted, found = getattr(expected, name), getattr(counts, name)
            if wanted is not None and wanted != found:
                yield (
                    f"{name.replace('_', ' ')} are {found:,}, expected {wanted:,} "
                    f"from {data.source} ({', '.join(str(path) for path in data.files)})"
                )
    yield from sentences(data.doubts)
    if data.split is not None and data.division == "within sessions":
        yield (
            f"the split {data.split.kind} lets the future in: models train on clicks "
            "that are newer than those they are judged on; do not compare with splits by time"
        )


def _load(folder: Path) -> _Content | None:
    """The cached content, or None where there is none, or a damaged one."""
    try:
        facts = unsealed((folder / "facts.json").read_bytes())
        for name, written in facts["files"].items():
            if checksum((folder / name).read_bytes()) != written:
                return None
        with np.load(folder / "sessions.npz", allow_pickle=False) as stored:
            arrays = dict(stored)
        names = {
            kind: pq.read_table(folder / f"{kind}_names.parquet")["name"].to_numpy()
            for kind in ("item", "train", "test")
        }
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, pa.ArrowException):
        return None
    return _Content(arrays, names, facts)


def _remove_half_made(place: Path) -> None:
    """Remove what killed calls were making; what another process is making, it has the lock of."""
    for half_made in place.glob(".*.*/"):
        folder = half_made.with_name(half_made.name.split(".")[1])
        # A timeout is an OSError; so is a cache that may be read alone.
        with contextlib.suppress(OSError), filelock.FileLock(f"{folder}.lock", timeout=0):
            shutil.rmtree(half_made, ignore_errors=True)


def _save(folder: Path, content: _Content) -> None:
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        np.savez(temporary / "sessions.npz", **content.arrays)  # type: ignore[arg-type]
        for kind, names in content.names.items():
            table = pa.table({"name": pa.array(names)})
            pq.write_table(table, temporary / f"{kind}_names.parquet")
        files = {path.name: checksum(path.read_bytes()) for path in sorted(temporary.iterdir())}
        facts = sealed({**content.facts, "files": files})
        (temporary / "facts.json").write_text(json.dumps(facts), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)  # a damaged one, or none
        temporary.replace(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)

"""Which of a dataset's sources is there, and its bytes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from srgnn_bench.errors import DataError, SpecError
from srgnn_bench.specs.dataset import DatasetSpec
from srgnn_bench.specs.registry import package_folders
from srgnn_bench.specs.sources.source import PACKED, Source
from srgnn_bench.specs.sources.streams import holds_member, member_among_others, unreadable

ROOT_VARIABLE = "SRGNN_BENCH_DATA_ROOT"


@dataclass(frozen=True)
class Found:
    """A source whose files are there.

    Attributes:
        source: the source.
        paths: its files, one for each entry of ``files_wanted``.
    """

    source: Source
    paths: tuple[Path, ...]


@dataclass(frozen=True)
class Missing:
    """A source whose files are not there.

    Attributes:
        source: the source.
        wanted: the names that were looked for, in words.
    """

    source: Source
    wanted: str


def search(spec: DatasetSpec, *, data_root: Path | None) -> list[Found | Missing]:
    """Every source of a dataset, in the order of preference."""
    return [_search_one(spec, source, data_root) for source in spec.sources]


def find(spec: DatasetSpec, *, data_root: Path | None, source: str | None = None) -> Found:
    """The first source that is there, or the one named.

    Raises:
        SpecError: the dataset has no source of that name.
        DataError: nothing is there.
    """
    results = search(spec, data_root=data_root)
    if source is not None:
        results = [result for result in results if result.source.name == source]
        if not results:
            known = ", ".join(each.name for each in spec.sources)
            raise SpecError(
                f"Dataset '{spec.name}' has no source '{source}'.", remedy=f"It has: {known}."
            )
    for result in results:
        if isinstance(result, Found):
            return result
    missing = [result for result in results if isinstance(result, Missing)]
    raise DataError(
        f"Dataset '{spec.name}' is not there: {where_missing(missing, data_root=data_root)}.",
        remedy=spec.obtain,
    )


def where_missing(missing: list[Missing], *, data_root: Path | None) -> str:
    """What was looked for, and where."""
    wanted = ", or ".join(dict.fromkeys(result.wanted for result in missing))
    if data_root is None:
        return f"no data root is given (--data-root or {ROOT_VARIABLE}) that would hold {wanted}"
    return f"{data_root} holds no {wanted}"


def digest(found: Found) -> str:
    """sha256 over the bytes of a source's files, 64 hex digits.

    For a zip with several files inside, the name of the one that is read counts too.

    Raises:
        DataError: a file cannot be read.
    """
    whole = hashlib.sha256()
    for path, names in zip(found.paths, found.source.files_wanted, strict=True):
        one = hashlib.sha256()
        try:
            with path.open("rb") as file:
                while block := file.read(1 << 22):
                    one.update(block)
        except OSError as error:
            raise unreadable(path, error) from error
        whole.update(one.digest())
        whole.update((member_among_others(path, members=names) or "").encode())
    return whole.hexdigest()


def _search_one(spec: DatasetSpec, source: Source, data_root: Path | None) -> Found | Missing:
    if not source.files_wanted:
        return Found(source, ())
    for folder in _folders(spec, source, data_root):
        there = [_there(folder, names, source) for names in source.files_wanted]
        if all(there):
            if source.one_of_each:
                for paths in there:
                    _refuse_others(spec, paths)
            return Found(source, tuple(path for path, *_ in there))
    wanted = " with ".join(" or ".join(names) for names in source.files_wanted)
    elsewhere = f", or {wanted}" if source.beside_others else ""
    return Missing(source, f"{spec.name}/{wanted}{elsewhere}")


def _there(folder: Path, names: tuple[str, ...], source: Source) -> list[Path]:
    """The files that are there under one of the names, packed or not."""
    packed = PACKED if source.may_be_packed else ()
    endings = {name: ("",) if name.endswith(PACKED) else ("", *packed) for name in names}
    paths = [folder / f"{name}{ending}" for name in names for ending in endings[name]]
    return [path for path in paths if path.is_file()]


def _refuse_others(spec: DatasetSpec, paths: list[Path]) -> None:
    """One file is read; another under one of its names would be left out in silence.

    A log beside its own packed form is no other: ``clicks.csv`` and ``clicks.csv.gz``, or a zip
    that holds a file of that name.

    Raises:
        DataError: there is another one.
    """
    read, *others = paths
    for other in others:
        if _unpacked_name(other) == _unpacked_name(read) or holds_member(other, name=read.name):
            continue
        raise DataError(
            f"{read} and {other} are both there, and dataset '{spec.name}' is read from one file: "
            "a list of `files` is of names that this one may have.",
            remedy="Move one of them away or take its name from the list; join them if both are "
            "parts of one log; say `kind: split_tables` if one is for training and one is the "
            "test.",
        )


def _unpacked_name(path: Path) -> str:
    return path.name.removesuffix(".gz").removesuffix(".zip")


def _folders(spec: DatasetSpec, source: Source, data_root: Path | None) -> list[Path]:
    if source.in_recbole:
        examples = [each / "dataset_example" for each in package_folders("recbole")]
        return [each / name for each in examples for name in (spec.name, *spec.folders)]
    if data_root is None:
        return []
    folders = [data_root / name for name in (spec.name, *spec.folders)]
    return [*folders, data_root] if source.beside_others else folders

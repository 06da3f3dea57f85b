"""Fetching a dataset's files, only when asked to.

What was fetched goes to the folder ``<data root>/<dataset>/``, where its sources look for it.
"""

from __future__ import annotations

import filecmp
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock
import pooch
import requests

from srgnn_bench.errors import DataError
from srgnn_bench.files import checksum, half_written, write_atomically
from srgnn_bench.plain_text import at_most
from srgnn_bench.specs.dataset import DatasetSpec, Download, FilesDownload
from srgnn_bench.specs.registry import package_folders
from srgnn_bench.specs.sources.streams import most_unpacked
from srgnn_bench.specs.yaml_text import read_yaml

ARRIVALS = ".arrivals"

BAD_ARCHIVE = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError)
"""What zipfile raises for archives that are damaged, encrypted, or packed in a way it does not know
(NotImplementedError is a RuntimeError)."""


def download(spec: DatasetSpec, *, data_root: Path) -> list[Path]:
    """Fetch a dataset from the first of its addresses that answers.

    Every file is checked against its sha256. Where none is published, that of the first
    download is noted beside the file, as ``<file>.sha256``, and later downloads must match it.

    Returns:
        The files that were fetched or unpacked.

    Raises:
        DataError: no address answers, or what came is not what was expected; it says what to
            fetch by hand and where to put it.
    """
    folder = data_root / spec.name
    refusals = []
    for source in spec.downloads:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with _arrivals(folder) as arrived:
                return _fetch(source, folder, arrived)
        except (requests.RequestException, ValueError, OSError, *BAD_ARCHIVE) as error:
            # pooch raises ValueError for a checksum that does not match
            refusals.append(f"{_address(source)}: {at_most(200, str(error))}")
    problem = "; ".join(refusals) if refusals else "no address is known for it"
    raise DataError(f"Dataset '{spec.name}' was not fetched: {problem}.", remedy=spec.obtain)


@contextmanager
def _arrivals(folder: Path) -> Iterator[Path]:
    """A folder in which downloads become whole before they are moved to their places.

    What a killed call left in it goes first; the lock sees to it that no other call is at work.
    """
    with filelock.FileLock(folder / f"{ARRIVALS}.lock"):
        arrived = folder / ARRIVALS
        shutil.rmtree(arrived, ignore_errors=True)
        arrived.mkdir()
        try:
            yield arrived
        finally:
            shutil.rmtree(arrived, ignore_errors=True)


def _fetch(source: Download, folder: Path, arrived: Path) -> list[Path]:
    """Fetch from one address. A file that is there and is another one is never written over."""
    if isinstance(source, FilesDownload):
        return [
            _retrieve(source.base + name, folder / name, arrived, sha256=sha256)
            for name, sha256 in source.files.items()
        ]
    address = _address(source)
    archive = folder / address.rsplit("/", 1)[-1]
    noted = _noted(archive)
    try:
        fetched = archive if archive.is_file() else arrived / archive.name
        _pooch(address, fetched, sha256=source.sha256 or noted)
        unpacked = _unpack(fetched, folder, arrived)
    except ValueError as error:
        if source.sha256 or not noted:
            raise
        note = _place_of_note(archive)
        raise ValueError(f"it is not the archive that {note} has noted: {error}") from error
    fetched.replace(archive)
    _note(archive)
    return unpacked


def _retrieve(address: str, path: Path, arrived: Path, *, sha256: str) -> Path:
    if path.is_file():
        return _pooch(address, path, sha256=sha256)
    whole = _pooch(address, arrived / path.name, sha256=sha256)
    path.parent.mkdir(parents=True, exist_ok=True)
    return whole.replace(path)


def _pooch(address: str, path: Path, *, sha256: str | None) -> Path:
    """The file of an address, fetched where it is not there."""
    pooch.get_logger().setLevel("WARNING")
    known = None if sha256 is None else f"sha256:{sha256}"
    if known and path.is_file() and not pooch.hashes.hash_matches(path, known):
        raise _another(path)
    return Path(pooch.retrieve(address, known_hash=known, fname=path.name, path=path.parent))


def _another(path: Path) -> DataError:
    return DataError(
        f"{path} is there already and is another file than the one to be fetched.",
        remedy="Move it away if it is not the one you want to use.",
    )


def _address(source: Download) -> str:
    if isinstance(source, FilesDownload):
        return source.base
    addresses = _recbole_addresses()
    if source.key not in addresses:
        raise DataError(
            f"RecBole names no address for '{source.key}'.",
            remedy="Correct `downloads` in the dataset's YAML; RecBole's url.yaml has the keys.",
        )
    return addresses[source.key]


def _recbole_addresses() -> dict[str, str]:
    [recbole] = package_folders("recbole")
    addresses: dict[str, str] = read_yaml(recbole / "properties" / "dataset" / "url.yaml")
    return addresses


def _noted(path: Path) -> str | None:
    note = _place_of_note(path)
    words = note.read_text(encoding="ascii").split() if note.is_file() else []
    return words[0] if words else None


def _note(path: Path) -> None:
    digest = checksum(path.read_bytes())
    note = _place_of_note(path)
    for leftover in half_written(note.parent, note.name):  # by a killed call
        leftover.unlink(missing_ok=True)
    write_atomically(note, f"{digest}  {path.name}\n".encode())


def _place_of_note(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _unpack(archive: Path, folder: Path, arrived: Path) -> list[Path]:
    """The files of an archive, without its folders; all of them or none.

    Raises:
        zipfile.BadZipFile: there is none in it, or it unpacks to more than any log would.
        RuntimeError, NotImplementedError, zlib.error: it is encrypted or damaged.
    """
    whole = []
    with zipfile.ZipFile(archive) as opened:
        for member in opened.infolist():
            name = Path(member.filename).name
            if member.is_dir() or not name.endswith(".inter"):
                continue
            if member.file_size > most_unpacked(member.compress_size):
                raise zipfile.BadZipFile(f"{name} in it unpacks to {member.file_size:,} bytes")
            path = arrived / name
            with opened.open(member) as packed, path.open("wb") as file:
                shutil.copyfileobj(packed, file)
            whole.append(path)
    if not whole:
        raise zipfile.BadZipFile("no .inter file is in it")
    for path in whole:
        place = folder / path.name
        if place.is_file() and not filecmp.cmp(place, path, shallow=False):
            raise _another(place)
    return [path.replace(folder / path.name) for path in whole]

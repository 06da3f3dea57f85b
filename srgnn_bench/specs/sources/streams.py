"""A file's bytes, whether it is plain, gzip or zip."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, BinaryIO

from srgnn_bench.errors import DataError

ALWAYS_UNPACKED = 1 << 26
MOST_UNPACKED = 250
"""A packed file may hold this many bytes, and this many more for each of its own. Logs of clicks
pack into a third to a thirtieth of their size; a file made to fill memory, into a thousandth."""


def most_unpacked(packed: int) -> int:
    """Most bytes that so many packed ones may become."""
    return ALWAYS_UNPACKED + MOST_UNPACKED * packed


@contextmanager
def open_binary(path: Path, *, members: tuple[str, ...]) -> Iterator[BinaryIO]:
    """The unpacked bytes of a file. What is damaged in it becomes one clear error.

    Args:
        path: ``.gz`` and ``.zip`` are unpacked, anything else is taken as it is.
        members: names that the file inside a zip may have, if there are several inside.

    Raises:
        DataError: the file cannot be read, is truncated or damaged.
    """
    with _clear_errors(path):
        if path.suffix == ".gz":
            with gzip.open(path) as unpacked:
                packed = path.stat().st_size
                yield io.BufferedReader(_Measured(path, packed=packed, unpacked=unpacked))
        elif path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                name = _member(path, archive, members)
                packed = archive.getinfo(name).compress_size
                with archive.open(name) as unpacked:
                    yield io.BufferedReader(_Measured(path, packed=packed, unpacked=unpacked))
        else:
            with path.open("rb") as plain:
                yield plain


def member_among_others(path: Path, *, members: tuple[str, ...]) -> str | None:
    """Which file of a zip is read, where it holds others too; None where nothing is chosen.

    Args:
        path: any file.
        members: as for ``open_binary``.

    Raises:
        DataError: the zip is damaged, or holds none or several of the names.
    """
    if path.suffix != ".zip":
        return None
    with _clear_errors(path), zipfile.ZipFile(path) as archive:
        return _member(path, archive, members) if len(_inside(archive)) > 1 else None


def holds_member(path: Path, *, name: str) -> bool:
    """Whether a file is a zip with a file of that name inside.

    Raises:
        DataError: the zip is damaged.
    """
    if path.suffix != ".zip":
        return False
    with _clear_errors(path), zipfile.ZipFile(path) as archive:
        return any(Path(inside).name == name for inside in _inside(archive))


@contextmanager
def _clear_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except (EOFError, zlib.error, zipfile.BadZipFile, gzip.BadGzipFile) as error:
        raise DataError(
            f"{path} is truncated or damaged ({error}).", remedy="Fetch it again, whole."
        ) from error
    except (OSError, NotImplementedError, RuntimeError) as error:
        # zipfile raises the last two for methods that it does not know, and for passwords.
        raise unreadable(path, error) from error


def unreadable(path: Path, error: Exception) -> DataError:
    """A file that the system, or its own form, does not let us read."""
    reason = (error.strerror if isinstance(error, OSError) else None) or " ".join(
        str(error).split()
    )
    return DataError(
        f"{path} cannot be read ({reason}).", remedy="Check the file and its permissions."
    )


def _inside(archive: zipfile.ZipFile) -> list[str]:
    return [name for name in archive.namelist() if not name.endswith("/")]


def _member(path: Path, archive: zipfile.ZipFile, members: tuple[str, ...]) -> str:
    inside = _inside(archive)
    wanted = [name for name in inside if Path(name).name in members] or inside
    if len(wanted) != 1:
        raise DataError(
            f"{path} holds {len(inside)} files and not exactly one named {' or '.join(members)}.",
            remedy="Unpack it, and put that file in its place.",
        )
    return wanted[0]


class _Measured(io.RawIOBase):
    """What comes out of a packed file, up to far more than a log can hold.

    Args:
        path: the packed file.
        packed: its size, or that of the part which is unpacked, in bytes.
        unpacked: where the bytes come from.
    """

    def __init__(self, path: Path, *, packed: int, unpacked: IO[bytes] | gzip.GzipFile) -> None:
        super().__init__()
        self._path = path
        self._left = most_unpacked(packed)
        self._unpacked = unpacked

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """The next bytes.

        Raises:
            DataError: there are more of them than a log packs into so few.
        """
        block = self._unpacked.read(len(buffer))
        self._left -= len(block)
        if self._left < 0:
            raise DataError(
                f"{self._path} unpacks to more than {MOST_UNPACKED} times its size; no log does.",
                remedy="Look at what it is; unpack it yourself if it is what you want to read.",
            )
        buffer[: len(block)] = block
        return len(block)

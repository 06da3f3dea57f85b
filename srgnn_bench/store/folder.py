"""What every stored thing has in common: a folder that one process works in at a time."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock, Timeout
from pydantic import BaseModel, ValidationError

from srgnn_bench.errors import StoreError
from srgnn_bench.files import half_written, sealed, unsealed, write_atomically
from srgnn_bench.specs.reading import reason_of
from srgnn_bench.store.keys import short

T = TypeVar("T", bound=BaseModel)


class Busy(Exception):  # noqa: N818 - nothing is wrong
    """Another process, or another part of this one, works in the folder: try again later."""


class Folder:
    """A folder of the results: its lock, its checkpoints, its removal.

    Args:
        path: where it is; made when it is locked or written.
        marks: the files that say that something is done; the first to go where it is removed.
    """

    def __init__(self, path: Path, *, marks: tuple[str, ...]) -> None:
        self.path = path
        self._marks = marks

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Have the folder to oneself.

        Raises:
            Busy: somebody else has it.
            StoreError: it cannot be written.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            held = FileLock(self.path.with_name(f".{self.path.name}.lock")).acquire(timeout=0)
        except Timeout as error:
            raise Busy from error
        except OSError as error:
            raise unwritable(self.path, error) from error
        with held:
            yield

    def checkpoint(self, key: str) -> Path:
        """The file that a training goes on from.

        Args:
            key: of the trial or the run.
        """
        return self.path / f"{short(key)}.checkpoint"

    def clear(self) -> None:
        """Remove checkpoints, and what a kill left half-written. The caller has the lock."""
        for path in (*self.path.glob("*.checkpoint*"), *half_written(self.path)):
            path.unlink(missing_ok=True)

    def remove(self) -> None:
        """Remove the folder, unless somebody works in it: what comes of that is new anyway.

        What says that something is done goes first, so that a kill on the way leaves nothing that
        passes for whole.

        Raises:
            StoreError: it may not be removed.
        """
        if not self.path.is_dir():
            return
        with contextlib.suppress(Busy), self.locked():
            try:
                for name in self._marks:
                    (self.path / name).unlink(missing_ok=True)
                shutil.rmtree(self.path)
            except OSError as error:
                raise unwritable(self.path, error) from error

    def write(self, name: str, content: bytes) -> None:
        """Write a file, in full or not at all.

        Raises:
            StoreError: the folder cannot be written.
        """
        write_stored(self.path / name, content)


def write_stored(path: Path, content: bytes) -> None:
    """Write a file of the results; its folder is made.

    Raises:
        StoreError: it cannot be written; what was there stays.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content)
    except OSError as error:
        raise unwritable(path.parent, error) from error


@contextlib.contextmanager
def alone_with(path: Path) -> Iterator[None]:
    """Have a file to oneself that no folder's lock covers; what a kill left of it is removed.

    Raises:
        StoreError: its folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        held = FileLock(path.with_name(f".{path.stem}.lock")).acquire()
    except OSError as error:
        raise unwritable(path.parent, error) from error
    with held:
        for leftover in half_written(path.parent, path.name):
            leftover.unlink(missing_ok=True)
        yield


def sealed_text(stored: BaseModel) -> bytes:
    """A stored object as a JSON file with its checksum."""
    text = json.dumps(sealed(json.loads(stored.model_dump_json())), indent=2, ensure_ascii=False)
    return f"{text}\n".encode()


def sealed_line(stored: BaseModel) -> str:
    """A stored object as a line with its checksum."""
    return json.dumps(sealed(json.loads(stored.model_dump_json())), ensure_ascii=False) + "\n"


def read_bytes(path: Path) -> bytes:
    """The bytes of a stored file that must be there.

    Raises:
        StoreError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise damaged(path, str(error.strerror or error), remedy="Restore it.") from error


def read_sealed(path: Path, kind: type[T]) -> T | None:
    """A stored object; None where there is none.

    Raises:
        StoreError: it is damaged, or of another version of the format.
    """
    if not path.is_file():
        return None
    return parse_sealed(read_bytes(path), kind, path=path, remedy=DELETE_IT)


def parse_sealed(text: str | bytes, kind: type[T], *, path: Path, remedy: str, line: str = "") -> T:
    """A stored object from its text.

    Args:
        text: JSON with its checksum.
        kind: what it is.
        path: where the text is, for errors.
        remedy: what to do where it is damaged.
        line: which line of the file it is, for errors.

    Raises:
        StoreError: it is damaged, or of another version of the format.
    """
    try:
        return kind.model_validate(checked(text))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        raise damaged(path, f"{line}{place}: {reason_of(first)}", remedy=remedy) from error
    except ValueError as error:  # of JSON or of UTF-8, too
        raise damaged(path, f"{line}{error}", remedy=remedy) from error


def checked(text: str | bytes) -> dict[str, Any]:
    """Sealed content; that of the first edition had no checksum, which its version says better."""
    content: Any = json.loads(text)
    if isinstance(content, dict) and content.get("schema_version") == 1:
        return content
    return unsealed(text)


DELETE_IT = "Delete it and run again, or read it with the version that wrote it."


def damaged(path: Path, what: str, *, remedy: str = DELETE_IT) -> StoreError:
    """The error to raise where a stored file is not what was written."""
    return StoreError(
        f"{path} is damaged or of another version of the format ({what}).", remedy=remedy
    )


def unwritable(folder: Path, error: OSError) -> StoreError:
    """The error to raise where a folder of results cannot be written."""
    return StoreError(
        f"{folder} cannot be written ({error.strerror or error}).",
        remedy="Free space or permissions there, or name another folder with --results.",
    )

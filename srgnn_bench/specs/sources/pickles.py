"""The pickles that the SR-GNN authors' preprocessing writes."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any, ClassVar, Literal, NoReturn

from srgnn_bench.errors import DataError
from srgnn_bench.specs.sources.prefixes import Side, rebuild
from srgnn_bench.specs.sources.published import PublishedSessions
from srgnn_bench.specs.sources.streams import unreadable

REMEDY = (
    "Write it as the SR-GNN authors' preprocess.py does: all_train_seq.txt is a list of lists of "
    "item ids, train.txt and test.txt are pairs (prefixes, targets), ids are whole numbers from 1."
)


class PicklesSource(PublishedSessions):
    """The files that the SR-GNN authors' preprocessing writes: sessions already split."""

    kind: Literal["srgnn_pickles"]

    # They have the same names for every dataset: beside each other they would be mistaken.
    beside_others: ClassVar[bool] = False

    @property
    def files_wanted(self) -> tuple[tuple[str, ...], ...]:
        """Training sessions, whole or as prefixes, and the prefixes of the test."""
        return (("all_train_seq.txt", "train.txt"), ("test.txt",))

    def side(self, path: Path) -> Side[int]:
        """See ``read_side``."""
        return read_side(path)


class _OnlyContainers(pickle.Unpickler):
    """Reads lists, tuples and numbers. A pickle that names any class or function is refused."""

    def find_class(self, module_name: str, global_name: str) -> NoReturn:
        raise pickle.UnpicklingError(f"it asks for {module_name}.{global_name}")

    def persistent_load(self, pid: Any) -> NoReturn:
        raise pickle.UnpicklingError(f"it refers to an object outside the file ({pid})")


def read_side(path: Path) -> Side[int]:
    """Sessions from ``all_train_seq.txt``, or rebuilt from ``train.txt`` or ``test.txt``.

    Raises:
        DataError: the file is not what the authors' preprocessing writes.
    """
    content = _load(path)
    if path.name == "all_train_seq.txt":
        return Side(_lists(path, content, what="session"))
    if not isinstance(content, (list, tuple)) or len(content) != 2:
        raise DataError(f"{path} is not a pair (prefixes, targets).", remedy=REMEDY)
    prefixes = _lists(path, content[0], what="prefix")
    targets = content[1]
    if not isinstance(targets, list):
        raise DataError(f"{path}: the targets are not a list.", remedy=REMEDY)
    _check_ids(path, targets, what="target")
    if len(prefixes) != len(targets):
        raise DataError(
            f"{path} holds {len(prefixes)} prefixes but {len(targets)} targets.", remedy=REMEDY
        )
    return rebuild(path, prefixes, targets)


def _lists(path: Path, lists: Any, *, what: str) -> list[list[int]]:
    if not isinstance(lists, list):
        raise DataError(f"{path}: a list of {what} lists was expected.", remedy=REMEDY)
    if not lists:
        raise DataError(f"{path} holds no {what}.", remedy=REMEDY)
    for number, one in enumerate(lists, start=1):
        if not isinstance(one, list) or not one:
            raise DataError(f"{path}: {what} {number} is not a list of items.", remedy=REMEDY)
        _check_ids(path, one, what=f"{what} {number}, item")
    return lists


def _check_ids(path: Path, ids: list[Any], *, what: str) -> None:
    for number, one in enumerate(ids, start=1):
        if type(one) is not int or not 1 <= one < 2**63:  # True is an instance of int
            shown = repr(one)[:40] if isinstance(one, (int, str, float)) else type(one).__name__
            raise DataError(
                f"{path}: {what} {number} is {shown}, not a whole number from 1.", remedy=REMEDY
            )


def _load(path: Path) -> Any:
    try:
        with path.open("rb") as file:
            return _OnlyContainers(file).load()
    except OSError as error:
        raise unreadable(path, error) from error
    except Exception as error:  # a damaged pickle can raise nearly anything
        reason = str(error) or type(error).__name__
        raise DataError(
            f"{path} is not a pickle of plain lists and numbers: {reason}. Nothing in it was run.",
            remedy=REMEDY,
        ) from error

"""The pickles that the SR-GNN authors' preprocessing writes."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from srgnn_bench.data.sources.locate import unreadable
from srgnn_bench.errors import DataError

REMEDY = (
    "Write it as the SR-GNN authors' preprocess.py does: all_train_seq.txt is a list of lists of "
    "item ids, train.txt and test.txt are pairs (prefixes, targets), ids are whole numbers from 1."
)


class _OnlyContainers(pickle.Unpickler):
    """Reads lists, tuples and numbers. A pickle that names any class or function is refused."""

    def find_class(self, module_name: str, global_name: str) -> NoReturn:
        raise pickle.UnpicklingError(f"it asks for {module_name}.{global_name}")

    def persistent_load(self, pid: Any) -> NoReturn:
        raise pickle.UnpicklingError("it refers to an object outside the file")


def read_sessions(path: Path) -> list[list[int]]:
    """Sessions from ``all_train_seq.txt``, or rebuilt from the prefixes of ``train.txt``.

    Raises:
        DataError: the file is not what the authors' preprocessing writes.
    """
    content = _load(path)
    if path.name == "all_train_seq.txt":
        _check_lists(path, content, what="session")
        return content  # type: ignore[no-any-return]
    return _rebuild(path, content)


@dataclass(frozen=True)
class _Pair:
    prefixes: list[list[int]]
    targets: list[int]


def _rebuild(path: Path, content: Any) -> list[list[int]]:
    """Sessions from their prefixes, which stand longest first: the longest and its target."""
    pair = _pair(path, content)
    sessions: list[list[int]] = []
    row = 0
    while row < len(pair.targets):
        session = [*pair.prefixes[row], pair.targets[row]]
        for length in range(len(session) - 1, 0, -1):
            step = row + len(session) - 1 - length
            if (
                step >= len(pair.targets)
                or pair.prefixes[step] != session[:length]
                or pair.targets[step] != session[length]
            ):
                raise DataError(
                    f"{path}: entry {step + 1} is not the prefix of {length} items of the "
                    f"session that begins at entry {row + 1}.",
                    remedy="All prefixes of a session must follow each other, longest first.",
                )
        sessions.append(session)
        row += len(session) - 1
    return sessions


def _pair(path: Path, content: Any) -> _Pair:
    if not isinstance(content, (list, tuple)) or len(content) != 2:
        raise DataError(f"{path} is not a pair (prefixes, targets).", remedy=REMEDY)
    prefixes, targets = content
    _check_lists(path, prefixes, what="prefix")
    if not isinstance(targets, list):
        raise DataError(f"{path}: the targets are no list.", remedy=REMEDY)
    _check_ids(path, targets, what="target")
    if len(prefixes) != len(targets):
        raise DataError(
            f"{path} holds {len(prefixes)} prefixes but {len(targets)} targets.", remedy=REMEDY
        )
    return _Pair(prefixes, targets)


def _check_lists(path: Path, lists: Any, *, what: str) -> None:
    if not isinstance(lists, list):
        raise DataError(f"{path}: a list of {what} lists was expected.", remedy=REMEDY)
    if not lists:
        raise DataError(f"{path} holds no {what}.", remedy=REMEDY)
    for number, one in enumerate(lists, start=1):
        if type(one) is not list or not one:
            raise DataError(f"{path}: {what} {number} is not a list of items.", remedy=REMEDY)
        _check_ids(path, one, what=f"{what} {number}, item")


def _check_ids(path: Path, ids: list[Any], *, what: str) -> None:
    for number, one in enumerate(ids, start=1):
        if type(one) is not int or not 1 <= one < 2**63:
            shown = repr(one) if type(one) in (int, str, float, bool) else type(one).__name__
            raise DataError(
                f"{path}: {what} {number} is {shown[:40]}, not a whole number from 1.",
                remedy=REMEDY,
            )


def _load(path: Path) -> Any:
    try:
        with path.open("rb") as file:
            content = _OnlyContainers(file).load()
    except OSError as error:
        raise unreadable(path, error) from error
    except Exception as error:  # a damaged pickle can raise nearly anything
        reason = str(error) or type(error).__name__
        raise DataError(
            f"{path} is not a pickle of plain lists and numbers: {reason}. Nothing in it was run.",
            remedy=REMEDY,
        ) from error
    return content

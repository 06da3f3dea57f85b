"""Sessions from files that list their prefixes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from srgnn_bench.errors import DataError

Item = TypeVar("Item", bound="int | str")


@dataclass(frozen=True)
class Side(Generic[Item]):
    """The sessions of a file.

    Attributes:
        sessions: items of each, oldest first.
        shortest: clicks of the shortest prefix that is listed of each; 1 where sessions are whole.
    """

    sessions: list[list[Item]]
    shortest: int = 1


def rebuild(
    path: Path, prefixes: list[list[Item]], targets: list[Item], *, first_row: int = 1
) -> Side[Item]:
    """The sessions whose prefixes a file lists, in its order.

    Every prefix of a session stands in the file, one after the other, longest first (as the
    SR-GNN authors' preprocessing writes them) or shortest first; a session is its longest prefix
    and the target of that. The shortest has one click, or two in all sessions (as in the files of
    Huang et al., AAAI 2021, MTD). So the sessions have exactly as many such prefixes as the file
    lists.

    Args:
        path: the file, for errors.
        prefixes: items of every row, none of them empty.
        targets: the item that came next.
        first_row: number of the first row, for errors.

    Raises:
        DataError: a prefix of a session is missing, or stands elsewhere.
    """
    shortest = min(2, *map(len, prefixes))
    sessions = _longest_first(prefixes, targets, shortest)
    if isinstance(sessions, int):
        reverse = _longest_first(prefixes[::-1], targets[::-1], shortest)
        if isinstance(reverse, list):
            return Side(reverse[::-1], shortest)
        raise DataError(
            f"{path}, row {first_row + sessions}: neither a shorter prefix of the session before "
            "it nor the longest prefix of another.",
            remedy="All prefixes of a session must follow each other, longest first.",
        )
    return Side(sessions, shortest)


def _longest_first(
    prefixes: list[list[Item]], targets: list[Item], shortest: int
) -> list[list[Item]] | int:
    """The sessions, or the first row that does not fit."""
    sessions: list[list[Item]] = []
    row = 0
    while row < len(targets):
        session: list[Item] = [*prefixes[row], targets[row]]
        for length in range(len(session) - 1, shortest - 1, -1):
            if row == len(targets):
                return row - 1
            if prefixes[row] != session[:length] or targets[row] != session[length]:
                return row
            row += 1
        sessions.append(session)
    return sessions

"""Sessions from files that list their prefixes."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from srgnn_bench.errors import DataError

Item = TypeVar("Item", bound="int | str")


def rebuild(
    path: Path, prefixes: list[list[Item]], targets: list[Item], *, first_row: int = 1
) -> list[list[Item]]:
    """The sessions whose prefixes a file lists, in its order.

    Every prefix of a session stands in the file, one after the other, longest first (as the
    SR-GNN authors' preprocessing writes them) or shortest first; a session is its longest prefix
    and the target of that. So the sessions have exactly as many prefixes as the file lists.

    Args:
        path: the file, for errors.
        prefixes: items of every row, none of them empty.
        targets: the item that came next.
        first_row: number of the first row, for errors.

    Raises:
        DataError: a prefix of a session is missing, or stands elsewhere.
    """
    sessions = _longest_first(prefixes, targets)
    if isinstance(sessions, int):
        reverse = _longest_first(prefixes[::-1], targets[::-1])
        if isinstance(reverse, list):
            return reverse[::-1]
        raise DataError(
            f"{path}, row {first_row + sessions}: neither a shorter prefix of the session before "
            "it nor the longest prefix of another.",
            remedy="All prefixes of a session must follow each other, longest first.",
        )
    return sessions


def _longest_first(prefixes: list[list[Item]], targets: list[Item]) -> list[list[Item]] | int:
    """The sessions, or the first row that does not fit."""
    sessions: list[list[Item]] = []
    row = 0
    while row < len(targets):
        session: list[Item] = [*prefixes[row], targets[row]]
        for length in range(len(session) - 1, 0, -1):
            if row == len(targets):
                return row - 1
            if prefixes[row] != session[:length] or targets[row] != session[length]:
                return row
            row += 1
        sessions.append(session)
    return sessions

"""A click log in memory, and the sessions in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from srgnn_bench.session_table import Integers, SessionTable
from srgnn_bench.specs.time_units import TimeFormat

Names = npt.NDArray[Any]

SIDES = ("training", "validation", "test")
"""What sessions that somebody has split are for, in the order of time."""


@dataclass(frozen=True)
class ClickLog:
    """Clicks as a source holds them, one entry per row, in the order of the file.

    Attributes:
        groups: what the clicks are grouped by.
        group: session or user of each click, shape (clicks,); number g is ``group_names[g]``.
        item: item of each click, shape (clicks,); number i is ``item_names[i - 1]``.
        time: milliseconds since 1970, shape (clicks,).
        order: what orders the clicks of a session instead of the time, shape (clicks,), or None.
        group_names, item_names: original ids, ascending.
        group_ids: where two columns name the groups: of each column, number of each group's id,
            shape (groups,), and the ids, ascending. Empty where one does.
        origin: what it was read from, for errors.
        dropped: why rows were dropped while reading, and how many.
        time_format: how the file writes times; None where it has none, and ``time`` is the place
            of the session.
        items_are_lists: whether the file calls the items lists of items.
        group_side: where the publisher has split the sessions: the side of each, as a place in
            ``SIDES``, shape (groups,). None where it has not.
        shortest_judged: clicks of the shortest prefix of a test session that is to be judged.
    """

    groups: Literal["sessions", "users"]
    group: Integers
    item: Integers
    time: Integers
    order: Integers | None
    group_names: Names
    item_names: Names
    origin: str
    group_ids: tuple[tuple[Integers, Names], ...] = ()
    dropped: dict[str, int] = field(default_factory=dict)
    time_format: TimeFormat | None = None
    items_are_lists: bool = False
    group_side: Integers | None = None
    shortest_judged: int = 1

    def id_columns(self) -> Iterator[tuple[Integers, Names]]:
        """Of each column of ids: number of each click's id, shape (clicks,), and the ids."""
        yield self.item - 1, self.item_names
        if not self.group_ids:
            yield self.group, self.group_names
        for number, names in self.group_ids:
            yield number[self.group], names


def sessions_by_id(log: ClickLog, *, in_file_order: bool = False) -> SessionTable:
    """The sessions of a log whose groups are sessions.

    Args:
        log: the clicks.
        in_file_order: leave the clicks of a session as they stand in the file.
    """
    within = log.time if log.order is None else log.order
    rows = np.lexsort((log.group,) if in_file_order else (within, log.group))
    group = log.group[rows]
    return _table(log, rows, starts=np.concatenate([[True], group[1:] != group[:-1]]))


def sessions_by_idle_gap(log: ClickLog, *, seconds: float) -> SessionTable:
    """The sessions of a log whose groups are users.

    Args:
        log: the clicks.
        seconds: a session ends when its user is idle for longer than this.
    """
    within = (log.time,) if log.order is None else (log.order, log.time)
    rows = np.lexsort((*within, log.group))
    group, time = log.group[rows], log.time[rows]
    idle = (time[1:] - time[:-1]) > seconds * 1000
    return _table(log, rows, starts=np.concatenate([[True], idle | (group[1:] != group[:-1])]))


def _table(log: ClickLog, rows: Integers, *, starts: npt.NDArray[np.bool_]) -> SessionTable:
    """Sessions from rows that stand session by session.

    Args:
        log: the clicks.
        rows: every row, the clicks of a session in their order, shape (clicks,).
        starts: which of them begin a session, shape (clicks,).
    """
    first = np.flatnonzero(starts)
    lengths = np.diff(np.append(first, len(rows)))
    last_click = np.maximum.reduceat(log.time[rows], first)
    group = log.group[rows[first]]
    oldest_first = np.lexsort((group, last_click))
    first, lengths = first[oldest_first], lengths[oldest_first]
    shift = first - (np.cumsum(lengths) - lengths)
    clicks = np.arange(len(rows)) + np.repeat(shift, lengths)
    return SessionTable(
        items=log.item[rows[clicks]],
        lengths=lengths,
        times=last_click[oldest_first] // 1000,
        group=group[oldest_first],
    )

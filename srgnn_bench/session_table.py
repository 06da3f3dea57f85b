"""Sessions while they are prepared: what filters and splits take and give."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class SessionTable:
    """Sessions with their origin, oldest first; those of equal time by their id.

    Attributes:
        items: item of every click, shape (clicks,).
        lengths: clicks of each session, shape (sessions,).
        times: time of each session's last click as the log has it, in seconds, rounded down,
            shape (sessions,). Dropping clicks does not change it.
        group: session or user that each session comes from, shape (sessions,).
    """

    items: Integers
    lengths: Integers
    times: Integers
    group: Integers

    def __len__(self) -> int:
        return len(self.lengths)

    def keep_clicks(self, keep: npt.NDArray[np.bool_]) -> SessionTable:
        """Only those clicks, ``keep`` of shape (clicks,); sessions that lose all of theirs go."""
        kept_before = np.concatenate([[0], np.cumsum(keep)])
        ends = np.cumsum(self.lengths)
        lengths = kept_before[ends] - kept_before[ends - self.lengths]
        table = replace(self, items=self.items[keep], lengths=lengths)
        return table.keep_sessions(lengths > 0)

    def keep_sessions(self, keep: npt.NDArray[np.bool_]) -> SessionTable:
        """Only those sessions, shape of ``keep`` (sessions,)."""
        if keep.all():
            return self
        return SessionTable(
            items=self.items[np.repeat(keep, self.lengths)],
            lengths=self.lengths[keep],
            times=self.times[keep],
            group=self.group[keep],
        )


@dataclass(frozen=True)
class StepCount:
    """What was left after a step of the preparation."""

    step: str
    sessions: int
    clicks: int
    items: int


def item_counts(*tables: SessionTable) -> Integers:
    """Clicks on each item over all the tables, entry i for item i, shape (largest item + 1,)."""
    size = max((int(table.items.max(initial=0)) + 1 for table in tables), default=1)
    counts = np.zeros(size, dtype=np.int64)
    for table in tables:
        counts += np.bincount(table.items, minlength=size)
    return counts


def count(step: str, *tables: SessionTable) -> StepCount:
    """Counts over all the tables together."""
    return StepCount(
        step=step,
        sessions=sum(len(table) for table in tables),
        clicks=sum(len(table.items) for table in tables),
        items=int(np.count_nonzero(item_counts(*tables))),
    )

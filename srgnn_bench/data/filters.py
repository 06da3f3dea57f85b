"""The steps from all sessions of a log to training and test sessions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from srgnn_bench.data.log import SessionTable
from srgnn_bench.data.spec import (
    Filter,
    LastDays,
    LeaveOneOut,
    MaxSessionLength,
    MinItemCount,
    MinSessionLength,
    NewestSessions,
    Split,
    TopItems,
)
from srgnn_bench.errors import DataError

DAY = 86_400


@dataclass(frozen=True)
class StepCount:
    """What was left after a step of the preparation."""

    step: str
    sessions: int
    clicks: int
    items: int


def count(step: str, *tables: SessionTable) -> StepCount:
    """Counts over all the tables together."""
    items = np.concatenate([table.items for table in tables])
    return StepCount(
        step=step,
        sessions=sum(len(table) for table in tables),
        clicks=len(items),
        items=int(np.count_nonzero(np.bincount(items))),
    )


def apply(step: Filter, table: SessionTable) -> tuple[str, SessionTable]:
    """One filter: what it does in words, and what it leaves."""
    if isinstance(step, MinSessionLength):
        words = f"sessions of at least {step.clicks} clicks"
        return words, table.keep_sessions(table.lengths >= step.clicks)
    if isinstance(step, MaxSessionLength):
        words = f"first {step.clicks} clicks of a session"
        starts = np.cumsum(table.lengths) - table.lengths
        position = np.arange(len(table.items)) - np.repeat(starts, table.lengths)
        return words, table.keep_clicks(position < step.clicks)
    if isinstance(step, MinItemCount):
        words = f"items clicked at least {step.clicks} times"
        return words, table.keep_clicks((np.bincount(table.items) >= step.clicks)[table.items])
    if isinstance(step, TopItems):
        words = f"the {step.items} most clicked items"
        counts = np.bincount(table.items)
        top = np.lexsort((np.arange(len(counts)), -counts))[: step.items]
        return words, table.keep_clicks(np.isin(table.items, top))
    repeat = np.concatenate([[False], table.items[1:] == table.items[:-1]])
    repeat[np.cumsum(table.lengths)[:-1]] = False
    return "no repeats in a row", table.keep_clicks(~repeat)


def split(rule: Split, table: SessionTable) -> tuple[str, SessionTable, SessionTable]:
    """Training and test sessions, and the rule in words.

    Under the rules that look into sessions, the training side holds each session without its
    judged end, and the test side the same sessions whole.
    """
    if isinstance(rule, LastDays):
        cut = table.times[-1] - rule.days * DAY
        newer, equal = table.times > cut, table.times == cut
        in_test = newer | equal if rule.boundary == "test" else newer
        in_train = ~newer if rule.boundary == "train" else ~(newer | equal)
        words = f"test: the last {rule.days:g} days"
        return words, table.keep_sessions(in_train), table.keep_sessions(in_test)
    if isinstance(rule, NewestSessions):
        first = len(table) - int(len(table) * rule.fraction)
        newest = np.arange(len(table)) >= first
        words = f"test: the newest {rule.fraction:.0%} of the sessions"
        return words, table.keep_sessions(~newest), table.keep_sessions(newest)
    judged = judged_clicks(rule, table.lengths)
    ends = np.cumsum(table.lengths)
    shown = np.arange(len(table.items)) < np.repeat(ends - judged, table.lengths)
    words = (
        "test: the last click of every session"
        if isinstance(rule, LeaveOneOut)
        else f"test: the last {rule.fraction:.0%} of every session"
    )
    return words, table.keep_clicks(shown), table.keep_sessions(judged > 0)


def judged_clicks(rule: Split | None, lengths: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """How many clicks at the end of each judged session are targets, shape (sessions,)."""
    if isinstance(rule, LeaveOneOut):
        return np.minimum(lengths - 1, 1)
    if rule is None or isinstance(rule, LastDays | NewestSessions):
        return lengths - 1
    return ((lengths - 1) * rule.fraction).astype(np.int64)


def remove_unknown(test: SessionTable, *, train: SessionTable) -> SessionTable:
    """Test sessions without the items that training never shows, and of at least 2 clicks."""
    known = test.keep_clicks(np.isin(test.items, np.unique(train.items)))
    return known.keep_sessions(known.lengths >= 2)


def newest_part(train: SessionTable, *, part: int) -> SessionTable:
    """The newest 1/part of the training prefixes; the oldest session kept is kept whole.

    Raises:
        DataError: there are fewer prefixes than parts.
    """
    wanted = int((train.lengths - 1).sum()) // part
    if wanted == 0:
        raise DataError(
            f"The training sessions have too few prefixes to keep 1/{part} of them.",
            remedy="Lower `newest_train_part`.",
        )
    newest_first = np.cumsum((train.lengths - 1)[::-1])
    sessions = int(np.searchsorted(newest_first, wanted)) + 1
    return train.keep_sessions(np.arange(len(train)) >= len(train) - sessions)

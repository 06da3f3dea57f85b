"""The steps from all sessions of a log to training and test sessions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from srgnn_bench.data.log import SessionTable
from srgnn_bench.data.sessions import Integers
from srgnn_bench.specs.dataset import (
    Core,
    Filter,
    LeaveOneOut,
    MaxSessionLength,
    MinItemCount,
    MinSessionLength,
    NewestSessions,
    NewestSpan,
    NoRepeats,
    Split,
    TopItems,
)

DAY = 86_400


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


def apply(step: Filter, table: SessionTable) -> tuple[str, SessionTable]:
    """One filter: what it does in words, and what it leaves."""
    if isinstance(step, MinSessionLength):
        words = f"sessions of at least {step.clicks} clicks"
        return words, table.keep_sessions(table.lengths >= step.clicks)
    if isinstance(step, MaxSessionLength) and step.longer == "drop":
        words = f"sessions of at most {step.clicks} clicks"
        return words, table.keep_sessions(table.lengths <= step.clicks)
    if isinstance(step, MaxSessionLength):
        words = f"first {step.clicks} clicks of a session"
        starts = np.cumsum(table.lengths) - table.lengths
        position = np.arange(len(table.items)) - np.repeat(starts, table.lengths)
        return words, table.keep_clicks(position < step.clicks)
    if isinstance(step, MinItemCount):
        words = f"items clicked at least {step.clicks} times"
        return words, table.keep_clicks((item_counts(table) >= step.clicks)[table.items])
    if isinstance(step, TopItems):
        words = f"the {step.items} most clicked items"
        counts = item_counts(table)
        top = np.lexsort((np.arange(len(counts)), -counts))[: step.items]
        is_top = np.zeros(len(counts), dtype=bool)
        is_top[top] = True
        return words, table.keep_clicks(is_top[table.items])
    if isinstance(step, NoRepeats):
        repeat = np.concatenate([[False], table.items[1:] == table.items[:-1]])
        repeat[np.cumsum(table.lengths)[:-1]] = False
        return "no repeats in a row", table.keep_clicks(~repeat)
    return _core(step, table)


def _core(step: Core, table: SessionTable) -> tuple[str, SessionTable]:
    clicks = -1
    while clicks != len(table.items) and len(table):
        clicks = len(table.items)
        table = table.keep_sessions(table.lengths >= step.session_clicks)
        table = table.keep_clicks((item_counts(table) >= step.item_clicks)[table.items])
    words = f"sessions of {step.session_clicks}, items of {step.item_clicks} clicks, repeatedly"
    return words, table


def split(rule: Split, table: SessionTable) -> tuple[str, SessionTable, SessionTable]:
    """Training and test sessions, and the rule in words.

    Under the rules that look into sessions, the training side holds each session without its
    judged end, and the test side the same sessions whole.
    """
    if isinstance(rule, NewestSpan):
        cut = table.times[-1] - rule.total_seconds
        newer, equal = table.times > cut, table.times == cut
        in_test = newer | equal if rule.boundary == "test" else newer
        in_train = ~newer if rule.boundary == "train" else ~(newer | equal)
        words = f"test: the last {rule.total_seconds / DAY:.6g} days"
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


def judged_clicks(rule: Split | None, lengths: Integers) -> Integers:
    """How many clicks at the end of each judged session are targets, shape (sessions,)."""
    if isinstance(rule, LeaveOneOut):
        return np.minimum(lengths - 1, 1)
    if rule is None or isinstance(rule, NewestSpan | NewestSessions):
        return lengths - 1
    return np.asarray((lengths - 1) * rule.fraction, dtype=np.int64)  # rounded down


def remove_unknown(test: SessionTable, *, train: SessionTable) -> SessionTable:
    """Test sessions without the items that training never shows, and of at least 2 clicks."""
    size = max(int(table.items.max(initial=0)) + 1 for table in (train, test))
    is_known = np.bincount(train.items, minlength=size) > 0
    known = test.keep_clicks(is_known[test.items])
    return known.keep_sessions(known.lengths >= 2)


def newest_part(train: SessionTable, *, part: int) -> SessionTable:
    """The newest 1/part of the training prefixes; the oldest session kept is kept whole."""
    wanted = int((train.lengths - 1).sum()) // part
    newest_first = np.cumsum((train.lengths - 1)[::-1])
    sessions = int(np.searchsorted(newest_first, wanted)) + 1 if wanted else 0
    return train.keep_sessions(np.arange(len(train)) >= len(train) - sessions)

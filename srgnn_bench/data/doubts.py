"""What clicks say that they hardly mean: one rule for each way, all in ``RULES``.

Rules look at a log as it was read, before anything is filtered. What they find is kept with the
prepared sessions as numbers, and told as sentences: in the data card, and by every run. Nothing is
changed or left out on their account.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from srgnn_bench.specs.log import SIDES, ClickLog, Names
from srgnn_bench.specs.time_units import MILLISECONDS, likely_unit

Numbers = dict[str, Any]
"""What a rule found, by the names that its sentence uses; JSON can hold it."""

NO_VALUE = {
    *("null", "(null)", "<na>", "na", "n/a", "#n/a", "nan", "nat", "none", "nil", "undefined"),
    "\\n",
}
"""How programs write that there is no value, in lower case."""

DAY = 86_400_000
"""In milliseconds."""

MIXER = np.uint64(0x9E3779B97F4A7C15)
"""2^64 divided by the golden ratio, odd: products by it spread over 64 bits."""

LONG_SESSIONS = 0.1
"""Share of the sessions of two clicks and more that may last longer than a day unremarked."""


@dataclass(frozen=True)
class Rule:
    """One way in which a log says something else than it means.

    Attributes:
        name: under which its numbers are kept.
        look: the numbers, or None where all is well.
        sentence: what to tell of them; a format string.
    """

    name: str
    look: Callable[[ClickLog], Numbers | None]
    sentence: str


def examine(log: ClickLog) -> dict[str, Numbers]:
    """What the rules find in a log: name of the rule -> its numbers."""
    looked = ((rule.name, rule.look(log)) for rule in RULES)
    return {name: numbers for name, numbers in looked if numbers is not None}


def sentences(doubts: dict[str, Numbers]) -> Iterator[str]:
    """What was found, in words, in the order of the rules."""
    for rule in RULES:
        if rule.name in doubts:
            yield rule.sentence.format(**doubts[rule.name])


def _ids_where(log: ClickLog, doubtful: Callable[[str], bool]) -> Numbers | None:
    """Ids of the kind text that a condition holds for, and in how many clicks they stand."""
    ids: list[str] = []
    clicks = np.zeros(len(log.item), dtype=bool)
    for codes, names in log.id_columns():
        wrong = _which(names, doubtful)
        ids += [str(name) for name in names[wrong]]
        clicks |= wrong[codes]
    if not ids:
        return None
    return {"ids": len(ids), "clicks": int(clicks.sum()), "first": ids[0][:40]}


def _which(names: Names, doubtful: Callable[[str], bool]) -> npt.NDArray[np.bool_]:
    if names.dtype != object:  # whole numbers
        return np.zeros(len(names), dtype=bool)
    return np.fromiter((doubtful(name) for name in names), dtype=bool, count=len(names))


def _outer_spaces(log: ClickLog) -> Numbers | None:
    return _ids_where(log, lambda name: name != name.strip())


def _no_value(log: ClickLog) -> Numbers | None:
    return _ids_where(log, lambda name: name.strip().lower() in NO_VALUE)


def _item_lists(log: ClickLog) -> Numbers | None:
    """Items of a column ``token_seq``: each row's is a list."""
    if not log.items_are_lists:
        return None
    several = _which(log.item_names, lambda name: " " in name.strip())
    return {"lists": int(several[log.item - 1].sum()), "clicks": len(log.item)}


def _duplicates(log: ClickLog) -> Numbers | None:
    columns = {"group": log.group, "item": log.item, "time": log.time}
    if log.order is not None:
        columns["order"] = log.order
    # Rows that are equal have equal mixtures; few others have. So few rows are compared in full.
    mixed = np.zeros(len(log.item), dtype=np.uint64)
    for values in columns.values():
        mixed ^= values.view(np.uint64)
        mixed *= MIXER
        mixed ^= mixed >> np.uint64(32)
    ordered = np.sort(mixed)
    again = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    if not len(again):
        return None
    place = np.minimum(np.searchsorted(again, mixed), len(again) - 1)
    alike = again[place] == mixed
    rows = pd.DataFrame({name: values[alike] for name, values in columns.items()})
    repeated = int(rows.duplicated().sum())
    return {"repeated": repeated, "clicks": len(log.item)} if repeated else None


def _one_time(log: ClickLog) -> Numbers | None:
    same = len(log.time) > 1 and log.time.min() == log.time.max()
    return {"clicks": len(log.time)} if same else None


def _another_unit(log: ClickLog) -> Numbers | None:
    """A unit in which the newest click would be of our days, as it is not in the one that is said.

    Only of numbers: a date needs no unit.
    """
    if log.time_format is None or log.time_format == "iso":
        return None
    newest = int(log.time.max())
    unit = likely_unit(newest, read_as=log.time_format)
    if unit is None:
        return None
    number = newest / MILLISECONDS[log.time_format]
    return {"clicks": len(log.time), "said": log.time_format, "unit": unit, "newest": number}


def _january_1970(log: ClickLog) -> Numbers | None:
    """Dates that begin where time does; they were made of numbers in a unit that is too short."""
    early = log.time_format == "iso" and int(log.time.max()) < 31 * DAY
    return {"clicks": len(log.time)} if early else None


def _reused_numbers(log: ClickLog) -> Numbers | None:
    """Sessions that last for days: they are those of several users, or are users."""
    if log.groups != "sessions":
        return None
    length = np.bincount(log.group)
    first = np.full(len(length), np.iinfo(np.int64).max)
    last = np.full(len(length), -1)
    np.minimum.at(first, log.group, log.time)
    np.maximum.at(last, log.group, log.time)
    long = (last - first > DAY) & (length > 1)
    several = int((length > 1).sum())
    if not several or long.sum() < LONG_SESSIONS * several:
        return None
    return {
        "sessions": int(long.sum()),
        "several": several,
        "days": float(np.median((last - first)[long]) / DAY),
        "clicks": float(np.median(length[long])),
    }


def _backwards(log: ClickLog) -> Numbers | None:
    """Sessions of a given side that are over before one of an earlier side is."""
    if log.group_side is None or log.time_format is None:
        return None
    last = np.full(len(log.group_names), -1)
    np.maximum.at(last, log.group, log.time)
    for later in range(1, len(SIDES)):
        before, after = last[log.group_side < later], last[log.group_side == later]
        if len(before) and len(after) and (wrong := int((after < before.max()).sum())):
            ends_late = int((before > after.min()).sum())
            return {
                "side": SIDES[later],
                "wrong": wrong,
                "sessions": len(after),
                "late": ends_late,
                "days": float((before.max() - after.min()) / DAY),
            }
    return None


RULES = (
    Rule(
        "backwards",
        _backwards,
        "time runs backwards between the logs: {wrong:,} of {sessions:,} {side} sessions end "
        "before the newest session that is given as older does, and {late:,} sessions given as "
        "older end after the first of these, by up to {days:.3g} days; models train on what comes "
        "after what they are judged on",
    ),
    Rule(
        "outer spaces",
        _outer_spaces,
        "{ids:,} ids begin or end with a space, in {clicks:,} clicks ({first!r} is the first); "
        "with and without it they are different ids",
    ),
    Rule(
        "no value",
        _no_value,
        "{ids:,} ids look as if there were no value, in {clicks:,} clicks ({first!r} is the "
        "first); they count as ids like others",
    ),
    Rule(
        "item lists",
        _item_lists,
        "the items are lists (token_seq), of several items in {lists:,} of {clicks:,} clicks; a "
        "whole list counts as one item",
    ),
    Rule(
        "duplicates",
        _duplicates,
        "{repeated:,} of {clicks:,} clicks repeat another one exactly (session or user, item, "
        "time); they are kept",
    ),
    Rule(
        "one time",
        _one_time,
        "all {clicks:,} clicks bear the same time, so nothing says which sessions are the newest",
    ),
    Rule(
        "another unit",
        _another_unit,
        "`time_format` says {said}, but the newest of {clicks:,} clicks has {newest:.15g}, which "
        "looks like {unit}",
    ),
    Rule(
        "January 1970",
        _january_1970,
        "all {clicks:,} clicks are of January 1970; whoever made dates of their times perhaps took "
        "seconds for a shorter unit",
    ),
    Rule(
        "reused numbers",
        _reused_numbers,
        "{sessions:,} of {several:,} sessions with several clicks last longer than a day (half of "
        "these at least {days:.0f} days, with {clicks:.0f} clicks); where users number their own "
        "sessions, give `user` beside `session`; where the column names users, give it as `user`",
    ),
)

"""How a click log becomes training and test sessions: each step says what it does, and does it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from srgnn_bench.errors import DataError
from srgnn_bench.session_table import Integers, SessionTable, StepCount, count, item_counts
from srgnn_bench.specs.fields import Spec
from srgnn_bench.specs.log import SIDES, ClickLog, sessions_by_id, sessions_by_idle_gap

DAY = 86_400

Division = Literal["by time", "within sessions", "published", "published with validation"]
"""How sessions come to train, to validate and to be tested.

``by time``: whole ones, of which the newest are judged. ``within sessions``: the ends of all are
judged, by models that train on their beginnings. ``published``: as somebody has split them; the
newest of training validate unless that was said too (``with validation``)."""


class _Step(Spec):
    """What every step says."""

    says: ClassVar[str]
    """Of the sessions that it leaves, or takes for the test; with its fields in braces."""

    @property
    def words(self) -> str:
        """What it does, for the data card."""
        return self.says.format(self)


class MinSessionLength(_Step):
    """Drop sessions with fewer clicks."""

    step: Literal["min_session_length"]
    clicks: int = Field(ge=1)
    says: ClassVar[str] = "sessions of at least {0.clicks} clicks"

    def apply(self, table: SessionTable) -> SessionTable:
        """Those sessions."""
        return table.keep_sessions(table.lengths >= self.clicks)


class MaxSessionLength(_Step):
    """Cut longer sessions after so many clicks, or drop them."""

    step: Literal["max_session_length"]
    clicks: int = Field(ge=2)
    longer: Literal["cut", "drop"] = "cut"

    @property
    def words(self) -> str:
        """What it does, for the data card."""
        if self.longer == "drop":
            return f"sessions of at most {self.clicks} clicks"
        return f"first {self.clicks} clicks of a session"

    def apply(self, table: SessionTable) -> SessionTable:
        """Those sessions or clicks."""
        if self.longer == "drop":
            return table.keep_sessions(table.lengths <= self.clicks)
        starts = np.cumsum(table.lengths) - table.lengths
        position = np.arange(len(table.items)) - np.repeat(starts, table.lengths)
        return table.keep_clicks(position < self.clicks)


class MinItemCount(_Step):
    """Drop the clicks of items that were clicked more rarely."""

    step: Literal["min_item_count"]
    clicks: int = Field(ge=1)
    says: ClassVar[str] = "items clicked at least {0.clicks} times"

    def apply(self, table: SessionTable) -> SessionTable:
        """The clicks on those items."""
        return table.keep_clicks((item_counts(table) >= self.clicks)[table.items])


class TopItems(_Step):
    """Keep the clicks of the most clicked items; of equally frequent ones the smaller ids."""

    step: Literal["top_items"]
    items: int = Field(ge=2)
    says: ClassVar[str] = "the {0.items} most clicked items"

    def apply(self, table: SessionTable) -> SessionTable:
        """The clicks on those items."""
        counts = item_counts(table)
        top = np.lexsort((np.arange(len(counts)), -counts))[: self.items]
        is_top = np.zeros(len(counts), dtype=bool)
        is_top[top] = True
        return table.keep_clicks(is_top[table.items])


class NoRepeats(_Step):
    """Of clicks on one item in a row, keep the first."""

    step: Literal["no_immediate_repeats"]
    says: ClassVar[str] = "no repeats in a row"

    def apply(self, table: SessionTable) -> SessionTable:
        """The first clicks."""
        repeat = np.concatenate([[False], table.items[1:] == table.items[:-1]])
        repeat[np.cumsum(table.lengths)[:-1]] = False
        return table.keep_clicks(~repeat)


class Core(_Step):
    """Drop shorter sessions and rarer items, in turn, until none is left."""

    step: Literal["core"]
    session_clicks: int = Field(ge=1)
    item_clicks: int = Field(ge=1)
    says: ClassVar[str] = (
        "sessions of {0.session_clicks}, items of {0.item_clicks} clicks, repeatedly"
    )

    def apply(self, table: SessionTable) -> SessionTable:
        """What both leave alone."""
        clicks = -1
        while clicks != len(table.items) and len(table):
            clicks = len(table.items)
            table = table.keep_sessions(table.lengths >= self.session_clicks)
            table = table.keep_clicks((item_counts(table) >= self.item_clicks)[table.items])
        return table


Filter = Annotated[
    MinSessionLength | MaxSessionLength | MinItemCount | TopItems | NoRepeats | Core,
    Field(discriminator="step"),
]


class _Split(_Step):
    """A rule by which whole sessions train or are judged."""

    division: ClassVar[Division] = "by time"
    version: ClassVar[int] = 1
    """Raised where the rule divides otherwise than before, so that no cached sessions are used."""

    def judged(self, lengths: Integers) -> Integers:
        """How many clicks at the end of each judged session are targets, shape (sessions,)."""
        return lengths - 1


class _SplitWithin(_Split):
    """A rule by which the ends of all sessions are judged."""

    division: ClassVar[Division] = "within sessions"
    version: ClassVar[int] = 2

    def divide(self, table: SessionTable) -> tuple[SessionTable, SessionTable]:
        """Sessions without their judged end, and the same sessions whole."""
        judged = self.judged(table.lengths)
        shown = np.arange(len(table.items)) < np.repeat(
            np.cumsum(table.lengths) - judged, table.lengths
        )
        return table.keep_clicks(shown), table.keep_sessions(judged > 0)


class NewestSpan(_Split):
    """The sessions of the last days, or seconds, are the test."""

    kind: Literal["newest_span"]
    days: float = Field(0, ge=0)
    seconds: float = Field(0, ge=0)
    """Added to ``days``."""
    boundary: Literal["train", "test", "drop"] = "train"
    """Where a session goes that is exactly so much older than the newest; the SR-GNN authors'
    preprocessing drops it, which with times in whole days loses a day."""

    @model_validator(mode="after")
    def _some_time(self) -> NewestSpan:
        if self.total_seconds <= 0:
            raise ValueError("give `days` or `seconds`")
        return self

    @property
    def total_seconds(self) -> float:
        """Length of the test span."""
        return self.days * DAY + self.seconds

    @property
    def words(self) -> str:
        """What it does, for the data card."""
        return f"test: the last {self.total_seconds / DAY:.6g} days"

    def divide(self, table: SessionTable) -> tuple[SessionTable, SessionTable]:
        """Training and test sessions."""
        cut = table.times[-1] - self.total_seconds
        newer, equal = table.times > cut, table.times == cut
        in_test = newer | equal if self.boundary == "test" else newer
        in_train = ~newer if self.boundary == "train" else ~(newer | equal)
        return table.keep_sessions(in_train), table.keep_sessions(in_test)


class NewestSessions(_Split):
    """The newest share of the sessions is the test."""

    kind: Literal["newest_sessions"]
    fraction: float = Field(gt=0, lt=1)
    version: ClassVar[int] = 2
    says: ClassVar[str] = "test: the newest {0.fraction:.0%} of the sessions"

    def divide(self, table: SessionTable) -> tuple[SessionTable, SessionTable]:
        """Training and test sessions."""
        # As it is written: 0.29 is a little less in binary, and would give 28 of 100 sessions.
        first = len(table) - int(len(table) * Fraction(str(self.fraction)))
        newest = np.arange(len(table)) >= first
        return table.keep_sessions(~newest), table.keep_sessions(newest)


class LeaveOneOut(_SplitWithin):
    """The last click of every session is the test, as RecBole's ``LS``. Lets the future in."""

    kind: Literal["leave_one_out"]

    says: ClassVar[str] = "test: the last click of every session of 3 and more"

    def judged(self, lengths: Integers) -> Integers:
        """One click of each session, shape (sessions,); none where no prefix would be left."""
        return (lengths >= 3).astype(np.int64)


class WithinSessions(_SplitWithin):
    """The last share of every session is the test, as RecBole's ``RS``. Lets the future in."""

    kind: Literal["within_sessions"]
    fraction: float = Field(gt=0, lt=1)

    says: ClassVar[str] = "test: the last {0.fraction:.0%} of every session of 3 and more"

    def judged(self, lengths: Integers) -> Integers:
        """That share of the clicks after the first, rounded down, shape (sessions,).

        One where the share is less than one and another prefix is left. The product is rounded as
        RecBole's is.
        """
        share = (lengths - 1) * self.fraction
        return np.where(share < 1, lengths >= 3, share).astype(np.int64)


Split = Annotated[
    NewestSpan | NewestSessions | LeaveOneOut | WithinSessions, Field(discriminator="kind")
]


class Window(_Step):
    """One of several spans of equal length that a log is cut into, by the sessions' times.

    As in Ludewig et al., UMUAI 2021. Sessions stay whole: one that goes on over the end of a span
    belongs to the next. What the steps after it do, they do within the window.
    """

    number: int = Field(ge=1)
    """The place of this one, oldest first."""
    of: int = Field(ge=2)
    """How many there are."""

    says: ClassVar[str] = "window {0.number} of {0.of}"

    @model_validator(mode="after")
    def _among_them(self) -> Window:
        if self.number > self.of:
            raise ValueError("`number` is at most `of`")
        return self

    def apply(self, table: SessionTable) -> SessionTable:
        """The sessions of the window; the newest session of all is in the last."""
        first, last = table.times[0], table.times[-1]
        window = (table.times - first) * self.of // (last - first + 1)
        return table.keep_sessions(window == self.number - 1)


@dataclass(frozen=True)
class Divided:
    """What a preparation makes of a log.

    Attributes:
        steps: what each of its steps left.
        train, test: sessions of both sides.
        validates: which training sessions are to validate, shape (training sessions,); None
            where that is not said.
    """

    steps: list[StepCount]
    train: SessionTable
    test: SessionTable
    validates: npt.NDArray[np.bool_] | None = None


UnknownItems = Literal["remove", "miss"]
"""Test items that training never shows: ``remove`` drops their clicks, and the sessions of one
click that this leaves; ``miss`` keeps them, as prefixes that no model can get right."""


class AsPublished(Spec):
    """What is done with sessions that somebody has split: nothing is divided anew."""

    filters: tuple[Filter, ...] = ()
    unknown_test_items: UnknownItems = "miss"

    def apply(self, log: ClickLog) -> Divided:
        """Both sides of a log that says which session is on which.

        Filters see the sessions of all sides together, as those of a log that is yet to be split.

        Raises:
            DataError: a filter leaves no session.
        """
        assert log.group_side is not None
        table = sessions_by_id(log)
        steps = [count("as published", table)]
        table = _filtered(table, self.filters, steps, origin=log.origin)
        side = log.group_side[table.group]
        in_test = side == SIDES.index("test")
        train, test = table.keep_sessions(~in_test), table.keep_sessions(in_test)
        if self.unknown_test_items == "remove":
            test = _without_unknown(test, train=train)
            steps.append(count(KNOWN_ITEMS, train, test))
        validates = None
        if (log.group_side == SIDES.index("validation")).any():
            validates = side[~in_test] == SIDES.index("validation")
        return Divided(steps, train, test, validates)


class Preparation(Spec):
    """How a click log becomes training and test sessions. The steps happen in this order."""

    idle_gap_seconds: float | None = Field(None, gt=0)
    """Where a log names users: a session ends when its user is idle for longer than this. Logs
    that name sessions are not cut."""

    click_order: Literal["time", "file"] = "time"
    """``time``: by the column ``order``, or else by time (of users alone by time, and by ``order``
    where it is equal); equal ones in the order of the file.
    ``file``: as the rows stand in the file, which repeats the mistake of the scripts of NARM,
    STAMP and the first SR-GNN on diginetica, to compare with papers that built on them."""

    filters: tuple[Filter, ...] = (
        MinSessionLength(step="min_session_length", clicks=2),
        MinItemCount(step="min_item_count", clicks=5),
        MinSessionLength(step="min_session_length", clicks=2),
    )
    """Applied one after the other. The defaults are those of the SR-GNN authors."""

    split: Split
    """What is the test."""

    unknown_test_items: UnknownItems = "miss"

    newest_train_part: int = Field(1, ge=1)
    """Keep only the newest 1/n of the training prefixes, in whole sessions."""

    @model_validator(mode="after")
    def _ends_stay_ends(self) -> Preparation:
        within = self.split.division == "within sessions"
        if within and (self.unknown_test_items == "remove" or self.newest_train_part > 1):
            raise ValueError(
                "a split within sessions needs `unknown_test_items: miss`, or clicks before the "
                "judged ones would be judged, and `newest_train_part: 1`"
            )
        return self

    def apply(self, log: ClickLog, *, window: Window | None = None) -> Divided:
        """Training and test sessions of a log.

        Args:
            log: the clicks.
            window: the part of it to prepare; None for the whole.

        Raises:
            DataError: a filter or the window leaves no session.
        """
        if log.groups == "users":
            assert self.idle_gap_seconds is not None  # DatasetSpec sees to it
            table = sessions_by_idle_gap(log, seconds=self.idle_gap_seconds)
        else:
            table = sessions_by_id(log, in_file_order=self.click_order == "file")
        steps = [count("all sessions", table)]
        filters = self.filters if window is None else (window, *self.filters)
        table = _filtered(table, filters, steps, origin=log.origin)
        train, test = self.split.divide(table)
        steps.append(count(self.split.words, train, test))
        if self.unknown_test_items == "remove":
            test = _without_unknown(test, train=train)
            steps.append(count(KNOWN_ITEMS, train, test))
        if self.newest_train_part > 1 and len(train):
            train = _newest_part(train, part=self.newest_train_part)
            words = f"newest 1/{self.newest_train_part} of the training prefixes"
            steps.append(count(words, train, test))
        return Divided(steps, train, test)


KNOWN_ITEMS = "test items that training shows"
"""What ``unknown_test_items: remove`` does, for the data card."""


def _filtered(
    table: SessionTable, filters: Sequence[Filter | Window], steps: list[StepCount], *, origin: str
) -> SessionTable:
    """What the filters leave, each of them counted among the steps."""
    for step in filters:
        table = step.apply(table)
        steps.append(count(step.words, table))
        if len(table) == 0:
            raise DataError(
                f"{origin}: no session is left after the step '{step.words}'.",
                remedy="Loosen `filters` in the dataset's YAML, ask for fewer `windows`, or add "
                "data.",
            )
    return table


def _without_unknown(test: SessionTable, *, train: SessionTable) -> SessionTable:
    """Test sessions without the items that training never shows, and of at least 2 clicks."""
    size = max(int(table.items.max(initial=0)) + 1 for table in (train, test))
    is_known = np.bincount(train.items, minlength=size) > 0
    known = test.keep_clicks(is_known[test.items])
    return known.keep_sessions(known.lengths >= 2)


def _newest_part(train: SessionTable, *, part: int) -> SessionTable:
    """The newest 1/part of the training prefixes; the oldest session kept is kept whole."""
    wanted = int((train.lengths - 1).sum()) // part
    newest_first = np.cumsum((train.lengths - 1)[::-1])
    sessions = int(np.searchsorted(newest_first, wanted)) + 1 if wanted else 0
    return train.keep_sessions(np.arange(len(train)) >= len(train) - sessions)

"""Logs with one click per row, whatever holds the rows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import StrictBool, StrictInt, StrictStr, model_validator

from srgnn_bench.errors import DataError
from srgnn_bench.session_table import Integers
from srgnn_bench.specs.fields import Spec
from srgnn_bench.specs.log import ClickLog, Names
from srgnn_bench.specs.preparation import Preparation
from srgnn_bench.specs.sources.columns import Column, Ids
from srgnn_bench.specs.sources.source import ColumnNames, Source, places_of
from srgnn_bench.specs.time_units import TimeFormat

Batch = dict[str, Column]
"""The columns that matter of some rows, by what they are for: item, time, user, session, order,
and ``keep 0`` and so on for the filters of rows."""

Role = Literal["item", "user", "session"]


class Columns(Spec):
    """Names of the columns of a click log: ``session``, ``user``, or both."""

    item: ColumnNames
    time: ColumnNames
    session: ColumnNames | None = None
    """Column that says which session a click belongs to."""
    user: ColumnNames | None = None
    """Column that says who clicked. With ``session``, a session is what both columns say: so it
    must be where users number their own. Without, sessions are cut by ``idle_gap_seconds``."""
    order: ColumnNames | None = None
    """Whole numbers that order the clicks of one session, where ``time`` is too coarse to; of users
    alone, those of equal time."""

    @model_validator(mode="after")
    def _session_or_user(self) -> Columns:
        if self.session is None and self.user is None:
            raise ValueError("give `session`, `user` or both")
        return self

    @property
    def sessions_are_cut(self) -> bool:
        """Whether the log names users alone, whose clicks must be cut into sessions."""
        return self.session is None


class RowFilter(Spec):
    """Which rows of a log are clicks; the others are counted and left out."""

    column: ColumnNames
    values: tuple[StrictStr | StrictBool | StrictInt, ...] = ()
    """Keep the rows with one of these values; true and false are the words."""
    at_most: int | None = None
    """Keep the rows whose whole number is not greater."""

    @model_validator(mode="after")
    def _one_rule(self) -> RowFilter:
        if bool(self.values) == (self.at_most is not None):
            raise ValueError("give either `values` or `at_most`")
        return self

    def reason(self, column: str) -> str:
        """Why a row is left out, in words."""
        if self.at_most is not None:
            return f"{column} above {self.at_most}"
        return f"{column} is not {' or '.join(_as_text(value) for value in self.values)}"

    def passes(self, column: Column) -> npt.NDArray[np.bool_]:
        """Which rows are clicks, shape (rows,)."""
        if self.at_most is not None:
            return np.asarray(column.whole_numbers() <= self.at_most)
        words = pa.array([_as_text(value) for value in self.values])
        passes = pc.is_in(column.text().fill_null(""), value_set=words)
        return np.asarray(passes.to_numpy(zero_copy_only=False), dtype=bool)


def _as_text(value: str | bool | int) -> str:
    """A value as a log writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


class ClicksSource(Source):
    """Base of the sources that hold one click per row."""

    no_column: ClassVar[str] = (
        "Correct `columns` in the dataset's YAML, or give `header` if the file has no header line."
    )
    """What to do where a column is not there."""

    columns: Columns
    time_format: TimeFormat
    """``iso``: dates or times in ISO 8601; otherwise numbers since 1970, in that unit."""
    ids: Literal["auto", "text"] = "auto"
    """``auto``: ids are all whole numbers or all text, and a mixture is an error; ``text``: ids
    are text whatever they look like."""
    missing_ids: Literal["error", "drop"] = "error"
    """What a click without an item, session or user means; dropped clicks are counted."""
    keep_rows: tuple[RowFilter, ...] = ()
    """Which rows are clicks; all of them unless told otherwise."""

    @property
    def columns_wanted(self) -> dict[str, tuple[str, ...]]:
        """What each column is for -> the names that it may have."""
        wanted: dict[str, tuple[str, ...]] = dict(self.columns.model_dump(exclude_none=True))
        for number, rule in enumerate(self.keep_rows):
            wanted[f"keep {number}"] = rule.column
        return wanted

    def check(self, preparation: Preparation | None) -> None:
        """``ValueError`` where a dataset's preparation does not fit what this holds."""
        if self.is_split:
            return
        if preparation is None:
            raise ValueError(f"source {self.name} is a log and needs `preparation`")
        if self.columns.sessions_are_cut:
            if preparation.idle_gap_seconds is None:
                raise ValueError(f"source {self.name} has users: give `idle_gap_seconds`")
            if preparation.click_order == "file":
                raise ValueError(f"source {self.name} has users: order clicks by time")

    def places(self, where: str, names: Sequence[str]) -> dict[str, int]:
        """What each column is for -> its place among the names of the columns that are there.

        Raises:
            DataError: a column is not there, or there twice.
        """
        return places_of(self.columns_wanted, names, where=where, remedy=self.no_column)

    def log_of(self, files: Sequence[tuple[str, Iterable[Batch]]]) -> tuple[ClickLog, list[int]]:
        """The clicks of all files together.

        Args:
            files: what each is called in errors, and its rows in blocks.

        Returns:
            The log, and how many of its clicks are from each file.

        Raises:
            DataError: a value is not what the source says, or a file holds no click.
        """
        roles: tuple[Role, ...] = ("item", "user", "session")
        ids = {role: Ids(role, kind=self.ids) for role in roles if getattr(self.columns, role)}
        times: list[Integers] = []
        orders: list[Integers] = []
        dropped: Counter[str] = Counter()
        clicks: list[int] = []
        lists = False
        for name, blocks in files:
            before = len(times)
            for block in blocks:
                batch = self._kept(block, list(ids), dropped)
                for role, column in ids.items():
                    column.add(batch[role])
                lists |= batch["item"].holds_lists
                times.append(batch["time"].times(self.time_format))
                if "order" in batch:
                    orders.append(batch["order"].whole_numbers())
            clicks.append(sum(len(part) for part in times[before:]))
            if not clicks[-1]:
                lost = "".join(f", {count} dropped ({why})" for why, count in dropped.items())
                raise DataError(f"{name} holds no click{lost}.", remedy="Give a file with rows.")
        item, item_names = ids.pop("item").finish()
        item += 1
        group, group_names, group_ids = _together([column.finish() for column in ids.values()])
        log = ClickLog(
            groups="users" if self.columns.sessions_are_cut else "sessions",
            group=group,
            item=item,
            time=np.concatenate(times),
            order=np.concatenate(orders) if orders else None,
            group_names=group_names,
            item_names=item_names,
            origin=files[0][0],
            group_ids=group_ids,
            dropped=dict(dropped),
            time_format=self.time_format,
            items_are_lists=lists,
        )
        return log, clicks

    def _kept(self, batch: Batch, ids: list[Role], dropped: Counter[str]) -> Batch:
        """The rows that are clicks; the others are counted under the reason that they are not."""
        for number, rule in enumerate(self.keep_rows):
            column = batch.pop(f"keep {number}")
            keep = rule.passes(column)
            dropped[rule.reason(column.name)] += int(np.count_nonzero(~keep))
            batch = {role: part.filter(keep) for role, part in batch.items()}
        for role in ids:
            column = batch[role]
            missing = column.missing()
            if missing.any():
                if self.missing_ids == "error":
                    raise column.error(
                        int(np.flatnonzero(missing)[0]),
                        "is missing",
                        remedy="Complete the row, or say `missing_ids: drop` in the dataset's "
                        "YAML.",
                    )
                dropped[f"no {column.name}"] += int(np.count_nonzero(missing))
                batch = {each: part.filter(~missing) for each, part in batch.items()}
        return batch


def _together(
    columns: Sequence[tuple[Integers, Names]],
) -> tuple[Integers, Names, tuple[tuple[Integers, Names], ...]]:
    """What one column says, or two together.

    Args:
        columns: of each, the number of each click's id, shape (clicks,), and the ids, ascending.

    Returns:
        ``group``, ``group_names`` and ``group_ids`` of a log, ascending by the first column.
    """
    if len(columns) == 1:
        return (*columns[0], ())
    (first, first_names), (second, second_names) = columns
    pairs, group = np.unique(first * len(second_names) + second, return_inverse=True)
    of_first, of_second = pairs // len(second_names), pairs % len(second_names)
    one, other = ([_escaped(str(name)) for name in names] for _, names in columns)
    names = [f"{one[a]}/{other[b]}" for a, b in zip(of_first, of_second, strict=True)]
    ids = ((of_first, first_names), (of_second, second_names))
    return group, np.array(names, dtype=object), ids


def _escaped(name: str) -> str:
    """A name that does not end at a slash of its own: where one is in it, it is escaped."""
    return re.sub(r"([/\\])", r"\\\1", name) if "/" in name else name

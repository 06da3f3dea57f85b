"""From the columns of a table to ids and times, with the row of whatever is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NoReturn

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from srgnn_bench.data.log import Names
from srgnn_bench.data.sessions import Integers
from srgnn_bench.errors import DataError

YEAR_10000 = 253_402_300_800_000
"""In milliseconds since 1970; what comes later is no time but a mistaken unit."""

WHOLE_NUMBER = r"^(0|-?[1-9][0-9]*)$"
LONGEST_NUMBER = 18
"""Digits that certainly fit into 64 bits. A longer number is an id of the kind text."""

ZONE = r"(Z|:\d\d(\.\d+)?[+-]\d\d(:?\d\d)?)$"
"""How a time ends that names its zone; one that does not is taken as UTC."""

TimeFormat = Literal["iso", "seconds", "milliseconds"]


@dataclass(frozen=True)
class Column:
    """A part of a column: its values, and where they stand.

    Attributes:
        path: the file.
        name: the column's name there.
        rows: row of each value, counted from 1 with the header, empty lines not counted.
        values: of any type; text from a file with separators comes as bytes.
    """

    path: Path
    name: str
    rows: Integers
    values: pa.Array

    def filter(self, keep: npt.NDArray[np.bool_]) -> Column:
        """Only those rows."""
        return Column(self.path, self.name, self.rows[keep], self.values.filter(pa.array(keep)))

    def missing(self) -> npt.NDArray[np.bool_]:
        """Which rows hold nothing: no value, or empty text."""
        empty = self.values.is_null()
        if _is_text(self.values.type):
            lengths = pc.binary_length(self.values)
            empty = pc.or_(empty, pc.fill_null(pc.equal(lengths, 0), True))
        return np.asarray(empty.to_numpy(zero_copy_only=False), dtype=bool)

    def error(self, position: int, problem: str, *, remedy: str) -> DataError:
        """What is wrong with the value at that position of this part."""
        try:
            value = self.values[position].as_py()
        except OverflowError:  # a time that Python has no date for
            value = self.values[position].cast(pa.int64()).as_py()
        if isinstance(value, bytes):
            value = value.decode("utf-8", errors="replace")
        shown = repr(value) if value is not None else "nothing"
        if len(shown) > 60:
            shown = f"{shown[:57]}..."
        return DataError(
            f"{self.path}, row {self.rows[position]}: {self.name} {problem}: {shown}.",
            remedy=remedy,
        )

    def text(self) -> pa.Array:
        """The values as text.

        Raises:
            DataError: they are not UTF-8, or of a kind that has no text.
        """
        remedy = "Save the file as UTF-8." if _is_text(self.values.type) else "Give text."
        return self._converted(lambda values: values.cast(pa.string()), "is not UTF-8 text", remedy)

    def whole_numbers(self) -> Integers:
        """The values as whole numbers.

        Raises:
            DataError: one is none.
        """

        def convert(values: pa.Array) -> Integers:
            numbers = as_whole_numbers(values)
            if numbers is None or values.null_count:
                raise ValueError
            return numbers

        numbers: Integers = self._converted(convert, "is no whole number", "Correct the row.")
        return numbers

    def times(self, time_format: TimeFormat) -> Integers:
        """The values as milliseconds since 1970.

        Raises:
            DataError: one is no time, or before 1970, or after the year 9999.
        """
        remedy = f"Correct the row; `time_format` in the dataset's YAML says {time_format}."
        times: Integers = self._converted(
            lambda values: _milliseconds(values, time_format), "is no time", remedy
        )
        wrong = np.flatnonzero((times < 0) | (times >= YEAR_10000))
        if len(wrong):
            position = int(wrong[0])
            if times[position] < 0:
                raise self.error(position, "is negative or before 1970", remedy=remedy)
            raise self.error(
                position,
                "is after the year 9999",
                remedy=f"{remedy} Perhaps it should say milliseconds.",
            )
        return times

    def _converted(self, convert: Callable[[pa.Array], Any], problem: str, remedy: str) -> Any:
        """All values converted, or an error that names the first that cannot be."""
        try:
            return convert(self.values)
        except (pa.ArrowException, ValueError):
            self._name_first(convert, problem, remedy)

    def _name_first(
        self, convert: Callable[[pa.Array], Any], problem: str, remedy: str
    ) -> NoReturn:
        low, high = 0, len(self.values) - 1  # the first bad value is between, both included
        while low < high:
            middle = (low + high) // 2
            try:
                convert(self.values[low : middle + 1])
            except (pa.ArrowException, ValueError):
                high = middle
            else:
                low = middle + 1
        raise self.error(low, problem, remedy=remedy)


@dataclass
class Ids:
    """Collects a column of ids, part by part, and numbers them.

    Args:
        what: what the ids are of.
        kind: ``text``, or ``auto``: all whole numbers or all text. A mixture is an error then,
            for it is more often a shifted column or a damaged file than meant.
    """

    what: Literal["item", "session", "user"]
    kind: Literal["auto", "text"]
    _first: Literal["whole number", "text"] | None = None
    _numbers: list[Integers] = field(default_factory=list)
    _texts: list[pa.DictionaryArray] = field(default_factory=list)

    def add(self, column: Column) -> None:
        """Take in the next part, which holds no missing values.

        Raises:
            DataError: the ids are neither whole numbers nor text, or a mixture.
        """
        if len(column.values) == 0:
            return
        if not (pa.types.is_integer(column.values.type) or _is_text(column.values.type)):
            raise column.error(
                0,
                f"is of type {column.values.type}",
                remedy="Ids are whole numbers or text: convert the column.",
            )
        if self.kind == "auto":
            if pa.types.is_integer(column.values.type):
                numbers: Integers | None = column.whole_numbers()
            else:
                numbers = as_whole_numbers(column.text())
            if numbers is not None:
                self._expect(column, 0, "whole number")
                self._numbers.append(numbers)
                return
            self._expect_all_text(column, column.text())
        self._texts.append(column.text().dictionary_encode())

    def finish(self) -> tuple[Integers, Names]:
        """Number of each id, from 0, and the ids in ascending order.

        Returns:
            codes, shape (rows,), and names, shape (ids,): the id in row r is
            ``names[codes[r]]``. Whole numbers ascend by value, text by its UTF-8 bytes.
        """
        if self._numbers:
            codes, names = pd.factorize(np.concatenate(self._numbers), sort=True)
            return codes.astype(np.int64), np.asarray(names)
        chunks = pa.chunked_array(self._texts).unify_dictionaries().chunks
        order = pc.sort_indices(chunks[0].dictionary).to_numpy()
        rank = np.empty(len(order), dtype=np.int64)
        rank[order] = np.arange(len(order))
        codes = np.concatenate([rank[chunk.indices.to_numpy()] for chunk in chunks])
        return codes, chunks[0].dictionary.to_numpy(zero_copy_only=False)[order]

    def _expect_all_text(self, column: Column, text: pa.Array) -> None:
        whole = _is_whole_number(text)
        self._expect(column, 0, "whole number" if whole[0] else "text")
        other = np.flatnonzero(whole != whole[0])
        if len(other):
            self._expect(column, int(other[0]), "text" if whole[0] else "whole number")

    def _expect(self, column: Column, position: int, kind: Literal["whole number", "text"]) -> None:
        if self._first is None:
            self._first = kind
        if kind != self._first:
            raise column.error(
                position,
                f"is a {kind}, where ids before it are of the kind {self._first}",
                remedy=f"Correct the row; if {self.what} ids are text, say `ids: text` "
                "in the dataset's YAML.",
            )


def _is_text(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
    )


def _is_whole_number(text: pa.Array) -> npt.NDArray[np.bool_]:
    whole = pc.match_substring_regex(text, WHOLE_NUMBER)
    short = pc.less_equal(pc.binary_length(text), LONGEST_NUMBER)
    return np.asarray(pc.and_(whole, short).to_numpy(zero_copy_only=False), dtype=bool)


def as_whole_numbers(values: pa.Array) -> Integers | None:
    """Whole numbers, or None where one value is none.

    Text must be written as numbers are: 007 and 7 are different ids.
    """
    if pa.types.is_integer(values.type):
        return np.asarray(values.cast(pa.int64()).to_numpy(zero_copy_only=False))
    if not _is_text(values.type):
        return None
    text = values.cast(pa.string())
    if len(text) and pc.max(pc.binary_length(text)).as_py() > LONGEST_NUMBER:
        return None
    try:
        numbers = text.cast(pa.int64())
    except pa.ArrowInvalid:
        return None
    if not pc.all(pc.equal(numbers.cast(pa.string()), text)).as_py():
        return None
    return np.asarray(numbers.to_numpy(zero_copy_only=False))


def _milliseconds(values: pa.Array, time_format: TimeFormat) -> Integers:
    """Times in milliseconds since 1970.

    Raises:
        pa.ArrowException, ValueError: one value is no time in that format.
    """
    if values.null_count:
        raise ValueError("a missing time")
    kind = values.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        zone = kind.tz if pa.types.is_timestamp(kind) else None
        microseconds = values.cast(pa.timestamp("us", zone), safe=False).cast(pa.int64())
        return np.asarray(microseconds.to_numpy() // 1000, dtype=np.int64)
    if time_format == "iso":
        if not _is_text(kind):
            raise ValueError("a number")
        text = values.cast(pa.string())
        zoned = np.asarray(pc.match_substring_regex(text, ZONE).to_numpy(zero_copy_only=False))
        nanoseconds = np.empty(len(text), dtype=np.int64)
        for rows, zone in ((zoned, "UTC"), (~zoned, None)):
            if rows.any():
                part = text if rows.all() else text.filter(pa.array(rows))
                nanoseconds[rows] = part.cast(pa.timestamp("ns", zone)).cast(pa.int64()).to_numpy()
        return nanoseconds // 1_000_000
    if pa.types.is_boolean(kind):
        raise ValueError("a truth value")
    text_or_number = values.cast(pa.string()) if _is_text(kind) else values
    number = text_or_number.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    if not np.isfinite(number).all():
        raise ValueError("not finite")
    scale = 1000 if time_format == "seconds" else 1
    # What lies beyond the range is refused by the caller; it must only survive the conversion.
    return np.asarray(np.clip(np.rint(number * scale), -1, YEAR_10000), dtype=np.int64)

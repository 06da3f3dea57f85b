"""From the columns of a table to ids and times, with the row of whatever is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, NoReturn

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from srgnn_bench.errors import DataError
from srgnn_bench.session_table import Integers
from srgnn_bench.specs.log import Names
from srgnn_bench.specs.time_units import MILLISECONDS, TimeFormat, likely_unit

YEAR_10000 = 253_402_300_800_000
"""In milliseconds since 1970; what comes later is no time but a mistaken unit."""

WHOLE_NUMBER = r"^(0|-?[1-9][0-9]*)$"
SURELY_64_BITS = 18
"""Digits that certainly fit into 64 bits. A number that does not fit is an id of the kind text."""

ZONE = r"(Z|:\d\d(\.\d+)?[+-]\d\d(:?\d\d)?)$"
"""How a time ends that names its zone; one that does not is taken as UTC."""

SPACED_ZONE = r"(:\d\d(?:\.\d+)?)\s*(?:UTC|GMT|\s(Z|[+-]\d\d(?::?\d\d)?))$"
"""A zone in words, or after a space, as some databases write it."""

Numbers = npt.NDArray[np.int64] | npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Column:
    """A part of a column: its values, and where they stand.

    Attributes:
        path: the file, or what holds the column, in words.
        name: the column's name there.
        rows: row of each value, counted from 1 with the header, empty lines not counted.
        values: of any type; text from a file with separators comes as bytes.
        holds_lists: whether the file says that each value is a list.
    """

    path: Path | str
    name: str
    rows: Integers
    values: pa.Array
    holds_lists: bool = False

    def filter(self, keep: npt.NDArray[np.bool_]) -> Column:
        """Only those rows."""
        values = self.values.filter(pa.array(keep))
        return replace(self, rows=self.rows[keep], values=values)

    def missing(self) -> npt.NDArray[np.bool_]:
        """Which rows hold nothing: no value, or empty text."""
        empty = self.values.is_null()
        if is_text(self.values.type):
            lengths = pc.binary_length(self.values)
            empty = pc.or_(empty, pc.fill_null(pc.equal(lengths, 0), True))
        return np.asarray(empty.to_numpy(zero_copy_only=False), dtype=bool)

    def error(self, position: int, problem: str, *, remedy: str) -> DataError:
        """What is wrong with the value at that position of this part."""
        try:
            value = self.values[position].as_py()
        except (OverflowError, ValueError):  # a time that Python has no date for, or no zone
            value = self.values[position].value
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
        remedy = "Save the file as UTF-8." if is_text(self.values.type) else "Give text."
        return self._converted(lambda values: values.cast(pa.string()), "is not UTF-8 text", remedy)

    def whole_numbers(self) -> Integers:
        """The values as whole numbers.

        Raises:
            DataError: one is none.
        """

        def convert(values: pa.Array) -> Integers:
            numbers = as_whole_numbers(values)
            if numbers is None or numbers.dtype != np.int64 or values.null_count:
                raise ValueError
            return numbers.astype(np.int64, copy=False)

        remedy = "Correct the row; numbers go from -2^63 to 2^63 - 1."
        numbers: Integers = self._converted(convert, "is no whole number", remedy)
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
            early = times[position] < 0
            raise self.error(
                position,
                "is negative or before 1970" if early else "is after the year 9999",
                remedy=remedy if early else remedy + self._another_unit(position, time_format),
            )
        return times

    def _another_unit(self, position: int, time_format: TimeFormat) -> str:
        """A sentence with the unit that a time too late for its own seems to have, if any.

        Only of numbers: a date needs no unit.
        """
        if time_format == "iso" or pa.types.is_temporal(self.values.type):
            return ""
        value = _numbers(self.values[position : position + 1])[0] * MILLISECONDS[time_format]
        unit = likely_unit(value, read_as=time_format)
        return f" Perhaps it should say {unit}." if unit else ""

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
    _numbers: list[Numbers] = field(default_factory=list)
    _texts: list[pa.DictionaryArray] = field(default_factory=list)
    _signs: set[Literal["negative", "above 2^63 - 1"]] = field(default_factory=set)

    def add(self, column: Column) -> None:
        """Take in the next part, which holds no missing values.

        Raises:
            DataError: the ids are neither whole numbers nor text, or a mixture.
        """
        if len(column.values) == 0:
            return
        if not (pa.types.is_integer(column.values.type) or is_text(column.values.type)):
            raise column.error(
                0,
                f"is of type {column.values.type}",
                remedy="Ids are whole numbers or text: convert the column.",
            )
        if self.kind == "auto":
            values = column.values if pa.types.is_integer(column.values.type) else column.text()
            numbers = as_whole_numbers(values)
            if numbers is not None:
                self._expect(column, 0, "whole number")
                self._expect_one_range(column, numbers)
                self._numbers.append(numbers)
                return
            self._expect_all_text(column, column.text())
        self._texts.append(column.text().dictionary_encode())

    def finish(self) -> tuple[Integers, Names]:
        """Number of each id, from 0, and the ids in ascending order. It can be called once.

        Returns:
            codes, shape (rows,), and names, shape (ids,): the id in row r is
            ``names[codes[r]]``. Whole numbers ascend by value, text by its UTF-8 bytes.
        """
        if self._numbers:
            beyond = any(part.dtype == np.uint64 for part in self._numbers)
            kind = np.uint64 if beyond else np.int64
            numbers = np.concatenate(self._numbers, dtype=kind, casting="unsafe")
            self._numbers.clear()  # a large log does not fit twice
            codes, names = pd.factorize(numbers, sort=True)
            return codes.astype(np.int64, copy=False), np.asarray(names)
        chunks = pa.chunked_array(self._texts).unify_dictionaries().chunks
        order = pc.sort_indices(chunks[0].dictionary).to_numpy()
        rank = np.empty(len(order), dtype=np.int64)
        rank[order] = np.arange(len(order))
        codes = np.concatenate([rank[chunk.indices.to_numpy()] for chunk in chunks])
        return codes, chunks[0].dictionary.to_numpy(zero_copy_only=False)[order]

    def _expect_one_range(self, column: Column, numbers: Numbers) -> None:
        """Ids fit into 64 bits with a sign or into 64 bits without one, all of them."""
        wrong = numbers > np.uint64(2**63 - 1) if numbers.dtype == np.uint64 else numbers < 0
        if wrong.any():
            self._signs.add("above 2^63 - 1" if numbers.dtype == np.uint64 else "negative")
        if len(self._signs) > 1:
            raise column.error(
                int(np.flatnonzero(wrong)[0]),
                "is a whole number, and of all ids some are negative and others above 2^63 - 1",
                remedy="Say `ids: text` in the dataset's YAML.",
            )

    def _expect_all_text(self, column: Column, text: pa.Array) -> None:
        whole = _is_whole_number(text)
        if whole.all():  # each fits into 64 bits, but not all into the same
            self._signs.add("above 2^63 - 1")
            self._expect_one_range(column, np.array([-1]))
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


def is_text(kind: pa.DataType) -> bool:
    """Whether values are texts, or bytes that may be."""
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
    )


def _is_whole_number(text: pa.Array) -> npt.NDArray[np.bool_]:
    whole = np.array(pc.match_substring_regex(text, WHOLE_NUMBER).to_numpy(zero_copy_only=False))
    long = pc.greater(pc.binary_length(text), SURELY_64_BITS).to_numpy(zero_copy_only=False)
    for place in np.flatnonzero(whole & long):
        whole[place] = -(2**63) <= int(text[int(place)].as_py()) < 2**64
    return whole


def as_whole_numbers(values: pa.Array) -> Numbers | None:
    """Whole numbers, or None where one value is none, or where no kind of 64 bits holds them all.

    Text must be written as numbers are: 007 and 7 are different ids.

    Returns:
        64 bits with a sign, or without one where a number is above 2^63 - 1.
    """
    from_text = is_text(values.type)
    if not (from_text or pa.types.is_integer(values.type)):
        return None
    text_or_number = values.cast(pa.string()) if from_text else values
    for kind in (pa.int64(), pa.uint64()):
        try:
            numbers = text_or_number.cast(kind)
        except pa.ArrowInvalid:
            continue
        if from_text and not pc.all(pc.equal(numbers.cast(pa.string()), text_or_number)).as_py():
            return None
        return np.asarray(numbers.to_numpy(zero_copy_only=False))
    return None


def _milliseconds(values: pa.Array, time_format: TimeFormat) -> Integers:
    """Times in milliseconds since 1970.

    Raises:
        pa.ArrowException, ValueError: one value is no time in that format.
    """
    if values.null_count:
        raise ValueError("a missing time")
    kind = values.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return np.asarray(microseconds(values).to_numpy() // 1000, dtype=np.int64)
    if time_format == "iso":
        if not is_text(kind):
            raise ValueError("a number")
        text = pc.replace_substring_regex(values.cast(pa.string()), SPACED_ZONE, r"\1\2")
        zoned = np.asarray(pc.match_substring_regex(text, ZONE).to_numpy(zero_copy_only=False))
        nanoseconds = np.empty(len(text), dtype=np.int64)
        for rows, zone in ((zoned, "UTC"), (~zoned, None)):
            if rows.any():
                part = text if rows.all() else text.filter(pa.array(rows))
                nanoseconds[rows] = part.cast(pa.timestamp("ns", zone)).cast(pa.int64()).to_numpy()
        return nanoseconds // 1_000_000
    if pa.types.is_boolean(kind):
        raise ValueError("a truth value")
    number = _numbers(values)
    if not np.isfinite(number).all():
        raise ValueError("not finite")
    with np.errstate(over="ignore"):
        milliseconds = np.rint(number * MILLISECONDS[time_format])
    # What lies beyond the range is refused by the caller; it must only survive the conversion.
    return np.asarray(np.clip(milliseconds, -1, YEAR_10000), dtype=np.int64)


def microseconds(values: pa.Array) -> pa.Array:
    """Dates or times as whole numbers of microseconds since 1970; what is finer is left out.

    Raises:
        pa.ArrowInvalid: one does not fit into 64 bits.
    """
    kind = values.type
    is_time = pa.types.is_timestamp(kind)
    whole = pa.timestamp("us", kind.tz if is_time else None)
    is_finer = is_time and kind.unit == "ns"  # loses digits, and cannot be too large
    return values.cast(whole, safe=not is_finer).cast(pa.int64())


def _numbers(values: pa.Array) -> npt.NDArray[np.float64]:
    """Text or numbers as numbers."""
    text_or_number = values.cast(pa.string()) if is_text(values.type) else values
    numbers = text_or_number.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return np.asarray(numbers, dtype=np.float64)


def is_time(value: bytes, time_format: TimeFormat) -> bool:
    """Whether a value by itself is a time that a log can hold."""
    try:
        [time] = _milliseconds(pa.array([value]), time_format)
    except (pa.ArrowException, ValueError):
        return False
    return bool(0 <= time < YEAR_10000)


def plain(values: pa.Array) -> pa.Array:
    """Values without a dictionary, and text in a form that can be computed with."""
    kind = values.type
    if pa.types.is_dictionary(kind):
        whole = pa.DictionaryArray.from_arrays(values.indices, plain(values.dictionary))
        return whole.dictionary_decode()
    if pa.types.is_string_view(kind):
        return values.cast(pa.string())
    return values.cast(pa.binary()) if pa.types.is_binary_view(kind) else values

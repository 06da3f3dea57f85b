"""Double quotes in text with separators: is every one that opens a value closed where it ends?

A quote that is left open hides the rows up to the next one, and the parser does not tell. So the
text goes by here before it is parsed. Nearly all of it is settled by one regular expression; where
that finds anything else, the whole file is gone through value by value.

The rules are those of RFC 4180: a value that begins with a quote ends with one, directly before a
separator or the end of the line, and a quote inside it is written twice. Quotes within a value that
does not begin with one are letters like others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from srgnn_bench.errors import DataError

CLOSE = re.compile(rb'[^"]*(?:""[^"]*)*"(?!")')
"""The rest of a value whose opening quote has been passed."""

REMEDY = (
    'Correct the row: a quote inside a quoted value is written twice (""), not with a backslash. '
    "If quotes are letters like others in this file, say `quoted: false` in the dataset's YAML."
)


class QuoteWatch:
    """Looks at the lines of a text as they pass by.

    Args:
        separator: between two values, one byte.
        examine: called once, at the first line that has quotes which are not those of whole
            values on one line; it raises if they hide something.
    """

    def __init__(self, *, separator: bytes, examine: Callable[[], None]) -> None:
        edge = re.escape(separator) + rb"\r\n"
        self._whole_values = re.compile(
            rb'(?<![^%b])"[^"\r\n]*(?:""[^"\r\n]*)*"(?![^%b])' % (edge, edge)
        )
        self._quoted_values = re.compile(rb'(?<![^%b])"[^"]*(?:""[^"]*)*"(?![^%b])' % (edge, edge))
        self._opening = re.compile(rb'(?<![^%b])"' % edge)
        self._examine = examine
        self._examined = False

    def see(self, lines: bytes) -> None:
        """Look at the next lines of the text."""
        if self._examined:
            return
        if b'"' in lines and b'"' in self._whole_values.sub(b"", lines):
            self._examined = True
            self._examine()

    def end_of_rows(self, text: bytes) -> int:
        """Where the last row ends that is whole, 0 where none is, after a look at its lines.

        Args:
            text: from the beginning of a row on.
        """
        self.see(text[: text.rfind(b"\n") + 1])
        if self._examined and b'"' in text:  # a value may have several lines
            text = self._quoted_values.sub(lambda value: b"-" * len(value[0]), text)
            opening = self._opening.search(text)
            text = text[: opening.start()] if opening else text
        return text.rfind(b"\n") + 1


def refuse_open_quotes(
    path: Path,
    lines: Iterable[bytes],
    *,
    first_row: int,
    separator: bytes,
    is_row: Callable[[bytes], bool],
) -> None:
    """Go through a text value by value.

    Args:
        path: the file, for errors.
        lines: its lines, with their ends, from the first row of values on.
        first_row: number of that row.
        separator: between two values, one byte.
        is_row: whether a line looks like a row of the table by itself.

    Raises:
        DataError: a quote is not closed where its value ends; or it is, but lines that look like
            rows of the table are in between. The row is that in which it opens.
    """
    value_end = re.compile(rb"[%b\r\n]" % re.escape(separator))
    row, inside = first_row - 1, False
    record: list[bytes] = []
    for line in (part for whole in lines for part in whole.splitlines(keepends=True)):
        if not inside:
            if not line.strip(b"\r\n"):
                continue
            row, record = row + 1, []
        record.append(line)
        place = 0
        while place < len(line):
            if inside or line.startswith(b'"', place):
                close = CLOSE.match(line, place if inside else place + 1)
                inside = close is None
                if close is None:
                    break
                place = close.end() + 1
                if not value_end.match(line, close.end()) and close.end() < len(line):
                    raise _left_open(path, row, record)
            else:
                end = value_end.search(line, place)
                place = end.end() if end else len(line)
        if not inside and len(record) > 1 and _hides_rows(record, is_row):
            raise _left_open(path, row, record)
    if inside:
        raise _left_open(path, row, record)


def _hides_rows(record: list[bytes], is_row: Callable[[bytes], bool]) -> bool:
    """Whether lines of a value are rows: any between its first and last, or both of these.

    One of these alone may look like a row by chance, as the rest of the record stands beside it.
    """
    return any(map(is_row, record[1:-1])) or (is_row(record[0]) and is_row(record[-1]))


def _left_open(path: Path, row: int, record: list[bytes]) -> DataError:
    shown = record[0].decode("utf-8", errors="replace").strip()
    shown = shown if len(shown) <= 60 else f"{shown[:57]}..."
    return DataError(
        f"{path}, row {row}: a double quote opens a value and is not closed at its end, and may "
        f"hide the rows after it: {shown!r}.",
        remedy=REMEDY,
    )

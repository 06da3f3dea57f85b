"""Tables as text with separators: how their lines become columns."""

from __future__ import annotations

import codecs
import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.csv

from srgnn_bench.errors import DataError
from srgnn_bench.specs.sources.clicks import Batch, ClicksSource
from srgnn_bench.specs.sources.columns import Column, is_time
from srgnn_bench.specs.sources.quotes import QuoteWatch, refuse_open_quotes
from srgnn_bench.specs.sources.streams import open_binary
from srgnn_bench.specs.time_units import TimeFormat

BLOCK = 1 << 24
"""Bytes that are parsed at a time, and the longest row."""

LONGEST_HEADER = 1 << 20

WRONG_WIDTH = re.compile(
    r"Row #(?P<row>\d+): Expected (?P<wanted>\d+) columns, got (?P<found>\d+): (?P<text>.*)", re.S
)
"""What the parser says of a row with too many or too few values. (It would also hand over the row
itself, but only where that is UTF-8.)"""


@dataclass(frozen=True)
class TextForm:
    """How the lines of a table are written.

    Attributes:
        separator: between two values, one ASCII character.
        header: names of the columns where the file has no header line.
        quoted: whether values may stand in double quotes.
    """

    separator: str
    header: tuple[str, ...] | None
    quoted: bool

    def columns(self, cells: list[str]) -> tuple[list[str], list[bool]]:
        """Names of the columns, and which of them hold lists, from the cells of the header."""
        return cells, [False] * len(cells)

    def another_separator(self, path: Path, found: str) -> DataError:
        """What to say where the first line is one value that holds another separator."""
        return DataError(
            f"{path}: the separator is {json.dumps(self.separator)} in the dataset's YAML but "
            f"seems to be {json.dumps(found)} in the file.",
            remedy=f"Say `separator: {json.dumps(found)}`.",  # what JSON says, YAML understands
        )


def text_blocks(
    path: Path, source: ClicksSource, form: TextForm, *, members: tuple[str, ...]
) -> Iterator[Batch]:
    """The rows of a file, of which only the columns that matter are kept.

    Args:
        path: the file, packed or not.
        source: which columns matter.
        form: how the file is written.
        members: as for ``open_binary``.

    Raises:
        DataError: the file is no such table; the row is named.
    """
    with open_binary(path, members=members) as stream:
        yield from _blocks(path, stream, source, form, members=members)


def _blocks(
    path: Path,
    stream: BinaryIO,
    source: ClicksSource,
    form: TextForm,
    *,
    members: tuple[str, ...],
) -> Iterator[Batch]:
    separator, quoted = form.separator, form.quoted
    first_line, rest = _first_line(path, stream)
    names, are_lists = form.columns(_split(path, first_line, separator=separator, quoted=quoted))
    all_there = all(set(names) & set(choices) for choices in source.columns_wanted.values())
    header_rows = 1
    # Many have put the missing header line into yoochoose-clicks.dat, as the SR-GNN authors tell
    # them to.
    if form.header is not None and not all_there:
        names, rest, header_rows = list(form.header), first_line + rest, 0
        are_lists = [False] * len(names)
    elif len(names) == 1 and not all_there:
        others = (other for other in ",;\t| " if other != separator)
        if found := next((other for other in others if other.encode() in first_line), None):
            raise form.another_separator(path, found)
    places = source.places(f"{path}, row 1", names)
    rest = rest or stream.read(BLOCK)
    if not rest.strip():
        raise DataError(f"{path} holds a header but no click.", remedy="Give a file with rows.")

    def examine_quotes() -> None:
        with open_binary(path, members=members) as again:
            lines = iter(lambda: again.readline(BLOCK), b"")
            refuse_open_quotes(
                path,
                islice(lines, header_rows, None),
                first_row=header_rows + 1,
                separator=separator.encode(),
                is_row=partial(
                    _looks_like_a_row,
                    separator=separator.encode(),
                    width=len(names),
                    time=places["time"],
                    time_format=source.time_format,
                ),
            )

    row = header_rows + 1
    wanted = {str(place): pa.binary() for place in sorted(set(places.values()))}
    watch = QuoteWatch(separator=separator.encode(), examine=examine_quotes) if quoted else None
    for text in _whole_rows(path, rest, stream, watch):
        batch = _parsed(path, text, len(names), form, wanted, first_row=row)
        rows = np.arange(row, row + len(batch))
        row += len(batch)
        yield {
            role: Column(
                path,
                names[place],
                rows,
                batch.column(str(place)),
                holds_lists=are_lists[place],
            )
            for role, place in places.items()
        }


def _whole_rows(
    path: Path, head: bytes, stream: BinaryIO, watch: QuoteWatch | None
) -> Iterator[bytes]:
    """A text in blocks that end where a row ends.

    Arrow's own reader of streams is none to use here: it reads ahead in a thread of its own, and
    where it is left before the end, as for every error in a file, that thread may hang for ever.
    """
    text, block = b"", head
    while block:
        text += block
        if end := text.rfind(b"\n") + 1 if watch is None else watch.end_of_rows(text):
            rows, text = text[:end], text[end:]
            if not rows.isspace():
                yield rows
        elif len(text) > BLOCK:
            shown = text[:40].decode("utf-8", errors="replace")
            raise DataError(
                f"{path} holds a row of more than {BLOCK >> 20} MB, which begins with {shown!r}.",
                remedy="Correct the file; it should be text with one click per line.",
            )
        block = stream.read(BLOCK)
    if watch is not None:
        watch.see(text)
    if text.strip():
        yield text


def _parsed(
    path: Path,
    text: bytes,
    width: int,
    form: TextForm,
    wanted: dict[str, pa.DataType],
    *,
    first_row: int,
) -> pa.Table:
    """Rows as a table, whose columns are called by their places."""
    try:
        return pa.csv.read_csv(
            pa.BufferReader(text),
            # One thread: only then does the parser tell the row of what it refuses, and it is
            # not what takes the time.
            read_options=pa.csv.ReadOptions(
                column_names=[str(place) for place in range(width)],
                block_size=len(text) + 1,
                use_threads=False,
            ),
            parse_options=pa.csv.ParseOptions(
                delimiter=form.separator,
                quote_char='"' if form.quoted else False,
                newlines_in_values=form.quoted,
            ),
            convert_options=pa.csv.ConvertOptions(
                include_columns=list(wanted), column_types=wanted, strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid as error:
        wrong_width = WRONG_WIDTH.search(str(error))
        if wrong_width:
            raise _wrong_width(path, wrong_width, form.separator, first_row - 1) from error
        raise DataError(
            f"{path}, after row {first_row - 1}: {' '.join(str(error).split())}.",
            remedy="Correct the file; it should be text with one click per line.",
        ) from error


def _looks_like_a_row(
    line: bytes, *, separator: bytes, width: int, time: int, time_format: TimeFormat
) -> bool:
    """Whether a line has as many values as the table, and a time in its place."""
    cells = line.strip(b"\r\n").split(separator)
    return len(cells) == width and is_time(cells[time].strip(b'"'), time_format)


def _first_line(path: Path, stream: BinaryIO) -> tuple[bytes, bytes]:
    """The first line with its end, and what was read beyond it."""
    head = b""
    while b"\n" not in head and len(head) < LONGEST_HEADER:
        block = stream.read(1 << 16)
        if not block:
            break
        head += block
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise DataError(f"{path} is UTF-16 text.", remedy="Save the file as UTF-8.")
    if not head.strip():
        raise DataError(f"{path} is empty.", remedy="Give a file with rows in it.")
    line, newline, rest = head.removeprefix(b"\xef\xbb\xbf").partition(b"\n")
    return line + newline, rest


def _split(path: Path, line: bytes, *, separator: str, quoted: bool) -> list[str]:
    text = line.decode("utf-8", errors="replace").rstrip("\r\n")
    try:
        if "\r" in text:  # it ends a row for the parser, and so what follows would be no name
            raise csv.Error("a carriage return stands among them")
        reader = csv.reader([text], delimiter=separator, strict=True)
        cells = next(reader) if quoted else text.split(separator)
    except csv.Error as error:
        raise DataError(
            f"{path}, row 1: the names of the columns cannot be read ({error}).",
            remedy="Correct the file; it should be text with one click per line.",
        ) from error
    return [cell.strip() for cell in cells]


def _wrong_width(path: Path, found: re.Match[str], separator: str, before: int) -> DataError:
    text = found["text"]
    shown = text if len(text) <= 60 else f"{text[:57]}..."
    return DataError(
        f"{path}, row {int(found['row']) + before}: {found['found']} values where "
        f"{found['wanted']} are expected: {shown!r}.",
        remedy=f"Correct the row; check that {json.dumps(separator)} is the separator and that "
        "values that hold it are in double quotes.",
    )

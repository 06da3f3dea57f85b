"""Click logs in tables: text with separators, RecBole's atomic files, parquet."""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from srgnn_bench.data.log import ClickLog, Names
from srgnn_bench.data.sessions import Integers
from srgnn_bench.data.sources.columns import Column, Ids, is_time, plain
from srgnn_bench.data.sources.quotes import QuoteWatch, refuse_open_quotes
from srgnn_bench.data.sources.streams import Peeked, open_binary, unreadable
from srgnn_bench.errors import DataError
from srgnn_bench.specs.dataset import AtomicSource, RowFilter, TableSource, as_text
from srgnn_bench.specs.time_units import TimeFormat

BLOCK = 1 << 24
"""Bytes that are parsed at a time, and the longest row."""

LONGEST_HEADER = 1 << 20

WRONG_WIDTH = re.compile(
    r"Row #(?P<row>\d+): Expected (?P<wanted>\d+) columns, got (?P<found>\d+): (?P<text>.*)", re.S
)
"""What the parser says of a row with too many or too few values. (It would also hand over the row
itself, but only where that is UTF-8.)"""

Batch = dict[str, Column]
"""The columns that matter of some rows, by what they are for: item, time, user, session, order,
and ``keep 0`` and so on for the filters of rows."""

Role = Literal["item", "user", "session"]


def read_log(path: Path, source: TableSource | AtomicSource) -> ClickLog:
    """Read a log whole; text is parsed in blocks, and only the columns that matter are kept.

    Raises:
        DataError: the file is not what the source says; row and column are named.
    """
    ids = {role: Ids(role, kind=source.ids) for role in _id_columns(source)}
    times: list[Integers] = []
    orders: list[Integers] = []
    dropped: Counter[str] = Counter()
    lists = False
    for raw in _batches(path, source):
        batch = _kept(raw, source, dropped)
        for role, column in ids.items():
            column.add(batch[role])
        lists |= batch["item"].holds_lists
        times.append(batch["time"].times(source.time_format))
        if "order" in batch:
            orders.append(batch["order"].whole_numbers())
    if not sum(len(part) for part in times):
        lost = "".join(f", {count} dropped ({why})" for why, count in dropped.items())
        raise DataError(f"{path} holds no click{lost}.", remedy="Give a file with rows in it.")
    item, item_names = ids.pop("item").finish()
    group, group_names = _together(*(column.finish() for column in ids.values()))
    return ClickLog(
        groups="users" if source.columns.sessions_are_cut else "sessions",
        group=group,
        item=item + 1,
        time=np.concatenate(times),
        order=np.concatenate(orders) if orders else None,
        group_names=group_names,
        item_names=item_names,
        dropped=dict(dropped),
        time_format=source.time_format,
        items_are_lists=lists,
    )


def _id_columns(source: TableSource | AtomicSource) -> list[Role]:
    """Which ids a log has."""
    roles: tuple[Role, ...] = ("item", "user", "session")
    return [role for role in roles if getattr(source.columns, role) is not None]


def _together(
    first: tuple[Integers, Names], second: tuple[Integers, Names] | None = None
) -> tuple[Integers, Names]:
    """Codes and names of what two columns say together, or one alone; ascending by the first."""
    if second is None:
        return first
    pair = first[0] * len(second[1]) + second[0]
    pairs, codes = np.unique(pair, return_inverse=True)
    names = zip(first[1][pairs // len(second[1])], second[1][pairs % len(second[1])], strict=True)
    return codes, np.array([f"{one}/{other}" for one, other in names], dtype=object)


def _batches(path: Path, source: TableSource | AtomicSource) -> Iterator[Batch]:
    if path.suffix == ".parquet":
        yield from _parquet(path, source)
        return
    with open_binary(path, members=source.files) as stream:
        yield from _text(path, stream, source)


def _kept(batch: Batch, source: TableSource | AtomicSource, dropped: Counter[str]) -> Batch:
    """The rows that are clicks; the others are counted under the reason that they are not."""
    for number, rule in enumerate(source.keep_rows):
        column = batch.pop(f"keep {number}")
        keep = _passes(column, rule)
        dropped[rule.reason(column.name)] += int(np.count_nonzero(~keep))
        batch = {role: part.filter(keep) for role, part in batch.items()}
    for role in _id_columns(source):
        column = batch[role]
        missing = column.missing()
        if missing.any():
            if source.missing_ids == "error":
                raise column.error(
                    int(np.flatnonzero(missing)[0]),
                    "is missing",
                    remedy="Complete the row, or say `missing_ids: drop` in the dataset's YAML.",
                )
            dropped[f"no {column.name}"] += int(np.count_nonzero(missing))
            batch = {each: part.filter(~missing) for each, part in batch.items()}
    return batch


def _passes(column: Column, rule: RowFilter) -> npt.NDArray[np.bool_]:
    if rule.at_most is not None:
        return np.asarray(column.whole_numbers() <= rule.at_most)
    text = column.text().fill_null("")
    passes = pa.compute.is_in(text, value_set=pa.array([as_text(value) for value in rule.values]))
    return np.asarray(passes.to_numpy(zero_copy_only=False), dtype=bool)


def _wanted(source: TableSource | AtomicSource) -> dict[str, tuple[str, ...]]:
    """What each column is for -> the names that it may have."""
    named = source.columns.model_dump(exclude_none=True)
    wanted: dict[str, tuple[str, ...]] = dict(named)
    for number, rule in enumerate(source.keep_rows):
        wanted[f"keep {number}"] = rule.column
    return wanted


def _text(path: Path, stream: BinaryIO, source: TableSource | AtomicSource) -> Iterator[Batch]:
    separator, quoted = source.separator, source.quoted
    first_line, rest = _first_line(path, stream)
    names = _split(path, first_line, separator=separator, quoted=quoted)
    kinds = [""] * len(names)
    if isinstance(source, AtomicSource):
        kinds = [name.rpartition(":")[2] for name in names]
        names = [name.rsplit(":", 1)[0] for name in names]
    wanted = _wanted(source)
    header_rows = 1
    if source.header is not None:
        # Many have put the missing header line into yoochoose-clicks.dat, as the SR-GNN authors
        # tell them to.
        has_header = all(set(names) & set(choices) for choices in wanted.values())
        if not has_header:
            names, rest, header_rows = list(source.header), first_line + rest, 0
            kinds = [""] * len(names)
    places = _places(
        path,
        names,
        wanted,
        separator=separator,
        first_line=first_line,
        of_a_table=isinstance(source, TableSource),
    )
    rest = rest or stream.read(BLOCK)
    if not rest.strip():
        raise DataError(f"{path} holds a header but no click.", remedy="Give a file with rows.")

    def examine_quotes() -> None:
        with open_binary(path, members=source.files) as again:
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
    watch = QuoteWatch(separator=separator.encode(), examine=examine_quotes)
    try:
        reader = pa.csv.open_csv(
            Peeked(rest, stream, see=watch.see if quoted else None),
            # One thread: only then does the parser tell the row of what it refuses, and it is
            # not what takes the time.
            read_options=pa.csv.ReadOptions(
                column_names=[str(place) for place in range(len(names))],
                block_size=BLOCK,
                use_threads=False,
            ),
            parse_options=pa.csv.ParseOptions(
                delimiter=separator,
                quote_char='"' if quoted else False,
                newlines_in_values=quoted,
            ),
            convert_options=pa.csv.ConvertOptions(
                include_columns=[str(place) for place in sorted(set(places.values()))],
                column_types={str(place): pa.binary() for place in places.values()},
                strings_can_be_null=False,
            ),
        )
        for batch in reader:
            rows = np.arange(row, row + len(batch))
            row += len(batch)
            yield {
                role: Column(
                    path,
                    names[place],
                    rows,
                    batch.column(str(place)),
                    holds_lists=kinds[place].endswith("_seq"),
                )
                for role, place in places.items()
            }
    except pa.ArrowInvalid as error:
        wrong_width = WRONG_WIDTH.search(str(error))
        if wrong_width:
            raise _wrong_width(path, wrong_width, separator, header_rows) from error
        raise DataError(
            f"{path}, after row {row - 1}: {' '.join(str(error).split())}.",
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


def _places(
    path: Path,
    names: list[str],
    wanted: dict[str, tuple[str, ...]],
    *,
    separator: str = "",
    first_line: bytes = b"",
    of_a_table: bool = True,
) -> dict[str, int]:
    """What each column is for -> its place in the file.

    Raises:
        DataError: a column is not there, or there twice.
    """
    places = {}
    for role, choices in wanted.items():
        name = next((choice for choice in choices if choice in names), None)
        if name is None:
            others = [other for other in ",;\t| " if other != separator]
            found = next((o for o in others if o.encode() in first_line), None)
            if len(names) == 1 and found:
                raise _another_separator(path, found, separator=separator, of_a_table=of_a_table)
            raise DataError(
                f"{path}, row 1: there is no column {' or '.join(choices)}; the columns are "
                f"{', '.join(names)[:200]}.",
                remedy="Correct `columns` in the dataset's YAML, or give `header` if the file "
                "has no header line.",
            )
        if names.count(name) > 1:
            raise DataError(
                f"{path}, row 1: the column {name} is there twice.", remedy="Rename one of them."
            )
        places[role] = names.index(name)
    return places


def _another_separator(path: Path, found: str, *, separator: str, of_a_table: bool) -> DataError:
    """What to say where the first line is one value that holds another separator."""
    if of_a_table:
        return DataError(
            f"{path}: the separator is {separator!r} in the dataset's YAML but seems to be "
            f"{found!r} in the file.",
            remedy=f"Say `separator: {found!r}`.",
        )
    return DataError(
        f"{path}: RecBole's atomic files are separated by tabs, but this one seems to be by "
        f"{found!r}.",
        remedy="Write it with tabs, or describe it as a source of `kind: table`.",
    )


def _wrong_width(path: Path, found: re.Match[str], separator: str, header_rows: int) -> DataError:
    text = found["text"]
    shown = text if len(text) <= 60 else f"{text[:57]}..."
    return DataError(
        f"{path}, row {int(found['row']) + header_rows}: {found['found']} values where "
        f"{found['wanted']} are expected: {shown!r}.",
        remedy=f"Correct the row; check that {separator!r} is the separator and that values that "
        "hold it are in double quotes.",
    )


def _parquet(path: Path, source: TableSource | AtomicSource) -> Iterator[Batch]:
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            names = file.schema_arrow.names
            places = _places(path, names, _wanted(source))
            columns = sorted({names[place] for place in places.values()})
            row = 1
            for batch in file.iter_batches(batch_size=1 << 20, columns=columns):
                rows = np.arange(row, row + len(batch))
                row += len(batch)
                yield {
                    role: Column(path, names[place], rows, plain(batch.column(names[place])))
                    for role, place in places.items()
                }
    except (pa.ArrowException, UnicodeDecodeError) as error:  # names need not be UTF-8
        raise DataError(
            f"{path} is not a parquet file that can be read ({' '.join(str(error).split())}).",
            remedy="Write it again, whole.",
        ) from error
    except OSError as error:
        raise unreadable(path, error) from error

"""Quotes that are left open hide no rows, and those that are closed cost none."""

from __future__ import annotations

import csv
import gzip
import io
from itertools import pairwise
from pathlib import Path

import pytest
from data_files import spec_of
from hypothesis import given
from hypothesis import strategies as st

from srgnn_bench.errors import DataError
from srgnn_bench.specs.sources.quotes import QuoteWatch
from srgnn_bench.specs.sources.tables import TableSource
from srgnn_bench.specs.sources.text import BLOCK

HEADER = "session,item,time,title\n"


def source(**values: object) -> TableSource:
    found = spec_of(values).sources[0]
    assert isinstance(found, TableSource)
    return found


def read(folder: Path, text: str, *, name: str = "log.csv") -> list[tuple[object, object, int]]:
    """Session, item and second of every click."""
    path = folder / name
    content = text.encode()
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    log = source(ids="text").read([path])
    rows = zip(log.group, log.item, log.time // 1000, strict=True)
    return [(log.group_names[g], log.item_names[i - 1], int(t)) for g, i, t in rows]


@pytest.mark.parametrize("name", ["log.csv", "log.csv.gz"])
@pytest.mark.parametrize(
    ("rows", "row"),
    [
        # closed by the next one that is left open, in a column that is not read
        ('1,a,10,"Blue\n1,b,11,x\n2,a,12,"Red\n2,b,13,x\n', 2),
        # in a column that is read
        ('1,a,10,x\n1,"b,11,x\n2,a,12,x\n2,"b,13,x\n', 3),
        # the second closes a value by the rules, but in between are rows
        ('1,a,10,x\n1,b,11,"Blue\n1,c,12,x\n2,a,13,Red"\n2,b,14,x\n', 3),
        ('1,"a,10,x\n1,b",11,x\n2,a,12,x\n', 2),
        # a backslash does not write a quote, so the value ends before `in
        ('1,a,10,"5\\" pipe"\n1,b,11,"6\\" pipe"\n', 2),
        ('1,a,10,x\n1,b,11,"pipe, 5\\""\n2,c,12,"pipe, 6\\""\n2,d,13,x\n', 3),
        # a value goes on after its end
        ('1,a,10,x\n1,"b"c,11,x\n', 3),
        # after a value of several lines, which is one row
        ('1,a,10,"two\nlines"\n\n1,b,11,"open\n', 3),
    ],
)
def test_an_open_quote_is_an_error_that_names_its_row(
    tmp_path: Path, rows: str, row: int, name: str
) -> None:
    with pytest.raises(DataError, match=rf"{name}, row {row}: a double quote opens") as caught:
        read(tmp_path, HEADER + rows, name=name)
    assert "quoted: false" in caught.value.remedy


@pytest.mark.parametrize(
    "title",
    [
        '"x"',
        '""',
        '"a ""b"" c"',
        'a "b" c',
        '5"',
        '"two\nlines"',
        '"\n\n"',
        '"one, two\r\nthree, 4, five\nsix"',
        '"1, 2, 3\nlast"',
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_values_that_are_closed_cost_no_row(tmp_path: Path, title: str, end: str) -> None:
    rows = [f"1,a,10,{title}", "1,b,11,x", f'"2","c, d",12,{title}', '2,"e",13,y']
    clicks = [("1", "a", 10), ("1", "b", 11), ("2", "c, d", 12), ("2", "e", 13)]
    text = end.join([HEADER.strip(), *rows])
    assert read(tmp_path, text) == clicks
    assert read(tmp_path, text + end) == clicks


def test_an_open_quote_far_into_a_file_is_found_behind_the_first_block(tmp_path: Path) -> None:
    long = "x" * 4000
    rows = [f'{n},"item, {n}",{n},{long}\n' for n in range(2 * BLOCK // len(long))]
    assert len(read(tmp_path, HEADER + "".join(rows))) == len(rows)
    far = 3 * len(rows) // 4
    rows[far] = f'7,a,1,"{long}\n'
    with pytest.raises(DataError, match=f"row {far + 2}: a double quote"):
        read(tmp_path, HEADER + "".join(rows))


pieces = st.lists(
    st.sampled_from(['"', '""', ",", "\n", "a", "1", 'x,"y"', '"z"\n', "\r\n"]), max_size=30
)


@given(pieces=pieces, cuts=st.lists(st.integers(0, 60), max_size=4))
def test_a_text_in_which_every_value_is_whole_is_let_pass_and_no_other_that_hides_a_line(
    pieces: list[str], cuts: list[int]
) -> None:
    text = "".join(pieces)
    examined = []
    watch = QuoteWatch(separator=b",", examine=lambda: examined.append(True))
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    rest = b""
    for begin, end in pairwise(places):
        rest += text[begin:end].encode()
        rest = rest[watch.end_of_rows(rest) :]
    watch.see(rest)
    lines = [line for line in text.replace("\r\n", "\n").split("\n") if line]
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
    except csv.Error:  # an open quote, or letters after a closing one
        assert examined
        return
    if len(rows) != len(lines):
        assert examined
    if '"' not in text:
        assert not examined


values = st.sampled_from(["a", "1", "", "two\nlines", "\r\n", 'a "b" c', "c,d", "\n\n\n", '"'])


@given(
    rows=st.lists(st.lists(values, min_size=2, max_size=2), min_size=1, max_size=12),
    cuts=st.lists(st.integers(0, 200), max_size=6),
)
def test_blocks_end_where_rows_end(rows: list[list[str]], cuts: list[int]) -> None:
    written = io.StringIO(newline="")
    csv.writer(written, lineterminator="\n").writerows(rows)
    text = written.getvalue().encode()
    watch = QuoteWatch(separator=b",", examine=lambda: None)
    read, rest = [], b""
    for begin, end in pairwise([0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]):
        if begin == end:
            continue
        rest += text[begin:end]
        whole = watch.end_of_rows(rest)
        read += csv.reader(io.StringIO(rest[:whole].decode(), newline=""), strict=True)
        rest = rest[whole:]
    assert rest == b""
    assert read == rows


def test_a_row_longer_than_a_block_is_an_error(tmp_path: Path) -> None:
    far = "\n".join(f"{n},a,{n},x" for n in range(3))
    with pytest.raises(DataError, match=r"a row of more than 16 MB, which begins with '9,b,1,x"):
        read(tmp_path, f"{HEADER}{far}\n9,b,1,{'x' * 2 * BLOCK}\n")

"""Reading click logs: every form they come in, and every way they can be broken."""

from __future__ import annotations

import csv
import gzip
import io
import itertools
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from data_files import spec_of, write_log
from hypothesis import given
from hypothesis import strategies as st

from srgnn_bench.errors import DataError, SpecError
from srgnn_bench.specs import registry
from srgnn_bench.specs.dataset import DatasetSpec
from srgnn_bench.specs.log import ClickLog
from srgnn_bench.specs.reading import spec_of as read_spec_of
from srgnn_bench.specs.sources.atomic import AtomicSource
from srgnn_bench.specs.sources.columns import Column
from srgnn_bench.specs.sources.streams import ALWAYS_UNPACKED
from srgnn_bench.specs.sources.tables import TableSource
from srgnn_bench.specs.yaml_text import parse_yaml

ROWS = [(3, 20, 1000.5), (3, 7, 999), (1, 20, 5), (12, 7, 1000)]


def source_of(**values: Any) -> TableSource:
    source = spec_of(values).sources[0]
    assert isinstance(source, TableSource)
    return source


def clicks(log: ClickLog) -> list[tuple[Any, Any, int]]:
    """Original session, original item, milliseconds: one per row."""
    return [
        (log.group_names[g], log.item_names[i - 1], t)
        for g, i, t in zip(log.group, log.item, log.time.tolist(), strict=True)
    ]


EXPECTED = [(3, 20, 1000500), (3, 7, 999000), (1, 20, 5000), (12, 7, 1000000)]


@pytest.mark.parametrize("form", ["plain", "gzip", "zip", "zip of many", "windows", "bom"])
def test_text_is_read_in_every_packing(tmp_path: Path, form: str) -> None:
    path = write_log(tmp_path, ROWS)
    content = path.read_bytes()
    if form == "gzip":
        path = tmp_path / "log.csv.gz"
        path.write_bytes(gzip.compress(content[:20]) + gzip.compress(content[20:]))
    elif form.startswith("zip"):
        path = tmp_path / "log.csv.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("some/folder/log.csv", content)
            if form == "zip of many":
                archive.writestr("readme.txt", "nothing")
    elif form == "windows":
        path.write_bytes(content.replace(b"\n", b"\r\n"))
    elif form == "bom":
        path.write_bytes(b"\xef\xbb\xbf" + content)
    log = source_of().read([path])
    assert clicks(log) == EXPECTED
    assert log.item_names.tolist() == [7, 20]
    assert log.group_names.tolist() == [1, 3, 12]


def test_parquet_is_read_like_text(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    frame = pd.DataFrame(ROWS, columns=["session", "item", "time"])
    frame.to_parquet(path)
    assert clicks(source_of().read([path])) == EXPECTED
    frame["time"] = pd.to_datetime(frame["time"], unit="s", utc=True)
    frame["item"] = frame["item"].astype(str).astype("category")
    frame.to_parquet(path)
    assert clicks(source_of(time_format="iso").read([path])) == EXPECTED


@pytest.mark.parametrize("form", ["text", "parquet"])
@pytest.mark.parametrize(
    "ids",
    [
        [7, 2**63 - 1, 10**18, 9],
        [2**64 - 1, 0, 2**63, 10**19],
        [-(2**63), 2**63 - 1, -1, 10**18],
    ],
)
def test_ids_of_64_bits_are_whole_numbers(tmp_path: Path, ids: list[int], form: str) -> None:
    rows = [(number, number, 5) for number in ids]
    path = write_log(tmp_path, rows)
    if form == "parquet":
        kind = pa.uint64() if max(ids) >= 2**63 else pa.int64()
        path = tmp_path / "log.parquet"
        column = pa.array(ids, kind)
        times = pa.array([5] * len(ids))
        pq.write_table(pa.table({"session": column, "item": column, "time": times}), path)
    log = source_of().read([path])
    assert log.item_names.tolist() == sorted(ids)
    assert clicks(log) == [(number, number, 5000) for number in ids]


def test_ids_that_no_kind_of_64_bits_holds_are_read_as_text_on_demand(tmp_path: Path) -> None:
    path = write_log(tmp_path, [(1, -5, 1), (1, 2**64 - 1, 2), (1, 3, 3)])
    with pytest.raises(DataError, match=r"some are negative and others above 2\^63 - 1: '-5'"):
        source_of().read([path])
    assert source_of(ids="text").read([path]).item_names.tolist() == [
        "-5",
        "18446744073709551615",
        "3",
    ]
    path = write_log(tmp_path, [(1, 7, 1), (1, 2**64, 2)])
    with pytest.raises(DataError, match="row 3: item is a text, where ids before it"):
        source_of().read([path])


@pytest.mark.parametrize("kind", ["string_view", "binary_view", "large_string"])
def test_every_kind_of_text_in_parquet_is_read(tmp_path: Path, kind: str) -> None:
    words = [b"b", b"a"] if kind == "binary_view" else ["b", "a"]
    column = pa.array(words, type=getattr(pa, kind)())
    path = tmp_path / "log.parquet"
    table = pa.table({"session": column, "item": column, "time": pa.array([1, 2])})
    try:
        pq.write_table(table, path)
    except pa.ArrowNotImplementedError:
        pytest.skip(f"this pyarrow writes no column of {kind}")
    assert clicks(source_of().read([path])) == [("b", "b", 1000), ("a", "a", 2000)]


def test_a_flipped_bit_in_parquet_with_checksums_is_found(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    table = pa.table({"session": [1] * 99, "item": list(range(99)), "time": [5] * 99})
    pq.write_table(table, path, write_page_checksum=True, compression="none", use_dictionary=False)
    content = bytearray(path.read_bytes())
    content[content.index((50).to_bytes(8, "little"))] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"log\.parquet .*CRC"):
        source_of().read([path])


def test_a_name_in_parquet_that_is_no_utf8_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    pq.write_table(pa.table({"session": [1], "item": [1], "time": [1], "shoes": [1]}), path)
    path.write_bytes(path.read_bytes().replace(b"shoes", b"sh\xf6es"))
    with pytest.raises(DataError, match="is not a parquet file that can be read"):
        source_of().read([path])


@pytest.mark.parametrize("kind", [pa.timestamp("ms"), pa.timestamp("s", "UTC")])
def test_a_time_beyond_every_calendar_is_one_clear_error(tmp_path: Path, kind: pa.DataType) -> None:
    path = tmp_path / "log.parquet"
    times = pa.array([3, 1_396_867_869_277_000], pa.int64()).cast(kind)
    pq.write_table(pa.table({"session": [1, 1], "item": [1, 2], "time": times}), path)
    with pytest.raises(DataError, match=r"row \d: time is .*1396867869277000"):
        source_of(time_format="iso").read([path])


def columns_of(times: pa.Array) -> dict[str, Column]:
    """Two clicks as a parquet file gives them."""
    values = {"session": pa.array([1, 1]), "item": pa.array([1, 2]), "time": times}
    return {name: Column("a log", name, np.array([1, 2]), v) for name, v in values.items()}


@pytest.mark.parametrize("said", ["iso", "seconds", "milliseconds"])
@pytest.mark.parametrize(
    ("kind", "far"),
    [
        (pa.timestamp("s"), [253_402_300_800, 2**62, -(2**62)]),
        (pa.timestamp("ms"), [253_402_300_800_000, 2**62, -(2**62)]),
        (pa.timestamp("us"), [2**62, -(2**62)]),
        (pa.timestamp("ms", "UTC"), [253_402_300_800_000, 2**62, -(2**62)]),
        (pa.timestamp("s", "No/Where"), [253_402_300_800, 2**62, -(2**62)]),
        (pa.date32(), [2**31 - 1, -(2**31)]),
        (pa.date64(), [253_402_300_800_000, 2**62, -(2**62)]),
    ],
)
def test_a_date_far_away_is_one_clear_error_whatever_its_unit(
    kind: pa.DataType, far: list[int], said: str
) -> None:
    for number in far:
        width = np.int32 if kind == pa.date32() else np.int64
        written = pa.py_buffer(np.array([3, number], dtype=width))
        times = pa.Array.from_buffers(kind, 2, [None, written])
        with pytest.raises(DataError, match="row 2: time is") as caught:
            source_of(time_format=said).log_of([("a log", [columns_of(times)])])
        assert "Perhaps" not in caught.value.remedy


def test_a_time_that_is_too_large_for_64_bits_is_not_another_time() -> None:
    wraps = 2**64 // 10**6  # seconds, after which 64 bits of microseconds begin anew
    times = pa.array([1_700_000_000, wraps + 1_700_000_000], pa.int64()).cast(pa.timestamp("s"))
    with pytest.raises(DataError, match=f"row 2: time is no time: {wraps + 1_700_000_000}"):
        source_of(time_format="iso").log_of([("a log", [columns_of(times)])])


def test_a_missing_header_is_named_in_the_yaml_and_an_added_one_is_recognised(
    tmp_path: Path,
) -> None:
    source = registry.dataset("yoochoose1_64").sources[1]
    assert isinstance(source, TableSource)
    path = tmp_path / "yoochoose-clicks.dat"
    rows = "1,2014-04-07T10:51:09.277Z,214536502,0\n1,2014-04-07T10:54:09.868Z,214536500,S\n"
    path.write_text(rows)
    bare = source.read([path])
    path.write_text("session_id,timestamp,item_id,category\n" + rows)
    headed = source.read([path])
    assert clicks(bare) == clicks(headed)
    assert clicks(bare)[0] == (1, 214536502, 1396867869277)


def test_times_without_a_zone_are_utc_even_beside_others(tmp_path: Path) -> None:
    times = [
        "2024-01-02T03:04:05",
        "2024-01-02 03:04:05.678901",
        "2024-01-02T03:04:05Z",
        "2024-01-02T05:04:05.5+02:00",
        "2024-01-02 05:04:05+02",
        "2024-01-02",
        "2024-01-02 03:04:05 UTC",
        "2024-01-02 03:04:05.678 GMT",
        "2024-01-02 05:04:05 +0200",
        "2024-01-02 03:04:05 Z",
    ]
    path = write_log(tmp_path, [(1, 2, time) for time in times])
    found = [time for _, _, time in clicks(source_of(time_format="iso").read([path]))]
    second = 1704164645000
    plain = [second, second + 678, second, second + 500, second, 1704153600000]
    assert found == [*plain, second, second + 678, second, second]


@pytest.mark.parametrize(
    ("unit", "number"),
    [
        ("days", "19724.5"),
        ("hours", "473388"),
        ("minutes", "28403280"),
        ("seconds", "1704196800"),
        ("milliseconds", "1704196800000"),
        ("microseconds", "1704196800000000"),
        ("nanoseconds", "1704196800000000000"),
    ],
)
def test_times_are_numbers_in_the_unit_that_is_said(tmp_path: Path, unit: str, number: str) -> None:
    path = write_log(tmp_path, [(1, 2, number)])
    assert clicks(source_of(time_format=unit).read([path])) == [(1, 2, 1704196800000)]


@pytest.mark.parametrize(
    ("time", "said", "likely"),
    [
        ("1704196800000", "seconds", "milliseconds"),
        ("1704196800000000", "milliseconds", "microseconds"),
        ("1704196800000000000", "seconds", "nanoseconds"),
        ("1704196800", "days", "seconds"),
    ],
)
def test_a_time_that_is_too_late_is_refused_with_its_likely_unit(
    tmp_path: Path, time: str, said: str, likely: str
) -> None:
    path = write_log(tmp_path, [(1, 2, time)])
    with pytest.raises(DataError, match="after the year 9999") as caught:
        source_of(time_format=said).read([path])
    assert f"says {said}. Perhaps it should say {likely}." in caught.value.remedy


def test_user_and_session_together_make_the_session(tmp_path: Path) -> None:
    rows = [("b", 1, "x", 10), ("a", 2, "x", 11), ("b", 1, "y", 12), ("a", 1, "x", 13)]
    path = write_log(tmp_path, rows, header="user,session,item,time")
    columns = {"user": "user", "session": "session", "item": "item", "time": "time"}
    log = source_of(columns=columns).read([path])
    assert log.groups == "sessions"
    assert [log.group_names[group] for group in log.group] == ["b/1", "a/2", "b/1", "a/1"]
    assert log.group_names.tolist() == ["a/1", "a/2", "b/1"]


def test_no_two_pairs_of_ids_have_one_name(tmp_path: Path) -> None:
    letters = "a/\\"
    parts = ["".join(part) for n in (1, 2, 3) for part in itertools.product(letters, repeat=n)]
    pairs = list(itertools.product(parts, parts))
    path = write_log(
        tmp_path, [(*pair, "x", 10) for pair in pairs], header="user,session,item,time"
    )
    columns = {"user": "user", "session": "session", "item": "item", "time": "time"}
    log = source_of(columns=columns, ids="text").read([path])
    names = log.group_names.tolist()
    assert len(set(names)) == len(names) == len(pairs)
    assert {f"{user}/{visit}" for user, visit in pairs if "/" not in user + visit} <= set(names)


def test_a_slash_within_an_id_does_not_end_it(tmp_path: Path) -> None:
    rows = [("a/b", "c", "x", 10), ("a", "b/c", "x", 11)]
    path = write_log(tmp_path, rows, header="user,session,item,time")
    columns = {"user": "user", "session": "session", "item": "item", "time": "time"}
    log = source_of(columns=columns).read([path])
    assert [log.group_names[group] for group in log.group] == [r"a\/b/c", r"a/b\/c"]


def test_yes_no_true_and_numbers_are_words_of_the_log(tmp_path: Path) -> None:
    rows = [(1, 5, 10, "no"), (1, 6, 11, "true"), (1, 7, 12, "1"), (1, 8, 13, "yes")]
    path = write_log(tmp_path, rows, header="session,item,time,bought")

    def kept(values: str) -> list[int]:
        rule = parse_yaml(f"{{column: bought, values: {values}}}", source="a test")
        log = source_of(keep_rows=[rule]).read([path])
        return [int(log.item_names[item - 1]) for item in log.item]

    assert kept("['no', 'yes']") == [5, 8]
    assert kept("[true]") == [6]
    assert kept("[1]") == [7]


def test_recbole_atomic_files_are_read(tmp_path: Path) -> None:
    path = tmp_path / "x.inter"
    path.write_text("session_id:token\titem_id:token\ttimestamp:float\n1\t5\t8.0\n1\t6\t9.25\n")
    source = AtomicSource(name="x", kind="recbole_interactions", files=("x.inter",))
    assert clicks(source.read([path])) == [(1, 5, 8000), (1, 6, 9250)]


@pytest.mark.parametrize("separator", [" ", ",", ";"])
def test_an_atomic_file_without_tabs_is_told_so(tmp_path: Path, separator: str) -> None:
    path = tmp_path / "x.inter"
    lines = ["session_id:token item_id:token timestamp:float", "1 5 8.0"]
    path.write_text("\n".join(lines).replace(" ", separator))
    source = AtomicSource(name="x", kind="recbole_interactions", files=("x.inter",))
    with pytest.raises(DataError, match=f"separated by tabs, .* by '{separator}'") as caught:
        source.read([path])
    assert "kind: table" in caught.value.remedy


def test_names_that_publishers_used_for_the_same_column_are_alternatives(tmp_path: Path) -> None:
    path = write_log(tmp_path, ROWS, header="sessionId,item,time")
    columns = {"session": ["session_id", "sessionId"], "item": "item", "time": "time"}
    assert clicks(source_of(columns=columns).read([path])) == EXPECTED


def test_rows_that_are_no_clicks_are_left_out_and_counted(tmp_path: Path) -> None:
    rows = [(1, 5, 10, "view"), (1, 6, 11, "cart"), (1, "", 12, "view"), (2, 7, 13, "view")]
    path = write_log(tmp_path, rows, header="session,item,time,event")
    rules = [{"column": "event", "values": ["view"]}, {"column": "time", "at_most": 12}]
    log = source_of(keep_rows=rules, missing_ids="drop").read([path])
    assert clicks(log) == [(1, 5, 10000)]
    assert log.dropped == {"event is not view": 1, "time above 12": 1, "no item": 1}


def test_text_ids_keep_their_spelling(tmp_path: Path) -> None:
    path = write_log(tmp_path, [("s", "007", 1), ("s", "7", 2), ("é", "07", 3)])
    log = source_of(ids="text").read([path])
    assert clicks(log) == [("s", "007", 1000), ("s", "7", 2000), ("é", "07", 3000)]
    assert log.item_names.tolist() == ["007", "07", "7"]


@pytest.mark.parametrize(
    ("content", "values", "complaint"),
    [
        ("", {}, "log.csv is empty"),
        ("\n \n", {}, "log.csv is empty"),
        ("session,item,time\n", {}, "holds a header but no click"),
        ("session,item,time\n\n\n", {}, "holds a header but no click"),
        ("session,item\n1,2\n", {}, "row 1: there is no column time; the columns are session"),
        ("1,2,3\n", {}, "row 1: there is no column item"),
        ("session;item;time\n1;2;3\n", {}, 'seems to be ";" in the file'),
        ("session,item,item,time\n1,2,2,3\n", {}, "row 1: the column item is there twice"),
        ("session,item,time\n1,2,3\n1,2\n", {}, "row 3: 2 values where 3 are expected: '1,2'"),
        ("session,item,time\n1,2,3\n1,2,x\n", {}, "row 3: time is no time: 'x'"),
        ("session,item,time\n1,2,nan\n", {}, "row 2: time is no time: 'nan'"),
        ("session,item,time\n1,2,inf\n", {}, "row 2: time is no time: 'inf'"),
        ("session,item,time\n1,2,\n", {}, "row 2: time is no time: ''"),
        ("session,item,time\n1,2,-5\n", {}, "row 2: time is negative or before 1970: '-5'"),
        ("session,item,time\n1,2,1e30\n", {}, "row 2: time is after the year 9999"),
        ("session,item,time\n1,2,1396867869277\n", {}, "row 2: time is after the year 9999"),
        ("session,item,time\n1,2,5\n", {"time_format": "iso"}, "row 2: time is no time: '5'"),
        ("session,item,time\n1,,3\n", {}, "row 2: item is missing"),
        ("session,item,time\n1,2,3\n,2,3\n", {}, "row 3: session is missing"),
        ("session,item,time\n1,2,3\n1,b,3\n", {}, "row 3: item is a text, where ids before"),
        ("session,item,time\n1,b,3\n1,2,3\n", {}, "row 3: item is a whole number, where"),
        ("session,item,time\n1,2,3\n1,002,3\n", {}, "row 3: item is a text, where ids before"),
        ('session,item,time\n1,"2,3\n1,2,3\n', {}, "row 2: a double quote opens a value"),
        ('session,item,"time\n1,2,3\n', {}, "row 1: the names of the columns cannot be read"),
        ("session\ritem,time\n1,2,3\n", {}, "row 1: the names of the columns cannot be read"),
        ("session,item,time\r1,2,3\n1,2,3\n", {"quoted": False}, "row 1: the names of the columns"),
        ('session,item,time,t\n1,2,3,"x\n1,2,3,x\n', {}, "row 2: a double quote opens"),
        (b"session,item,time\n1,\xff\xfe,3\n", {}, "row 2: item is not UTF-8 text"),
        (
            "session,item,time,o\n1,2,3,4\n1,2,3,x\n",
            {"columns": {"session": "session", "item": "item", "time": "time", "order": "o"}},
            "row 3: o is no whole number: 'x'",
        ),
    ],
)
def test_broken_text_is_one_error_with_file_and_row(
    tmp_path: Path, content: str | bytes, values: dict[str, Any], complaint: str
) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError) as caught:
        source_of(**values).read([path])
    assert complaint in caught.value.problem
    assert str(path) in caught.value.problem
    assert caught.value.remedy


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_the_separator_that_a_message_offers_is_the_one_of_the_file(
    tmp_path: Path, separator: str
) -> None:
    path = write_log(tmp_path, [])
    path.write_text("session,item,time\n1,2,3\n".replace(",", separator))
    with pytest.raises(DataError, match="the separator is") as caught:
        source_of().read([path])
    [offered] = re.findall("`(.*)`", caught.value.remedy)
    said = parse_yaml(offered, source="a test")
    assert said == {"separator": separator}
    assert len(source_of(**said).read([path]).item) == 1
    path.write_text("session,item,time\n1,2\n".replace(",", separator))
    with pytest.raises(DataError, match="2 values where 3") as caught:
        source_of(**said).read([path])
    assert f"check that {offered.removeprefix('separator: ')} is" in caught.value.remedy


@pytest.mark.parametrize("wrong", [r"\t", "", ";;", "é", '"', "\n"])
def test_a_separator_that_is_none_is_answered_with_how_to_write_a_tab(wrong: str) -> None:
    content = spec_of().model_dump(mode="json")
    content["sources"][0]["separator"] = wrong
    with pytest.raises(SpecError, match="one ASCII character") as caught:
        read_spec_of(DatasetSpec, content, where="shop.yaml")
    assert r'a tab is written "\t" in double quotes' in caught.value.problem
    assert caught.value.remedy.startswith("1 problem in all")


def test_the_row_is_right_far_into_a_file(tmp_path: Path) -> None:
    rows: list[tuple[Any, Any, Any]] = [(1, 2, 3)] * 50_000
    rows[43_210] = (1, 2, "soon")
    path = write_log(tmp_path, rows)
    with pytest.raises(DataError, match="row 43212: time is no time: 'soon'"):
        source_of().read([path])


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_text_in_another_encoding_is_named(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "log.csv"
    text = "session,item,time\n1,2,3\n"
    mark = "" if encoding == "utf-16" else "\ufeff"  # the first writes one of its own
    path.write_bytes((mark + text).encode(encoding))
    with pytest.raises(DataError, match="is UTF-16 text"):
        source_of().read([path])


@pytest.mark.parametrize("name", ["log.csv.gz", "log.csv.zip"])
def test_a_file_made_to_fill_memory_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    row = b"1,2,3," + b"0" * 8000 + b"\n"
    content = b"session,item,time,note\n" + row * (2 * ALWAYS_UNPACKED // len(row))
    if name.endswith(".gz"):
        path.write_bytes(gzip.compress(content))
    else:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("log.csv", content)
    with pytest.raises(DataError, match="unpacks to more than 250 times its size"):
        source_of().read([path])


def damaged(path: Path, *, name: str) -> Path:
    """A truncated or otherwise damaged file of that kind, of a log that compresses badly."""
    numbers = np.random.default_rng(0).integers(0, 10**9, (20_000, 3))
    text = "session,item,time\n" + "\n".join(",".join(map(str, row)) for row in numbers.tolist())
    buffer = io.BytesIO()
    if name.endswith(".gz"):
        buffer.write(gzip.compress(text.encode()))
    elif name.endswith(".zip"):
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("log.csv", text)
    else:
        pd.DataFrame(numbers, columns=["session", "item", "time"]).to_parquet(buffer)
    whole = buffer.getvalue()
    target = path / name
    target.write_bytes(whole[: len(whole) // 2])
    return target


@pytest.mark.parametrize("name", ["log.csv.gz", "log.csv.zip", "log.parquet"])
def test_a_truncated_file_is_one_clear_error(tmp_path: Path, name: str) -> None:
    path = damaged(tmp_path, name=name)
    with pytest.raises(DataError) as caught:
        source_of().read([path])
    assert str(path) in caught.value.problem


def test_a_file_that_is_not_gzip_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "log.csv.gz"
    path.write_bytes(b"session,item,time\n1,2,3\n")
    with pytest.raises(DataError, match="truncated or damaged"):
        source_of().read([path])


@pytest.mark.parametrize(
    ("column", "values", "complaint"),
    [
        ("item", [1.5, 2.0], "item is of type double"),
        ("item", [None, 2], "item is missing"),
        ("item", [[1], [2]], "item is of type list"),
        ("time", [None, 2.0], "time is no time: nothing"),
        ("time", [float("nan"), 2.0], "time is no time"),
        ("time", [True, False], "time is no time: True"),
        ("time", [[1], [2]], "time is no time"),
    ],
)
def test_parquet_of_other_types_is_one_clear_error(
    tmp_path: Path, column: str, values: list[Any], complaint: str
) -> None:
    plain = {"session": [1, 1], "item": [1, 2], "time": [1, 2]}
    path = tmp_path / "log.parquet"
    pq.write_table(pa.table({**plain, column: pa.array(values)}), path)
    with pytest.raises(DataError, match=complaint):
        source_of().read([path])


def slow_read(text: str) -> list[tuple[str, str, float]] | None:
    """The obvious reader of well-formed files: None where a row is not clean."""
    rows = [row for row in csv.reader(io.StringIO(text)) if row]
    if len(rows) < 2:
        return None
    result = []
    for row in rows[1:]:
        if len(row) != 3 or not row[0] or not row[1]:
            return None
        try:
            result.append((row[0], row[1], float(row[2])))
        except ValueError:
            return None
    return result


cells = st.one_of(
    st.integers(-3, 10**12).map(str),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=4),
    st.sampled_from(["", "nan", "1e3", '"', '""', "a,b", " ", "é", "0x1F", "007"]),
)
lines = st.lists(st.tuples(cells, cells, cells), min_size=1, max_size=8)


@given(rows=lines, quote=st.booleans())
def test_whatever_the_text_every_row_is_read_or_one_error_is_raised(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str]], quote: bool
) -> None:
    buffer = io.StringIO()
    if quote:
        csv.writer(buffer, lineterminator="\n").writerows(rows)
    else:
        buffer.write("\n".join(",".join(row) for row in rows) + "\n")
    text = "session,item,time\n" + buffer.getvalue()
    path = tmp_path_factory.mktemp("fuzz") / "log.csv"
    path.write_text(text, encoding="utf-8", newline="")
    expected = slow_read(text)
    try:
        log = source_of(ids="text").read([path])
    except DataError as error:
        problem = error.problem
    else:
        problem = ""
    if problem:
        assert str(path) in problem
        return
    assert expected is not None
    assert [(g, i, t) for g, i, t in clicks(log)] == [
        (session, item, round(time * 1000)) for session, item, time in expected
    ]


@given(junk=st.binary(max_size=80), name=st.sampled_from(["csv", "csv.gz", "csv.zip", "parquet"]))
def test_junk_is_never_a_traceback(
    tmp_path_factory: pytest.TempPathFactory, junk: bytes, name: str
) -> None:
    path = tmp_path_factory.mktemp("fuzz") / f"log.{name}"
    path.write_bytes(junk)
    with pytest.raises(DataError):
        source_of().read([path])

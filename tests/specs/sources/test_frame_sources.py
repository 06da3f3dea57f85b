"""Frames of any library: read as they are, known by their content."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from data_files import HALF, sessions_with_names, spec_of

from srgnn_bench.api import Benchmark
from srgnn_bench.data.prepare import PreparedDataset, prepare
from srgnn_bench.errors import DataError, SpecError
from srgnn_bench.specs.dataset import DatasetSpec
from srgnn_bench.specs.reading import spec_of as read_spec_of
from srgnn_bench.specs.sources.frames import FrameSource

CLICKS = pd.DataFrame(
    {
        "visit": [7, 7, 8, 8, 8, 9, 9],
        "product": ["a", "b", "b", "a", "c", "a", "b"],
        "at": pd.to_datetime([1e9 + 10 * i for i in range(7)], unit="s"),
        "unused": [object() for _ in range(7)],
    }
)
COLUMNS = {"session": "visit", "item": "product", "time": "at"}


def dataset(frame: Any, **values: Any) -> DatasetSpec:
    source = {"name": "own", "kind": "frame", "frame": frame, "columns": COLUMNS, **values}
    common = spec_of().model_dump(exclude={"sources", "preparation"})
    content = {**common, "sources": [source], "preparation": {"filters": [], "split": HALF}}
    return read_spec_of(DatasetSpec, content, where="shop")


def prepared(folder: Path, frame: Any, **values: Any) -> PreparedDataset:
    return prepare(dataset(frame, **values), data_root=None, cache=folder)


def as_polars(frame: pd.DataFrame) -> Any:
    polars = pytest.importorskip("polars")
    return polars.from_pandas(frame.drop(columns="unused"))


def as_arrow(frame: pd.DataFrame) -> pa.Table:
    return pa.Table.from_pandas(frame.drop(columns="unused"))


def in_chunks(frame: pd.DataFrame) -> pa.Table:
    return pa.concat_tables([as_arrow(frame[:3]), as_arrow(frame[3:])])


def otherwise_typed(frame: pd.DataFrame) -> pd.DataFrame:
    frame = frame.set_index(frame.index * 3)
    return frame.astype({"visit": "int16", "product": "category", "at": "datetime64[s]"})


@pytest.mark.parametrize("form", [as_polars, as_arrow, in_chunks, otherwise_typed])
def test_equal_content_is_one_dataset_whatever_holds_it(
    tmp_path: Path, form: Callable[[pd.DataFrame], Any]
) -> None:
    one = prepared(tmp_path / "pandas", CLICKS)
    other = prepared(tmp_path / "other", form(CLICKS))
    assert other.fingerprint == one.fingerprint
    for data in (one, other):
        assert sessions_with_names(data, "train") == {7: ["a", "b"], 8: ["b", "a", "c"]}
        assert sessions_with_names(data, "test") == {9: ["a", "b"]}


@pytest.mark.parametrize(
    "changed",
    [
        CLICKS.assign(product=["a", "b", "b", "a", "c", "b", "a"]),
        CLICKS.assign(product=["a", "b", "b", "a", "c", "a", "bb"]),
        CLICKS.assign(product=["ab", "", "b", "a", "c", "a", "b"]),
        CLICKS.assign(visit=CLICKS["visit"].astype(str)),
        CLICKS.assign(at=CLICKS["at"] + pd.Timedelta(seconds=1)),
        CLICKS[:-1],
    ],
)
def test_other_content_is_another(changed: pd.DataFrame) -> None:
    [one], [other] = dataset(CLICKS).sources, dataset(changed).sources
    assert isinstance(one, FrameSource)
    assert isinstance(other, FrameSource)
    assert one.sha256 != other.sha256


def test_columns_that_are_not_read_do_not_count() -> None:
    assert dataset(CLICKS.drop(columns="unused")).sources[0] is not None
    [one], [other] = dataset(CLICKS).sources, dataset(CLICKS.assign(more=1)).sources
    assert one.model_dump() == other.model_dump()


def test_numbers_of_seconds_and_users_are_taken_too(tmp_path: Path) -> None:
    frame = CLICKS.assign(at=[5.5 * i for i in range(7)])
    data = prepared(tmp_path, frame, time_format="seconds")
    assert data.test.times.tolist() == [33]


def test_errors_name_the_row_of_the_frame(tmp_path: Path) -> None:
    frame = CLICKS.assign(product=["a", "b", None, "a", "c", "a", "b"])
    with pytest.raises(DataError, match=r"frame of source 'own', row 2: product is missing"):
        prepared(tmp_path, frame)
    with pytest.raises(DataError, match="there is no column at; the columns are visit, product"):
        dataset(CLICKS.drop(columns="at"))
    with pytest.raises(DataError, match=r"cannot be read \(.*product"):
        dataset(CLICKS.assign(product=["a", 1, "b", "a", "c", "a", "b"]))
    with pytest.raises(DataError, match="Give a frame of pandas or polars"):
        dataset({"visit": 1})
    with pytest.raises(DataError, match="row 0: at is no time"):
        prepared(tmp_path, CLICKS.assign(at=range(7)))
    with pytest.raises(DataError, match="holds no click"):
        prepared(tmp_path, CLICKS[:0])


@pytest.mark.parametrize("role", ["visit", "product", "at"])
@pytest.mark.parametrize("values", [[[1]] * 7, [{"a": 1}] * 7, [[]] * 7])
def test_a_column_of_lists_or_structs_is_one_clear_error(role: str, values: list[Any]) -> None:
    changed = CLICKS.drop(columns="unused").assign(**{role: values})
    for frame in (changed, pa.Table.from_pandas(changed)):
        with pytest.raises(DataError, match="frame of source 'own' cannot be read"):
            dataset(frame)


def test_a_time_that_is_too_large_for_64_bits_is_not_another_time() -> None:
    wraps = 2**64 // 10**6  # seconds, after which 64 bits of microseconds begin anew
    times = pa.array([wraps + row for row in range(7)], pa.int64()).cast(pa.timestamp("s"))
    table = as_arrow(CLICKS)
    with pytest.raises(DataError, match="out of bounds"):
        dataset(table.set_column(table.column_names.index("at"), "at", times))


def test_a_lazy_frame_is_told_to_be_collected() -> None:
    lazy = as_polars(CLICKS).lazy()
    with pytest.raises(DataError, match="collect"):
        dataset(lazy)


def test_a_process_without_the_frame_finds_what_was_prepared(tmp_path: Path) -> None:
    spec = dataset(CLICKS)
    sent = pickle.loads(pickle.dumps(spec))
    with pytest.raises(DataError, match="was given by another process"):
        prepare(sent, data_root=None, cache=tmp_path)
    first = prepare(spec, data_root=None, cache=tmp_path)
    assert prepare(sent, data_root=None, cache=tmp_path).fingerprint == first.fingerprint


def test_a_benchmark_keeps_what_finds_it_again(tmp_path: Path) -> None:
    content = dataset(CLICKS).model_dump(mode="json", exclude_unset=True)
    content["sources"][0] |= {"frame": CLICKS}
    benchmark = Benchmark("quick", datasets=[content], results=tmp_path, models=["popularity"])
    [job] = benchmark.jobs
    [path] = benchmark.suite.datasets
    assert "sha256" in Path(path).read_text()
    [again] = Benchmark("quick", datasets=[path], results=tmp_path, models=["popularity"]).jobs
    assert again.dataset.fingerprint == job.dataset.fingerprint


def test_a_description_without_a_frame_is_refused() -> None:
    with pytest.raises(SpecError, match="give `frame`"):
        dataset(None)

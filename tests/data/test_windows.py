"""Windows of a log: of equal span, of whole sessions, each a dataset of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from data_files import sessions_with_names, spec_of, write_log

from srgnn_bench.data.prepare import PreparedDataset, prepare
from srgnn_bench.errors import DataError, SpecError
from srgnn_bench.specs.dataset import DatasetSpec
from srgnn_bench.specs.reading import spec_of as read_spec_of
from srgnn_bench.specs.resolving import resolve

# Sessions that end at 10, 20, ..., 120; the fourth begins in the span before.
CLICKS = [(s, i, 10 * s - (25 if s == 4 else 1) * (2 - i)) for s in range(1, 13) for i in (1, 2)]


def windowed(windows: int, **values: Any) -> DatasetSpec:
    content = {**spec_of().model_dump(mode="json"), "windows": windows, **values}
    return read_spec_of(DatasetSpec, content, where="windowed")


def prepared(folder: Path, windows: int) -> list[PreparedDataset]:
    write_log(folder / "mine", CLICKS)
    specs = windowed(windows).in_windows()
    return [prepare(spec, data_root=folder, cache=folder / "cache") for spec in specs]


def sessions(data: PreparedDataset) -> list[list[int]]:
    return [sorted(sessions_with_names(data, side)) for side in ("train", "test")]


def test_windows_have_equal_spans_and_whole_sessions(tmp_path: Path) -> None:
    # From 10 to 120 inclusive: spans of 37 seconds begin at 10, 47, 84.
    found = prepared(tmp_path, 3)
    assert [data.name for data in found] == ["mine-1", "mine-2", "mine-3"]
    assert [data.title for data in found] == [f"Mine, window {n}" for n in (1, 2, 3)]
    assert [sessions(data) for data in found] == [
        [[1, 2], [3, 4]],
        [[5, 6], [7, 8]],
        [[9, 10], [11, 12]],
    ]
    assert len({data.fingerprint for data in found}) == 3
    assert [step.step for step in found[1].steps][:2] == ["all sessions", "window 2 of 3"]


def test_each_window_is_filtered_and_split_by_itself(tmp_path: Path) -> None:
    write_log(tmp_path / "mine", [*CLICKS, (12, 99, 120), (1, 99, 10)])
    rules = {**spec_of().model_dump(mode="json")["preparation"]}
    rules["filters"] = [{"step": "min_item_count", "clicks": 2}]
    spec = windowed(2, preparation=rules).in_windows()[1]
    data = prepare(spec, data_root=tmp_path, cache=tmp_path / "cache")
    assert 99 not in data.item_names  # once in each window, twice in the log


def test_an_empty_window_is_told(tmp_path: Path) -> None:
    write_log(tmp_path / "mine", [c for c in CLICKS if c[0] in (1, 2, 11, 12)])
    spec = windowed(3).in_windows()[1]
    with pytest.raises(DataError, match=r"no session is left after the step 'window 2 of 3'"):
        prepare(spec, data_root=tmp_path, cache=tmp_path / "cache")


def test_what_is_split_already_has_no_windows() -> None:
    with pytest.raises(SpecError, match="only logs are cut into windows"):
        windowed(2, sources=[{"name": "s", "kind": "srgnn_pickles"}], preparation=None)
    with pytest.raises(SpecError, match="give either"):
        windowed(2, window={"number": 1, "of": 2})


def test_counts_of_a_whole_log_are_not_expected_of_its_windows() -> None:
    expected = {"own": {"train_sessions": 6}}
    with pytest.raises(SpecError, match="`expected` is for one dataset"):
        windowed(2, expected=expected)
    one = spec_of().model_dump(mode="json")
    one |= {"window": {"number": 1, "of": 2}, "expected": expected}
    assert read_spec_of(DatasetSpec, one, where="one window").expected


def test_a_window_may_not_have_the_name_of_another_dataset() -> None:
    other = spec_of().model_copy(update={"name": "mine-2"})
    with pytest.raises(SpecError, match="named 'mine-2'; one is a window"):
        resolve("quick", datasets=[windowed(2), other])

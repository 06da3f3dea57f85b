"""From clicks to sessions: against the authors' rules, and what is guaranteed whatever the log."""

from __future__ import annotations

import csv
import gzip
import os
import random
import zipfile
from dataclasses import fields, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from data_files import Click, prepared, sessions_with_names, spec_of, write_log
from hypothesis import given
from hypothesis import strategies as st
from slow_preparation import SlowClick, slow_prepare

from srgnn_bench.data.locate import find
from srgnn_bench.data.prepare import PreparedDataset, prepare
from srgnn_bench.data.protocol import test_stage as stage_for_test
from srgnn_bench.data.protocol import validation_stage
from srgnn_bench.data.sessions import Sessions
from srgnn_bench.errors import DataError, SpecError
from srgnn_bench.specs import registry
from srgnn_bench.specs.dataset import DatasetSpec
from srgnn_bench.specs.protocol import ProtocolSpec

ROOT = os.environ.get("SRGNN_BENCH_DATA_ROOT")
DAY = 86_400

logs = st.lists(
    st.tuples(st.integers(1, 12), st.integers(1, 6), st.integers(0, 6 * DAY)),
    min_size=1,
    max_size=60,
)
TIME_SPLITS: list[dict[str, Any]] = [
    {"kind": "newest_span", "days": 2, "boundary": "train"},
    {"kind": "newest_span", "days": 2, "boundary": "test"},
    {"kind": "newest_span", "days": 1, "seconds": 5, "boundary": "drop"},
    {"kind": "newest_sessions", "fraction": 0.4},
]


def prepared_or_none(
    folder: Path, clicks: list[Click], **preparation: Any
) -> PreparedDataset | None:
    """The dataset, or None where the log is too small, which must be one clear error."""
    try:
        return prepared(folder, clicks, **preparation)
    except DataError as error:
        problem = error.problem
    assert str(folder) in problem
    return None


@pytest.mark.skipif(ROOT is None, reason="SRGNN_BENCH_DATA_ROOT is not set")
@pytest.mark.parametrize("in_file_order", [False, True])
def test_the_raw_diginetica_excerpt_is_prepared_as_the_authors_do(
    tmp_path: Path, in_file_order: bool
) -> None:
    root = Path(str(ROOT))
    folder = "diginetica_raw_sample"
    with (root / folder / "train-item-views.csv").open(newline="") as file:
        clicks = [
            SlowClick(
                session=int(row["session_id"]),
                item=int(row["item_id"]),
                time=int(
                    datetime.strptime(row["eventdate"], "%Y-%m-%d")
                    .replace(tzinfo=timezone.utc)
                    .timestamp()
                ),
                order=int(row["timeframe"]),
            )
            for row in csv.DictReader(file, delimiter=";")
        ]
    shipped = registry.dataset("diginetica").model_dump()
    shipped["folders"] = [folder]
    shipped["preparation"]["click_order"] = "file" if in_file_order else "time"
    spec = DatasetSpec.model_validate(shipped)
    data = prepare(spec, data_root=root, cache=tmp_path, source="raw")
    train, test = slow_prepare(clicks, days=7, in_file_order=in_file_order)
    assert sessions_with_names(data, "train") == train
    assert list(sessions_with_names(data, "train")) == list(train)
    assert sessions_with_names(data, "test") == test
    assert len(test) > 30
    assert [s.clicks for s in data.steps][:2] == [12391, 11458]
    assert "expected 186,670" in data.warnings[0]
    stages = [stage(data, ProtocolSpec()) for stage in (validation_stage, stage_for_test)]
    assert all(len(stage.judged) > 50 for stage in stages)


@given(log=logs, part=st.integers(1, 4), min_item=st.integers(1, 4))
def test_any_log_is_prepared_as_the_authors_do(
    tmp_path_factory: pytest.TempPathFactory, log: list[Click], part: int, min_item: int
) -> None:
    data = prepared_or_none(
        tmp_path_factory.mktemp("log"),
        log,
        filters=[
            {"step": "min_session_length", "clicks": 2},
            {"step": "min_item_count", "clicks": min_item},
            {"step": "min_session_length", "clicks": 2},
        ],
        split={"kind": "newest_span", "days": 2, "boundary": "drop"},
        unknown_test_items="remove",
        newest_train_part=part,
    )
    train, test = slow_prepare(
        [SlowClick(*click, order=click[2]) for click in log],
        days=2,
        min_item=min_item,
        newest_part=part,
    )
    if data is None:
        assert not train or not test
        return
    assert list(sessions_with_names(data, "train").items()) == list(train.items())
    assert list(sessions_with_names(data, "test").items()) == list(test.items())


@given(log=logs, split=st.sampled_from(TIME_SPLITS))
def test_under_a_time_protocol_sessions_are_whole_on_one_side_and_later_sides_are_later(
    tmp_path_factory: pytest.TempPathFactory, log: list[Click], split: dict[str, Any]
) -> None:
    data = prepared_or_none(tmp_path_factory.mktemp("log"), log, split=split)
    if data is None:
        return
    newest = {s: max(t for session, _, t in log if session == s) for s, _, _ in log}
    whole = {
        s: [item for session, item, _ in sorted(log, key=lambda c: c[2]) if session == s]
        for s in newest
    }
    assert data.division == "by time"
    train, test = (sessions_with_names(data, side) for side in ("train", "test"))
    assert not set(train) & set(test)
    assert {**train, **test}.items() <= whole.items()
    assert max(newest[s] for s in train) <= min(newest[s] for s in test)
    assert data.train.times.tolist() == [newest[s] for s in train]
    assert data.test.times.tolist() == [newest[s] for s in test]
    dropped = set(whole) - set(train) - set(test)
    cut = max(newest.values()) - split.get("days", 0) * DAY - split.get("seconds", 0)
    assert all(split.get("boundary") == "drop" and newest[s] == cut for s in dropped)


@given(log=logs, share=st.floats(0.05, 0.95), tuning=st.floats(0.3, 1.0))
def test_validation_is_cut_from_training_by_time_and_sees_no_test(
    tmp_path_factory: pytest.TempPathFactory, log: list[Click], share: float, tuning: float
) -> None:
    data = prepared_or_none(tmp_path_factory.mktemp("log"), log)
    if data is None:
        return
    protocol = ProtocolSpec(validation_fraction=share, tuning_fraction=tuning)
    try:
        stage = validation_stage(data, protocol)
    except DataError:
        return
    used = max(1, round(len(data.train) * tuning))
    judged = max(1, round(used * share))
    first = len(data.train) - used
    assert len(stage.train) == used - judged
    sessions = [
        data.train.items[a:b].tolist()
        for a, b in zip(data.train.offsets[:-1], data.train.offsets[1:], strict=True)
    ][first:]
    as_trained = [
        stage.catalogue[stage.train.items[a:b] - 1].tolist()
        for a, b in zip(stage.train.offsets[:-1], stage.train.offsets[1:], strict=True)
    ]
    assert as_trained == sessions[: used - judged]
    # Every judged prefix can be traced to its session and position.
    for number in range(len(stage.judged)):
        session = sessions[used - judged + int(stage.judged.session[number])]
        length = int(stage.judged.length[number])
        numbered = {item: place + 1 for place, item in enumerate(stage.catalogue.tolist())}
        shown = stage.judged.items[stage.judged.start[number] : stage.judged.stop[number]]
        assert shown.tolist() == [numbered[i] for i in session[:length] if i in numbered]
        assert stage.judged.target[number] == numbered.get(session[length], 0)
    assert len(stage.judged) == sum(len(s) - 1 for s in sessions[used - judged :])


def test_validation_neither_holds_nor_depends_on_the_test(tmp_path: Path) -> None:
    log = [(s, (s * k) % 7, 100 * s + k) for s in range(1, 41) for k in range(3)]
    data = prepared(tmp_path, log)
    other = replace(data, test=Sessions.from_lists([[1, 2, 3]]))
    stage, again = (validation_stage(each, ProtocolSpec()) for each in (data, other))
    parts = {
        "catalogue": (stage.catalogue, again.catalogue),
        **{
            f"{side}.{f.name}": tuple(getattr(getattr(s, side), f.name) for s in (stage, again))
            for side in ("train", "train_prefixes", "judged")
            for f in fields(getattr(stage, side))
        },
    }
    assert len(parts) == 1 + 3 + 6 + 6
    for name, (array, same) in parts.items():
        assert np.array_equal(array, same), name
        for test in (data.test.items, data.test.offsets, data.test.times):
            assert not np.shares_memory(array, test), name


@given(log=logs, seed=st.integers(0, 5), by=st.sampled_from(["session", "user"]))
def test_nothing_depends_on_the_order_of_rows_unless_times_tie(
    tmp_path_factory: pytest.TempPathFactory, log: list[Click], seed: int, by: str
) -> None:
    distinct = list({(s, t): (s, i, t) for s, i, t in log}.values())
    shuffled = distinct[:]
    random.Random(seed).shuffle(shuffled)
    folder = tmp_path_factory.mktemp("log")
    source = {"columns": {by: "session", "item": "item", "time": "time"}}
    spec = spec_of(source, idle_gap_seconds=DAY if by == "user" else None)
    results = []
    for name, clicks in (("a", distinct), ("b", shuffled)):
        write_log(folder / name, clicks)
        try:
            data = prepare(spec, data_root=folder / name, cache=folder / "cache")
        except DataError:
            results.append(None)
            continue
        arrays = (data.train.items, data.train.offsets, data.test.items, data.test.offsets)
        results.append([array.tolist() for array in (*arrays, data.item_names)])
    assert results[0] == results[1]


def test_clicks_of_equal_time_stay_in_the_order_of_the_file(tmp_path: Path) -> None:
    log = [(1, 5, 10), (2, 9, 50), (1, 3, 10), (1, 4, 10), (2, 8, 50), (1, 1, 9)]
    data = prepared(tmp_path, log)
    assert sessions_with_names(data, "train") == {1: [1, 5, 3, 4]}
    assert sessions_with_names(data, "test") == {2: [9, 8]}


def test_sessions_of_equal_time_are_ordered_by_their_id(tmp_path: Path) -> None:
    log = [(s, item, 7) for s in (10, 9, 2, 30) for item in (1, 2)]
    data = prepared(tmp_path, log)
    assert list(sessions_with_names(data, "train")) == [2, 9]
    assert list(sessions_with_names(data, "test")) == [10, 30]


@given(log=logs, gap=st.integers(1, 2 * DAY))
def test_users_are_cut_into_sessions_by_idle_gaps(
    tmp_path_factory: pytest.TempPathFactory, log: list[Click], gap: int
) -> None:
    folder = tmp_path_factory.mktemp("log")
    write_log(folder, log)
    spec = spec_of(
        {"columns": {"user": "session", "item": "item", "time": "time"}}, idle_gap_seconds=gap
    )
    expected: list[tuple[int, int, list[int]]] = []  # newest click, user, items
    for user in sorted({u for u, _, _ in log}):
        last = None
        for _, item, time in sorted((c for c in log if c[0] == user), key=lambda c: c[2]):
            if last is None or time - last > gap:
                expected.append((time, user, []))
            expected[-1] = (time, user, [*expected[-1][2], item])
            last = time
    expected.sort(key=lambda session: session[:2])
    try:
        data = prepare(spec, data_root=folder, cache=folder / "cache")
    except DataError:
        return
    found = []
    for side, names in ((data.train, data.train_names), (data.test, data.test_names)):
        for s, user in enumerate(names.tolist()):
            items = side.items[side.offsets[s] : side.offsets[s + 1]]
            found.append((int(side.times[s]), user, data.item_names[items - 1].tolist()))
    assert found == expected


@given(log=logs, fraction=st.floats(0.1, 0.9))
def test_splits_within_sessions_judge_their_ends_and_warn(
    tmp_path_factory: pytest.TempPathFactory, log: list[Click], fraction: float
) -> None:
    folder = tmp_path_factory.mktemp("log")
    for split in ({"kind": "leave_one_out"}, {"kind": "within_sessions", "fraction": fraction}):
        data = prepared_or_none(folder, log, split=split)
        if data is None:
            continue
        assert any("lets the future in" in warning for warning in data.warnings)
        assert data.division == "within sessions"
        train, test = (sessions_with_names(data, side) for side in ("train", "test"))
        judged = stage_for_test(data, ProtocolSpec()).judged
        expected = []
        for place, (name, items) in enumerate(test.items()):
            share = 1 if split["kind"] == "leave_one_out" else int((len(items) - 1) * fraction)
            n_judged = max(share, 1)
            assert len(items) >= 3
            assert train[name] == items[: len(items) - n_judged]
            expected += [(place, length) for length in range(len(items) - n_judged, len(items))]
        found = list(zip(judged.session.tolist(), judged.length.tolist(), strict=True))
        assert found == expected
        assert data.counts().test_prefixes == len(expected)
        try:
            validation = validation_stage(data, ProtocolSpec())
        except DataError:
            continue
        shown = {name: len(items) for name, items in train.items()}
        names = list(train)
        for s, length in zip(validation.judged.session, validation.judged.length, strict=True):
            assert length < shown[names[s]]  # nothing of the test's clicks is looked at


def test_a_validation_part_that_judges_nothing_is_refused(tmp_path: Path) -> None:
    # One of the two prefixes of each session is tested, and of the one left none is judged.
    log = [(s, i, 100 * s + i) for s in range(40) for i in range(3)]
    data = prepared(tmp_path, log, split={"kind": "within_sessions", "fraction": 0.1})
    assert len(stage_for_test(data, ProtocolSpec()).judged) == 40
    with pytest.raises(DataError, match=r"the validation part .* no prefix"):
        validation_stage(data, ProtocolSpec())


@pytest.mark.parametrize(
    ("log", "preparation", "complaint"),
    [
        ([(1, 2, 3), (1, 3, 4)], {}, "leaves the test side"),
        ([(1, 2, 3), (2, 3, 4)], {}, "leaves the training side"),
        (
            [(1, 2, 3), (1, 3, 4), (2, 2, 9), (2, 3, 9)],
            {"split": {"kind": "newest_span", "days": 1}},
            "leaves the training side",
        ),
        (
            [(1, 2, 3), (1, 3, 4), (2, 8, 9), (2, 9, 9)],
            {"unknown_test_items": "remove"},
            "leaves the test side",
        ),
        (
            [(1, 2, 3)],
            {"filters": [{"step": "min_session_length", "clicks": 2}]},
            "no session is left after the step",
        ),
        (
            [(1, 2, 3), (1, 3, 4), (2, 2, 9), (2, 3, 9)],
            {"newest_train_part": 64},
            "leaves the training side",
        ),
    ],
)
def test_a_log_too_small_for_its_protocol_is_one_clear_error(
    tmp_path: Path, log: list[Click], preparation: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(DataError, match=complaint) as caught:
        prepared(tmp_path, log, **preparation)
    assert caught.value.remedy


def test_every_step_is_counted(tmp_path: Path) -> None:
    log = [
        (1, 5, 1),
        (1, 5, 2),
        (2, 5, 3),
        (2, 6, 3),
        (3, 5, 9),
        (4, 5, 10),
        (4, 7, 11),
        (4, 5, 12),
    ]
    data = prepared(
        tmp_path,
        log,
        filters=[
            {"step": "min_session_length", "clicks": 2},
            {"step": "min_item_count", "clicks": 1},
        ],
        split={"kind": "newest_sessions", "fraction": 0.4},
        unknown_test_items="remove",
    )
    assert [(s.sessions, s.clicks, s.items) for s in data.steps] == [
        (4, 8, 3),
        (3, 7, 3),
        (3, 7, 3),
        (3, 7, 3),
        (3, 6, 2),
    ]
    assert data.counts().items == 2
    assert data.item_names.tolist() == [5, 6]


@pytest.mark.parametrize("name", registry.names("dataset"))
def test_every_shipped_dataset_says_what_to_fetch_where_it_is_missing(
    tmp_path: Path, name: str
) -> None:
    spec = registry.dataset(name)
    if name == "ml-100k":
        assert np.all(prepare(spec, data_root=None, cache=tmp_path).train.lengths >= 2)
        return
    with pytest.raises(DataError) as caught:
        prepare(spec, data_root=tmp_path, cache=tmp_path)
    assert str(tmp_path) in caught.value.problem
    assert caught.value.remedy == spec.obtain
    with pytest.raises(DataError, match="no data root is given"):
        prepare(spec, data_root=None, cache=tmp_path)
    with pytest.raises(SpecError, match="has no source 'nowhere'"):
        prepare(spec, data_root=tmp_path, cache=tmp_path, source="nowhere")


def test_pickles_beside_the_folders_are_not_taken_for_any_dataset(tmp_path: Path) -> None:
    for name in ("all_train_seq.txt", "test.txt"):
        (tmp_path / name).touch()
    with pytest.raises(DataError, match="is not there"):
        prepare(registry.dataset("tmall"), data_root=tmp_path, cache=tmp_path)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"colour": "red"}, "colour"),
        ({"preparation": None}, "needs `preparation`"),
        ({"expected": {"nowhere": {}}}, "unknown source"),
        ({"preparation": {"split": {"kind": "newest_span"}}}, "give `days` or `seconds`"),
        ({"preparation": {"split": {"kind": "by_luck"}}}, "by_luck"),
        (
            {"preparation": {"split": {"kind": "leave_one_out"}, "unknown_test_items": "remove"}},
            "needs `unknown_test_items: miss`",
        ),
        (
            {"preparation": {"split": {"kind": "leave_one_out"}, "newest_train_part": 4}},
            "`newest_train_part: 1`",
        ),
    ],
)
def test_a_dataset_that_makes_no_sense_is_refused(change: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        DatasetSpec.model_validate({**spec_of().model_dump(), **change})


@pytest.mark.parametrize(
    ("columns", "complaint"),
    [
        ({"item": "i", "time": "t"}, "give `session`, `user` or both"),
        ({"item": "i", "time": "t", "user": "u"}, "give `idle_gap_seconds`"),
    ],
)
def test_columns_that_make_no_sessions_are_refused(columns: dict[str, str], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        spec_of({"columns": columns})


def test_clicks_of_users_have_no_file_order() -> None:
    columns = {"item": "i", "time": "t", "user": "u"}
    with pytest.raises(ValueError, match="order clicks by time"):
        spec_of({"columns": columns}, idle_gap_seconds=60, click_order="file")


def test_sessions_that_a_log_names_are_not_cut_by_idle_gaps(tmp_path: Path) -> None:
    log = [(s, item, 1000 * s + 100 * item) for s in (1, 2) for item in (1, 2, 3)]
    whole = prepared(tmp_path, log)
    with_gap = prepared(tmp_path, log, idle_gap_seconds=10)
    assert sessions_with_names(whole, "train") == sessions_with_names(with_gap, "train")


def test_of_two_files_that_one_source_may_mean_none_is_left_out_in_silence(tmp_path: Path) -> None:
    spec = spec_of({"files": ["march.csv", "april.csv"]})
    folder = tmp_path / "mine"
    folder.mkdir()
    for name in ("march.csv", "april.csv"):
        write_log(folder, [(1, 2, 3)]).rename(folder / name)
    with pytest.raises(DataError, match=r"march\.csv and .*april\.csv are both there"):
        find(spec, data_root=tmp_path)
    (folder / "april.csv").unlink()
    assert find(spec, data_root=tmp_path).paths == (folder / "march.csv",)


@pytest.mark.parametrize("packed", ["log.csv.gz", "log.csv.zip", "download.zip"])
def test_a_log_beside_its_packed_form_is_one_file(tmp_path: Path, packed: str) -> None:
    spec = spec_of({"files": ["log.csv", "download.zip"]})
    folder = tmp_path / "mine"
    folder.mkdir()
    path = write_log(folder, [(1, 2, 3)])
    if packed.endswith(".zip"):
        with zipfile.ZipFile(folder / packed, "w") as archive:
            archive.write(path, "some/folder/log.csv")
    else:
        (folder / packed).write_bytes(gzip.compress(path.read_bytes()))
    assert find(spec, data_root=tmp_path).paths == (path,)

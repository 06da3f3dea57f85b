"""Logs that somebody else has split: taken as they are, and refused where they overlap."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from data_files import HALF, Click, sessions_with_names, spec_of

from srgnn_bench.data.prepare import PreparedDataset, prepare
from srgnn_bench.data.protocol import test_stage as stage_for_test
from srgnn_bench.data.protocol import validation_stage
from srgnn_bench.errors import DataError, SpecError
from srgnn_bench.specs.dataset import DatasetSpec
from srgnn_bench.specs.protocol import ProtocolSpec
from srgnn_bench.specs.reading import spec_of as read_spec_of

TRAIN = [("a", "x", 100.25), ("a", "y", 101.5), ("b", "y", 110.0), ("b", "x", 112), ("b", "z", 113)]
VALIDATION = [("v", "x", 150.5), ("v", "y", 151.5)]
SHOWN = [(0, "x"), (1, "y")]
TEST = [("c", "x", 200.125), ("c", "y", 201), ("d", "new", 210), ("d", "x", 211), ("d", "y", 212)]


def write(folder: Path, name: str, clicks: list[Click]) -> Path:
    """A log as session-rec writes it."""
    (folder / "mine").mkdir(exist_ok=True)
    path = folder / "mine" / name
    lines = ["SessionId\tItemId\tCat\tTime", *(f"{s}\t{i}\t0\t{t}" for s, i, t in clicks)]
    content = ("\n".join(lines) + "\n").encode()
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return path


def pair(**values: Any) -> DatasetSpec:
    source = {
        "name": "pair",
        "kind": "split_tables",
        "train": "log_train_full.txt",
        "test": "log_test.txt",
        "separator": "\t",
        "columns": {"session": "SessionId", "item": "ItemId", "time": "Time"},
        "time_format": "seconds",
        **values,
    }
    common = spec_of().model_dump(exclude={"sources", "preparation"})
    return read_spec_of(DatasetSpec, {**common, "sources": [source]}, where="pair")


def prepared(folder: Path, **values: Any) -> PreparedDataset:
    return prepare(pair(**values), data_root=folder, cache=folder / "cache")


def test_a_pair_is_taken_as_it_is(tmp_path: Path) -> None:
    write(tmp_path, "log_train_full.txt", TRAIN)
    write(tmp_path, "log_test.txt.gz", TEST)
    data = prepared(tmp_path)
    assert sessions_with_names(data, "train") == {"a": ["x", "y"], "b": ["y", "x", "z"]}
    assert sessions_with_names(data, "test") == {"c": ["x", "y"], "d": ["new", "x", "y"]}
    assert data.train.times.tolist() == [101, 113]
    assert data.has_times
    assert data.split is None
    assert data.division == "published"
    assert [step.step for step in data.steps] == ["as published"]
    assert data.warnings == ()
    assert len(stage_for_test(data, ProtocolSpec()).judged) == 3


def test_filters_and_unknown_items_when_asked_for(tmp_path: Path) -> None:
    write(tmp_path, "log_train_full.txt", TRAIN)
    write(tmp_path, "log_test.txt", TEST)
    asked = prepared(
        tmp_path,
        filters=[{"step": "min_item_count", "clicks": 2}],
        unknown_test_items="remove",
    )
    assert sessions_with_names(asked, "train") == {"a": ["x", "y"], "b": ["y", "x"]}
    assert sessions_with_names(asked, "test") == {"c": ["x", "y"], "d": ["x", "y"]}
    plain = prepared(tmp_path)
    assert plain.fingerprint != asked.fingerprint


def test_filters_see_the_sessions_of_both_logs_together(tmp_path: Path) -> None:
    write(tmp_path, "log_train_full.txt", [*TRAIN, ("e", "once", 114), ("e", "x", 115)])
    write(tmp_path, "log_test.txt", [*TEST, ("f", "once", 213), ("f", "x", 214)])
    data = prepared(tmp_path, filters=[{"step": "min_item_count", "clicks": 2}])
    assert sessions_with_names(data, "train")["e"] == ["once", "x"]


def test_a_validation_log_validates_and_trains_what_is_tested(tmp_path: Path) -> None:
    write(tmp_path, "log_train_full.txt", TRAIN)
    write(tmp_path, "log_valid.txt", VALIDATION)
    write(tmp_path, "log_test.txt", TEST)
    data = prepared(tmp_path, validation="log_valid.txt")
    again = prepared(tmp_path, validation="log_valid.txt")  # from the cache
    for each in (data, again):
        assert each.division == "published with validation"
        assert each.validates is not None
        assert each.train_names[each.validates].tolist() == ["v"]
    stage = validation_stage(data, ProtocolSpec(validation_fraction=0.9))
    assert len(stage.train) == 2
    assert len(stage.judged) == 1
    assert len(stage_for_test(data, ProtocolSpec()).train) == 3
    part = validation_stage(data, ProtocolSpec(tuning_fraction=0.67))
    assert np.diff(part.train.offsets).tolist() == [3]  # the newer of both, and the one judged
    assert len(part.judged) == 1
    assert data.fingerprint != prepared(tmp_path).fingerprint


@pytest.mark.parametrize(("share", "trained"), [(1.0, 8), (0.5, 4), (0.25, 2), (0.01, 1)])
def test_tuning_takes_its_share_of_what_does_not_validate(
    tmp_path: Path, share: float, trained: int
) -> None:
    def log(name: str, first: int, sessions: int) -> None:
        numbers = range(first, first + sessions)
        write(tmp_path, name, [(s, item, 9 * s + place) for s in numbers for place, item in SHOWN])

    log("log_train_full.txt", 1, 8)
    log("log_valid.txt", 9, 24)
    log("log_test.txt", 40, 2)
    data = prepared(tmp_path, validation="log_valid.txt")
    stage = validation_stage(data, ProtocolSpec(tuning_fraction=share))
    assert stage.train.times.tolist() == [9 * s + 1 for s in range(9 - trained, 9)]
    assert len(stage.judged) == 24


def test_a_validation_log_of_which_nothing_is_left_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "log_train_full.txt", TRAIN)
    write(tmp_path, "log_valid.txt", [("v", "x", 150.5), ("w", "y", 151.5)])
    write(tmp_path, "log_test.txt", TEST)
    filters: list[dict[str, Any]] = [{"step": "min_session_length", "clicks": 2}]
    for chosen in (filters, []):  # without a filter there is no session of two clicks either
        with pytest.raises(DataError, match="leaves the validation side without") as caught:
            prepared(tmp_path, validation="log_valid.txt", filters=chosen)
        assert "`filters`" in caught.value.remedy


def packed(path: Path, *logs: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for log in logs:
            archive.write(log, log.name)
    return path


def test_each_side_reads_its_own_log_of_a_zip_that_holds_all(tmp_path: Path) -> None:
    logs = [
        write(tmp_path, "log_train_full.txt", TRAIN),
        write(tmp_path, "log_test.txt", TEST),
    ]
    apart = prepared(tmp_path)
    for log in logs:
        packed(log.with_name(f"{log.name}.zip"), *logs)
    both = packed(tmp_path / "mine" / "both.zip", *logs)
    for log in logs:
        log.unlink()
    zipped = prepared(tmp_path)
    for log in logs:
        log.with_name(f"{log.name}.zip").unlink()
    names = {
        "train": [both.name, "log_train_full.txt"],
        "test": [both.name, "log_test.txt"],
    }
    for data in (zipped, prepared(tmp_path, **names)):
        for side in ("train", "test"):
            assert sessions_with_names(data, side) == sessions_with_names(apart, side)


def test_validation_sessions_may_lie_among_the_others_in_time(tmp_path: Path) -> None:
    write(tmp_path, "log_train_full.txt", TRAIN)
    write(tmp_path, "log_valid.txt", [("v", "x", 105), ("v", "y", 106)])
    write(tmp_path, "log_test.txt", TEST)
    data = prepared(tmp_path, validation="log_valid.txt")
    assert data.train_names.tolist() == ["a", "v", "b"]
    assert validation_stage(data, ProtocolSpec()).train.times.tolist() == [101, 113]
    [warning] = data.warnings
    assert "time runs backwards between the logs: 1 of 1 validation sessions" in warning


@pytest.mark.parametrize("valid", [True, False])
def test_a_session_in_two_logs_is_an_error(tmp_path: Path, valid: bool) -> None:
    write(tmp_path, "log_train_full.txt", TRAIN)
    doubled = [("a", "x", 300), ("b", "x", 301), ("n", "y", 302)]
    write(tmp_path, "log_valid.txt", doubled if valid else VALIDATION)
    path = write(tmp_path, "log_test.txt", TEST if valid else doubled)
    with pytest.raises(DataError) as caught:
        prepared(tmp_path, validation="log_valid.txt")
    assert "session a, and 1 more, are also in the training log" in caught.value.problem
    assert str(path.with_name("log_valid.txt") if valid else path) in caught.value.problem


def test_time_that_runs_backwards_is_told(tmp_path: Path) -> None:
    late = ("a", "y", 201.5 + 3_600)
    write(tmp_path, "log_train_full.txt", [TRAIN[0], late, *TRAIN[2:]])
    write(tmp_path, "log_test.txt", TEST)
    [warning] = prepared(tmp_path).warnings
    assert "time runs backwards between the logs: 2 of 2 test sessions end before" in warning
    assert "1 sessions given as older end after the first of these, by up to 0.0417 days" in warning


def test_an_error_names_the_log_and_the_row(tmp_path: Path) -> None:
    write(tmp_path, "log_train_full.txt", TRAIN)
    path = write(tmp_path, "log_test.txt", [*TEST, ("e", "x", "soon")])
    with pytest.raises(DataError, match=f"{path}, row 7: Time is no time"):
        prepared(tmp_path)
    path.write_text("SessionId\tItemId\tTime\n")
    with pytest.raises(DataError, match=r"log_test\.txt holds a header but no click"):
        prepared(tmp_path)
    path.unlink()
    with pytest.raises(DataError, match=r"holds no mine/log_train_full.txt with log_test.txt"):
        prepared(tmp_path)


def test_two_files_that_may_both_be_the_test_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "log_train_full.txt", TRAIN)
    write(tmp_path, "log_test.txt", TEST)
    write(tmp_path, "other_test.txt", TEST)
    with pytest.raises(DataError, match="are both there"):
        prepared(tmp_path, test=["log_test.txt", "other_test.txt"])


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(SpecError, match="name their sessions"):
        pair(columns={"user": "SessionId", "item": "ItemId", "time": "Time"})
    content = {**pair().model_dump(mode="json"), "preparation": {"split": HALF}}
    with pytest.raises(SpecError, match="every source is split already"):
        read_spec_of(DatasetSpec, content, where="a pair")


def test_a_training_and_a_test_log_as_one_files_key_are_told_what_it_means(tmp_path: Path) -> None:
    write(tmp_path, "log_train_full.txt", TRAIN)
    write(tmp_path, "log_test.txt", TEST)
    spec = spec_of({"files": ["log_train_full.txt", "log_test.txt"]})
    with pytest.raises(DataError) as caught:
        prepare(spec, data_root=tmp_path, cache=tmp_path / "cache")
    assert "a list of `files` is of names that this one may have" in caught.value.problem
    assert "kind: split_tables" in caught.value.remedy

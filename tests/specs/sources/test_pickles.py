"""Reading the SR-GNN authors' pickles: exact, and safe against what a pickle can do."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import pytest
from data_files import spec_of
from hypothesis import given
from hypothesis import strategies as st

from srgnn_bench.data.prepare import prepare
from srgnn_bench.data.protocol import test_stage as stage_for_test
from srgnn_bench.data.protocol import validation_stage
from srgnn_bench.errors import DataError
from srgnn_bench.specs.dataset import DatasetSpec
from srgnn_bench.specs.protocol import ProtocolSpec
from srgnn_bench.specs.sources.pickles import read_side
from srgnn_bench.specs.sources.prefixes import Side

Sessions = list[list[int]]
sessions_of_two_or_more = st.lists(
    st.lists(st.integers(1, 50), min_size=2, max_size=6), min_size=1, max_size=10
)


def pair_of(sessions: Sessions) -> tuple[Sessions, list[int]]:
    """Prefixes and targets as the authors' ``process_seqs`` lists them, longest first."""
    prefixes, targets = [], []
    for session in sessions:
        for i in range(1, len(session)):
            prefixes.append(session[:-i])
            targets.append(session[-i])
    return prefixes, targets


def written(folder: Path, content: Any, name: str = "test.txt", *, protocol: int = 2) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_bytes(pickle.dumps(content, protocol=protocol))
    return path


@given(sessions=sessions_of_two_or_more, protocol=st.integers(0, pickle.HIGHEST_PROTOCOL))
def test_sessions_are_rebuilt_from_their_prefixes(
    tmp_path_factory: pytest.TempPathFactory, sessions: Sessions, protocol: int
) -> None:
    folder = tmp_path_factory.mktemp("pickles")
    assert read_side(written(folder, pair_of(sessions), protocol=protocol)).sessions == sessions
    assert read_side(written(folder, sessions, "all_train_seq.txt")).sessions == sessions


@given(sessions=sessions_of_two_or_more)
def test_shortest_first_is_understood_too(
    tmp_path_factory: pytest.TempPathFactory, sessions: Sessions
) -> None:
    prefixes, targets = pair_of(sessions[::-1])
    path = written(tmp_path_factory.mktemp("pickles"), (prefixes[::-1], targets[::-1]))
    rebuilt = read_side(path).sessions
    # Where every prefix continues the one before it, the file can be read both ways.
    assert sorted(pair_of(rebuilt)[0]) == sorted(prefixes)


@given(
    sessions=st.lists(st.lists(st.integers(1, 50), min_size=3, max_size=6), min_size=1, max_size=10)
)
def test_the_shortest_prefix_may_have_two_clicks(
    tmp_path_factory: pytest.TempPathFactory, sessions: Sessions
) -> None:
    listed = [pair for pair in zip(*pair_of(sessions), strict=True) if len(pair[0]) > 1]
    prefixes, targets = map(list, zip(*listed, strict=True))
    folder = tmp_path_factory.mktemp("pickles")
    assert read_side(written(folder, (prefixes, targets))) == Side(sessions, shortest=2)


def test_only_the_test_prefixes_that_are_listed_are_judged(tmp_path: Path) -> None:
    written(tmp_path / "mine", [[1, 2, 3], [2, 3], [3, 1, 2, 1]] * 3, "all_train_seq.txt")
    written(tmp_path / "mine", ([[1, 2, 3], [1, 2], [3, 1]], [1, 3, 2]))
    source = {"name": "s", "kind": "srgnn_pickles"}
    spec = DatasetSpec.model_validate(
        {**spec_of().model_dump(), "sources": [source], "preparation": None}
    )
    data = prepare(spec, data_root=tmp_path, cache=tmp_path / "cache")
    assert data.counts().test_prefixes == 3
    stage = stage_for_test(data, ProtocolSpec())
    assert stage.judged.length.tolist() == [2, 3, 2]
    assert len(stage.train_prefixes) == data.counts().train_prefixes == 18  # of one click, too
    judged = validation_stage(data, ProtocolSpec(validation_fraction=0.4)).judged
    assert judged.length.tolist() == [2, 3, 2, 2, 3]  # as the test does


class Runs:
    """A pickle of this makes a folder when it is read by an ordinary unpickler."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, (str(self.path),))


def test_a_pickle_that_runs_code_is_refused_and_not_run(tmp_path: Path) -> None:
    trace = tmp_path / "ran"
    path = written(tmp_path, [[1, 2], Runs(trace)], "all_train_seq.txt")
    with pytest.raises(DataError, match=r"all_train_seq\.txt is not a pickle of plain lists"):
        read_side(path)
    assert not trace.exists()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ([[1, "2"]], "session 1, item 2 is '2', not a whole number"),
        ([[1, [2]]], "session 1, item 2 is list, not a whole number"),
        ([[1, True]], "session 1, item 2 is True"),
        ([[1, 0]], "session 1, item 2 is 0"),
        ([[1, 2**70]], "session 1, item 2 is 1180591620717411303424"),
        ([[1, 2], []], "session 2 is not a list of items"),
        ([(1, 2)], "session 1 is not a list of items"),
        ([], "holds no session"),
        ({"a": 1}, "a list of session lists was expected"),
        (7, "a list of session lists was expected"),
    ],
)
def test_content_of_another_form_is_one_clear_error(
    tmp_path: Path, content: Any, complaint: str
) -> None:
    path = written(tmp_path, content, "all_train_seq.txt")
    with pytest.raises(DataError) as caught:
        read_side(path)
    assert complaint in caught.value.problem
    assert str(path) in caught.value.problem
    assert "preprocess.py" in caught.value.remedy


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ([[1]], "is not a pair"),
        (([[1], [2]], [3]), "holds 2 prefixes but 1 targets"),
        (([[1]], 3), "the targets are not a list"),
        (([[1, 2], [5]], [3, 2]), "row 2: neither a shorter prefix"),
        (([[1, 2, 3]], [4]), "row 1: neither a shorter prefix"),
        (([[1, 2], [1], [3, 4]], [3, 2, 5]), "row 3: neither a shorter prefix"),
    ],
)
def test_pairs_that_do_not_fit_are_one_clear_error(
    tmp_path: Path, content: Any, complaint: str
) -> None:
    with pytest.raises(DataError, match=complaint):
        read_side(written(tmp_path, content))


@given(junk=st.binary(max_size=60))
def test_junk_is_one_clear_error(tmp_path_factory: pytest.TempPathFactory, junk: bytes) -> None:
    path = tmp_path_factory.mktemp("pickles") / "all_train_seq.txt"
    path.write_bytes(junk)
    with pytest.raises(DataError):
        read_side(path)


@given(sessions=sessions_of_two_or_more, cut=st.floats(0, 1), flip=st.integers(1, 255))
def test_a_damaged_pickle_is_read_as_ids_or_refused(
    tmp_path_factory: pytest.TempPathFactory, sessions: Sessions, cut: float, flip: int
) -> None:
    path = tmp_path_factory.mktemp("pickles") / "all_train_seq.txt"
    whole = bytearray(pickle.dumps(sessions))
    whole[int(cut * (len(whole) - 1))] ^= flip
    path.write_bytes(whole)
    try:
        read = read_side(path).sessions
    except DataError:
        return
    assert all(type(item) is int and item >= 1 for session in read for item in session)


def test_a_missing_file_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_side(tmp_path / "test.txt")

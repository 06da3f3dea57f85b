"""The results folder: keys from content, records written last, damage found."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from srgnn_bench.errors import StoreError
from srgnn_bench.store import store as store_module
from srgnn_bench.store.keys import canonical_json, key_of, seed_from
from srgnn_bench.store.record import Cost, DatasetFacts, Failure, Record, RunIdentity, Schedule
from srgnn_bench.store.store import ResultStore


def a_record(*, seed: int = 1) -> Record:
    identity = RunIdentity(
        dataset="tiny",
        fingerprint="f" * 64,
        protocol={"kind": "temporal"},
        implementation="model/1",
        configuration={"learning_rate": 0.001},
        schedule=Schedule(epochs=3, cuts=(1,)),
        seed=seed,
        results_version=1,
    )
    return Record(
        key=key_of(identity.model_dump()),
        identity=identity,
        model="model",
        title="Model",
        class_path="m:C",
        protocol_kind="temporal",
        metrics={"recall@20": 1 / 3},
        dataset=DatasetFacts(
            title="Tiny",
            items=3,
            train_sessions=2,
            train_clicks=5,
            train_prefixes=3,
            test_sessions=1,
            test_prefixes=2,
            unknown_targets=0,
        ),
        tuning=None,
        cost=Cost(
            parameters=10,
            epochs=3,
            train_seconds=1.0,
            rank_seconds=0.1,
            ranked_prefixes=2,
            peak_memory_bytes=1,
        ),
        environment={},
        created="2026-01-01T00:00:00+00:00",
    )


RANKS = pd.DataFrame(
    {
        "session": [0, 0],
        "length": [1, 2],
        "rank": [1, 4],
        "target_count": [2, 3],
        "target_ago": [0, 2],
    }
)


EPOCHS = [{"epoch": 1, "loss": 0.5, "seconds": 2.0, "judged": None}]


@pytest.fixture
def store(tmp_path: Path) -> ResultStore:
    return ResultStore(tmp_path / "results")


def write(store: ResultStore, record: Record) -> Path:
    store.write_run(record, ranks=RANKS, epochs=EPOCHS)
    return store.run_folder(dataset="tiny", model="model", key=record.key)


def test_keys_depend_on_content_and_not_on_its_order() -> None:
    assert key_of({"a": 1, "b": [2, 3]}) == key_of({"b": [2, 3], "a": 1})
    assert key_of({"a": 1}) != key_of({"a": 2})
    assert key_of({"a": 1}) != key_of({"a": 1.5})


def test_nan_has_no_key() -> None:
    with pytest.raises(ValueError, match="JSON"):
        canonical_json({"learning_rate": float("nan")})


def test_keys_and_seeds_are_fixed_for_ever() -> None:
    """Another formula would orphan every stored run, or give its repetition another seed."""
    assert key_of({"a": 1, "b": [0.5, None, "x"]}) == (
        "5d1e9369ba4bce6b97fc87644e3a806eb68b89a25901a2d1a3c47254a8b7d4d6"
    )
    assert seed_from("weights", 1) == 2375367937
    assert seed_from({"a": [1, 2.5]}) == 808926305


@pytest.mark.parametrize(
    ("ranks", "what"),
    [
        (RANKS.drop(columns="rank"), "no whole numbers named rank"),
        (RANKS.drop(columns="target_count"), "no whole numbers named target_count"),
        (RANKS.assign(rank=[1.0, 4.5]), "no whole numbers named rank"),
        (RANKS.assign(rank=[0, 4]), "a rank below 1"),
        (RANKS[:0], "no whole numbers named session"),
    ],
)
def test_ranks_of_another_form_are_one_clear_error(
    store: ResultStore, ranks: pd.DataFrame, what: str
) -> None:
    record = a_record()
    folder = write(store, record)
    ranks.to_parquet(folder / "ranks.parquet")
    with pytest.raises(StoreError, match=f"ranks.parquet holds {what}"):
        store.ranks(record)


@pytest.mark.parametrize("text", ['{"epoch": 1}\n', "3\n"])
def test_epochs_of_another_form_are_one_clear_error(store: ResultStore, text: str) -> None:
    record = a_record()
    (write(store, record) / "epochs.ndjson").write_text(text)
    with pytest.raises(StoreError, match=r"epochs\.ndjson holds an epoch without"):
        store.epochs(record)


def test_ranks_take_little_room_and_are_read_back_exactly(
    store: ResultStore, tmp_path: Path
) -> None:
    random = np.random.default_rng(1)
    lengths = random.geometric(0.4, size=4000)
    ranks = pd.DataFrame(
        {
            "session": np.repeat(np.arange(len(lengths)), lengths),
            "length": np.concatenate([np.arange(1, n + 1) for n in lengths]),
            "rank": random.zipf(1.5, size=lengths.sum()).clip(max=40_000),
            "target_count": random.zipf(1.3, size=lengths.sum()).clip(max=9_000),
            "target_ago": random.geometric(0.3, size=lengths.sum()) - 1,
        }
    ).astype("int32")
    record = a_record()
    store.write_run(record, ranks=ranks, epochs=[])
    pd.testing.assert_frame_equal(store.ranks(record), ranks)
    by_default = tmp_path / "by-default.parquet"
    ranks.to_parquet(by_default, index=False, compression="zstd")
    folder = store.run_folder(dataset="tiny", model="model", key=record.key)
    assert (folder / "ranks.parquet").stat().st_size < 0.75 * by_default.stat().st_size


def test_what_is_written_is_read_back_exactly(store: ResultStore) -> None:
    record = a_record()
    write(store, record)
    assert store.record(dataset="tiny", model="model", key=record.key) == record
    pd.testing.assert_frame_equal(store.ranks(record), RANKS)
    assert store.epochs(record) == EPOCHS
    assert list(store.records()) == [record]


def test_without_its_record_a_run_is_not_there(
    store: ResultStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = store_module.write_atomically

    def disk_full(path: Path, content: bytes) -> None:
        if path.name == "record.json":
            raise OSError(28, "No space left on device")
        real(path, content)

    record = a_record()
    monkeypatch.setattr(store_module, "write_atomically", disk_full)
    with pytest.raises(StoreError, match="No space left"):
        write(store, record)
    assert store.record(dataset="tiny", model="model", key=record.key) is None
    monkeypatch.undo()
    write(store, record)
    assert store.record(dataset="tiny", model="model", key=record.key) == record


def test_a_write_that_fails_leaves_the_old_file_and_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    store_module.write_atomically(path, b"old")

    def fail(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store_module.os, "fsync", fail)
    with pytest.raises(OSError, match="No space"):
        store_module.write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: "",
        lambda text: text.replace('"schema_version": 2', '"schema_version": 99'),
        lambda text: text.replace('"recall@20": 0', '"recall@20": "x'),
        lambda text: json.dumps({**json.loads(text), "surprise": 1}),
    ],
)
def test_a_damaged_record_is_named_and_not_guessed_at(store: ResultStore, damage) -> None:
    record = a_record()
    path = write(store, record) / "record.json"
    path.write_text(damage(path.read_text()))
    with pytest.raises(StoreError, match=r"record\.json is damaged"):
        store.record(dataset="tiny", model="model", key=record.key)


def test_another_runs_record_is_refused(store: ResultStore) -> None:
    one, other = a_record(seed=1), a_record(seed=2)
    folder = write(store, one)
    (folder / "record.json").write_text(other.model_dump_json())
    with pytest.raises(StoreError, match="another run"):
        store.record(dataset="tiny", model="model", key=one.key)


def test_damaged_ranks_are_named(store: ResultStore) -> None:
    record = a_record()
    (write(store, record) / "ranks.parquet").write_bytes(b"PAR1 not really")
    with pytest.raises(StoreError, match=r"ranks\.parquet cannot be read"):
        store.ranks(record)


def test_a_run_that_succeeds_clears_its_failure(store: ResultStore) -> None:
    record = a_record()
    failure = Failure(
        key=record.key, dataset="tiny", model="model", seed=0, error="e", traceback="t", created="c"
    )
    store.write_failure(failure)
    assert store.failure(dataset="tiny", model="model", key=record.key) == failure
    write(store, record)
    assert store.failure(dataset="tiny", model="model", key=record.key) is None


def test_a_folder_that_cannot_be_made_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("a file in its place")
    with pytest.raises(StoreError, match="--results"):
        write(ResultStore(tmp_path / "results"), a_record())

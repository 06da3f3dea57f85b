"""The results folder: keys from content, records written last, damage found."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from srgnn_bench import files
from srgnn_bench.errors import StoreError
from srgnn_bench.files import canonical_json, sealed
from srgnn_bench.store import folder as folder_module
from srgnn_bench.store.keys import key_of, seed_from
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
        study=None,
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


PREFIXES = pd.DataFrame(
    {"session": [0, 0], "length": [1, 2], "target_count": [2, 3], "target_ago": [0, 2]},
    dtype="int32",
)
RANKS = np.array([1, 4])


EPOCHS = [{"epoch": 1, "loss": 0.5, "seconds": 2.0, "judged": None}]


@pytest.fixture
def store(tmp_path: Path) -> ResultStore:
    return ResultStore(tmp_path / "results")


def write(store: ResultStore, record: Record) -> Path:
    store.write_run(record, prefixes=PREFIXES, ranks=RANKS, epochs=EPOCHS)
    return store.run_of(record).path


def stored(store: ResultStore, record: Record) -> Record | None:
    """The record as it is read, without what storing adds to it."""
    found = store.record(dataset="tiny", model="model", key=record.key)
    return found and found.model_copy(update={"prefixes": "", "files": {}})


def only(store: ResultStore) -> Record:
    [record] = store.records()
    return record


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


@pytest.mark.parametrize("name", ["ranks.parquet", "epochs.ndjson", "lists.parquet"])
@pytest.mark.parametrize("damage", ["another bit", "cut", "gone", "another run's"])
def test_what_a_record_names_is_read_as_it_was_written_or_not_at_all(
    store: ResultStore, name: str, damage: str
) -> None:
    record, other = a_record(), a_record(seed=2)
    lists = pd.DataFrame({"target": [1, 0], "items": [[1, 2], [2, 1]]})
    for each, more in ((record, 0), (other, 1)):
        store.write_run(
            each,
            prefixes=PREFIXES,
            ranks=RANKS + more,
            epochs=[{**EPOCHS[0], "epoch": 1 + more}],
            lists=lists.assign(target=more),
        )
    path, content = store.run_of(record).path / name, bytearray()
    if damage == "gone":
        path.unlink()
    else:
        content += path.read_bytes()
        content[len(content) // 2] ^= 4
        if damage == "cut":
            del content[len(content) // 2 :]
        elif damage == "another run's":
            content = bytearray((store.run_of(other).path / name).read_bytes())
        path.write_bytes(content)
    reading = {"ranks": store.ranks, "epochs": store.epochs, "lists": store.lists}
    found = store.record(dataset="tiny", model="model", key=record.key)
    with pytest.raises(StoreError, match=rf"{name} is damaged .*Delete its folder|Restore it"):
        reading[name.partition(".")[0]](found)


def test_prefixes_are_stored_once_for_all_runs_that_ranked_them(store: ResultStore) -> None:
    for seed in (1, 2):
        write(store, a_record(seed=seed))
    [path] = store.root.glob("prefixes/tiny/*.parquet")
    one, other = store.records()
    assert one.prefixes == other.prefixes
    pd.testing.assert_frame_equal(store.prefixes(one), PREFIXES)
    store.write_run(a_record(seed=3), prefixes=PREFIXES[:1], ranks=RANKS[:1], epochs=[])
    assert len(list(store.root.glob("prefixes/tiny/*.parquet"))) == 2
    pd.testing.assert_frame_equal(store.prefixes(one), PREFIXES)
    pd.DataFrame({"session": [1]}).to_parquet(path)
    with pytest.raises(StoreError, match="its content is not that of its name"):
        store.prefixes(one)


def test_prefixes_and_ranks_take_little_room(store: ResultStore, tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    lengths = random.geometric(0.4, size=4000)
    prefixes = pd.DataFrame(
        {
            "session": np.repeat(np.arange(len(lengths)), lengths),
            "length": np.concatenate([np.arange(1, n + 1) for n in lengths]),
            "target_count": random.zipf(1.3, size=lengths.sum()).clip(max=9_000),
            "target_ago": random.geometric(0.3, size=lengths.sum()) - 1,
        }
    ).astype("int32")
    ranks = random.zipf(1.5, size=lengths.sum()).clip(max=40_000).astype("int32")
    record = a_record()
    store.write_run(record, prefixes=prefixes, ranks=ranks, epochs=[])
    record = only(store)
    np.testing.assert_array_equal(store.ranks(record), ranks)
    pd.testing.assert_frame_equal(store.prefixes(record), prefixes)
    by_default = tmp_path / "by-default.parquet"
    prefixes.assign(rank=ranks).to_parquet(by_default, index=False, compression="zstd")
    files = [*store.root.rglob("*.parquet")]
    assert len(files) == 2
    assert sum(path.stat().st_size for path in files) < 0.75 * by_default.stat().st_size


def test_what_is_written_is_read_back_exactly(store: ResultStore) -> None:
    record = a_record()
    write(store, record)
    assert stored(store, record) == record
    np.testing.assert_array_equal(store.ranks(only(store)), RANKS)
    assert store.epochs(only(store)) == EPOCHS
    assert store.lists(only(store)) is None


def test_without_its_record_a_run_is_not_there(
    store: ResultStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = folder_module.write_atomically

    def disk_full(path: Path, content: bytes) -> None:
        if path.name == "record.json":
            raise OSError(28, "No space left on device")
        real(path, content)

    record = a_record()
    monkeypatch.setattr(folder_module, "write_atomically", disk_full)
    with pytest.raises(StoreError, match="No space left"):
        write(store, record)
    assert stored(store, record) is None
    monkeypatch.undo()
    write(store, record)
    assert stored(store, record) == record


def test_a_write_that_fails_leaves_the_old_file_and_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    files.write_atomically(path, b"old")

    def fail(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", fail)
    with pytest.raises(OSError, match="No space"):
        files.write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def seal_again(content: dict[str, object]) -> str:
    content.pop("sha256")
    return json.dumps(sealed(content))


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: "",
        lambda text: text.replace('"schema_version": 2', '"schema_version": 99'),
        lambda text: text.replace('"recall@20": 0', '"recall@20": "x'),
        lambda text: text.replace('"recall@20": 0.3', '"recall@20": 0.4'),
        lambda text: text.replace('"learning_rate": 0.001', '"learning_rate": 0.002'),
        lambda text: text.replace('"sha256"', '"sha255"'),
        lambda text: json.dumps({**json.loads(text), "surprise": 1}),
        lambda text: seal_again({**json.loads(text), "surprise": 1}),
        lambda text: seal_again({**json.loads(text), "key": "0" * 64}),
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
    (folder / "record.json").write_bytes((write(store, other) / "record.json").read_bytes())
    with pytest.raises(StoreError, match="another run"):
        store.record(dataset="tiny", model="model", key=one.key)


def test_a_run_that_succeeds_clears_its_failure(store: ResultStore) -> None:
    record = a_record()
    failure = Failure(
        key=record.key, dataset="tiny", model="model", seed=0, error="e", traceback="t", created="c"
    )
    store.write_failure(failure)
    assert store.failure(dataset="tiny", model="model", key=record.key) == failure
    write(store, record)
    assert store.failure(dataset="tiny", model="model", key=record.key) is None


def test_what_a_kill_left_half_written_goes_with_the_next_write(store: ResultStore) -> None:
    record = a_record()
    failure = Failure(
        key=record.key, dataset="tiny", model="model", seed=0, error="e", traceback="t", created="c"
    )
    places = [
        store.write_spec("dataset", name="mine", text="title: Mine"),
        store.run_of(record).path / "failure.json",
        write(store, record).parents[3]
        / "prefixes"
        / "tiny"
        / f"{only(store).prefixes[:12]}.parquet",
    ]
    assert places[2].is_file()
    places[2].unlink()
    half = [place.with_name(f".{place.name}.4711") for place in places]
    for path in half:
        path.write_bytes(b"half")
    store.write_spec("dataset", name="mine", text="title: Mine")
    store.write_failure(failure)
    write(store, record)
    assert [path for path in half if path.exists()] == []


def test_a_folder_that_cannot_be_made_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("a file in its place")
    with pytest.raises(StoreError, match="--results"):
        write(ResultStore(tmp_path / "results"), a_record())

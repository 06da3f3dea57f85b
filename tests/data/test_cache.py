"""Prepared datasets are kept, never stale, never half written."""

from __future__ import annotations

import multiprocessing
import zipfile
from pathlib import Path

import numpy as np
import pytest
from data_files import prepared, spec_of, write_log
from filelock import FileLock

from srgnn_bench.data import prepare as preparing
from srgnn_bench.data.prepare import PreparedDataset, prepare
from srgnn_bench.errors import DataError
from srgnn_bench.specs.sources.tables import TableSource

LOG = [(s, item, 10 * s + k) for s in range(1, 21) for k, item in enumerate((s % 3, 7, s % 5))]


def same(a: PreparedDataset, b: PreparedDataset) -> bool:
    return (
        a.fingerprint == b.fingerprint
        and a.steps == b.steps
        and all(
            np.array_equal(getattr(x, part), getattr(y, part))
            for x, y in ((a.train, b.train), (a.test, b.test))
            for part in ("items", "offsets", "times")
        )
        and all(
            getattr(a, names).tolist() == getattr(b, names).tolist()
            for names in ("item_names", "train_names", "test_names")
        )
    )


def test_a_second_call_reads_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = prepared(tmp_path, LOG)
    monkeypatch.setattr(TableSource, "read", None)  # reading again would fail
    assert same(first, prepared(tmp_path, LOG))


def test_what_a_killed_call_was_making_goes_and_what_another_call_makes_stays(
    tmp_path: Path,
) -> None:
    first = prepared(tmp_path, LOG)
    place = tmp_path / "cache" / "mine"
    left, being_made = place / f".{16 * '0'}.a1b2c3d4", place / f".{16 * 'f'}.a1b2c3d4"
    for folder in (left, being_made):
        folder.mkdir()
        (folder / "sessions.npz").write_bytes(b"half")
    with FileLock(place / f"{16 * 'f'}.lock"):
        assert same(first, prepared(tmp_path, LOG))
        assert not left.exists()
        assert being_made.exists()
    prepared(tmp_path, LOG)
    assert not being_made.exists()


def test_text_ids_survive_the_cache(tmp_path: Path) -> None:
    log = [(f"s{s}", f"item \N{SNOWMAN} {item}\0", t) for s, item, t in LOG]
    first = prepared(tmp_path, log)
    second = prepared(tmp_path, log)
    assert same(first, second)
    assert second.item_names.tolist()[0] == "item \N{SNOWMAN} 0\0"


@pytest.mark.parametrize(
    "what", ["bytes", "preparation", "reading", "version", "version of the split"]
)
def test_what_can_change_the_sessions_changes_the_fingerprint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    first = prepared(tmp_path, LOG)
    write_log(tmp_path, LOG[:-1] if what == "bytes" else LOG)
    if what == "version":
        monkeypatch.setattr(preparing, "DATA_VERSION", preparing.DATA_VERSION + 1)
    if what == "version of the split":
        split = type(spec_of().preparation.split)
        monkeypatch.setattr(split, "version", split.version + 1)
    spec = spec_of(
        {"time_format": "milliseconds"} if what == "reading" else None,
        unknown_test_items="remove" if what == "preparation" else "miss",
    )
    second = prepare(spec, data_root=tmp_path, cache=tmp_path / "cache")
    assert first.fingerprint != second.fingerprint
    assert len(list((tmp_path / "cache" / "mine").glob("*/facts.json"))) == 2


def test_where_the_file_lies_and_what_it_is_called_does_not(tmp_path: Path) -> None:
    first = prepared(tmp_path, LOG)
    moved = tmp_path / "elsewhere" / "mine"
    moved.mkdir(parents=True)
    (tmp_path / "log.csv").rename(moved / "other.csv")
    spec = spec_of({"files": ["other.csv"], "name": "renamed"})
    second = prepare(spec, data_root=moved.parent, cache=tmp_path / "cache")
    assert first.fingerprint == second.fingerprint


def test_which_file_of_a_zip_is_read_does(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "logs.zip", "w") as archive:
        for name, more in (("a.csv", 0), ("b.csv", 1000)):
            rows = "".join(f"{s},{more + item},{t}\n" for s, item, t in LOG)
            archive.writestr(name, "session,item,time\n" + rows)

    def items(*files: str) -> list[int]:
        spec = spec_of({"files": list(files)})
        data = prepare(spec, data_root=tmp_path, cache=tmp_path / "cache")
        return data.item_names.tolist()

    assert items("b.csv", "logs.zip") == [1000 + item for item in items("a.csv", "logs.zip")]


@pytest.mark.parametrize("name", ["sessions.npz", "item_names.parquet", "facts.json"])
@pytest.mark.parametrize("damage", ["gone", "empty", "cut"])
def test_a_damaged_cache_is_made_again(tmp_path: Path, name: str, damage: str) -> None:
    first = prepared(tmp_path, LOG)
    path = next((tmp_path / "cache").glob(f"mine/*/{name}"))
    content = path.read_bytes()
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(content[: 0 if damage == "empty" else len(content) // 2])
    again = prepared(tmp_path, LOG)
    assert same(first, again)
    assert "was damaged" in again.warnings[-1]
    # A zip holds its date, and the facts its checksum.
    assert path.read_bytes() == content or name != "item_names.parquet"
    assert prepared(tmp_path, LOG).warnings == first.warnings


@pytest.mark.parametrize("name", ["sessions.npz", "train_names.parquet", "facts.json"])
def test_a_cache_with_another_byte_is_made_again(tmp_path: Path, name: str) -> None:
    first = prepared(tmp_path, LOG)
    path = next((tmp_path / "cache").glob(f"mine/*/{name}"))
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 1
    path.write_bytes(content)
    assert same(first, prepared(tmp_path, LOG))


def test_a_failed_preparation_leaves_nothing_that_looks_prepared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(preparing.pq, "write_table", fail)
    with pytest.raises(DataError, match="cannot be written \\(disk full\\)"):
        prepared(tmp_path, LOG)
    assert [path.suffix for path in (tmp_path / "cache" / "mine").iterdir()] == [".lock"]


def test_a_cache_that_cannot_be_made_is_one_clear_error(tmp_path: Path) -> None:
    write_log(tmp_path, LOG)
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(DataError, match="cannot be written"):
        prepare(spec_of(), data_root=tmp_path, cache=tmp_path / "cache")


def prepare_in_process(folder: Path) -> str:
    return prepare(spec_of(), data_root=folder, cache=folder / "cache").fingerprint


def test_processes_that_prepare_at_once_agree(tmp_path: Path) -> None:
    write_log(tmp_path, [(s, s % 97 + k, s) for s in range(20_000) for k in range(3)])
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        fingerprints = pool.map(prepare_in_process, [tmp_path] * 6)
    assert len(set(fingerprints)) == 1
    folders = [path for path in (tmp_path / "cache" / "mine").iterdir() if path.is_dir()]
    assert [path.name for path in folders] == [fingerprints[0][:16]]

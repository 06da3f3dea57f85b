"""Disks that are full or read-only, and records that are damaged: one clear error, nothing lost."""

from __future__ import annotations

import errno
import os
from functools import partial
from pathlib import Path

import pytest
from apart import begin, code_of
from tiny_world import TinyWorld

from srgnn_bench import files
from srgnn_bench.errors import StoreError
from srgnn_bench.execution.coordinator import Outcome, execute
from srgnn_bench.execution.plan import plan
from srgnn_bench.specs.resolving import resolve
from srgnn_bench.store.store import ResultStore


def run(world: TinyWorld) -> tuple[Outcome, ResultStore]:
    suite = resolve(
        str(world.suite),
        models=["stamp"],
        trials=1,
        seeds=1,
        settings=["training.epochs=2"],
    )
    store = ResultStore(world.results)
    jobs = plan(suite, data_root=world.data_root, store=store)
    outcome = execute(jobs, store=store, resume="only-missing", listen=lambda event: None)
    return outcome, store


@pytest.mark.parametrize("file", ["record.json", "ranks.parquet", "trials.ndjson"])
def test_a_disk_that_is_full_stops_the_run_which_goes_on_later(
    tiny_world: TinyWorld, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    real = os.fsync

    def full(descriptor: int) -> None:
        if file in str(Path(f"/proc/self/fd/{descriptor}").readlink()):
            raise OSError(errno.ENOSPC, "No space left on device")
        real(descriptor)

    if not Path("/proc/self/fd").is_dir():
        pytest.skip("needs /proc")
    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(StoreError, match="No space left on device"):
        run(tiny_world)
    monkeypatch.undo()
    assert run(tiny_world)[0] == Outcome(done=1, trained=1, failed=0, missing=0)


def test_a_checkpoint_that_cannot_be_written_is_not_the_models_failure(
    tiny_world: TinyWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(temporary: Path, target: Path) -> None:
        if "checkpoint" in temporary.name:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(temporary, target)

    real = Path.replace
    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(StoreError, match=r"checkpoint .* cannot be written"):
        run(tiny_world)
    monkeypatch.undo()
    outcome, store = run(tiny_world)
    assert outcome == Outcome(done=1, trained=1, failed=0, missing=0)
    (record,) = store.records()
    [study] = store.studies()
    assert study.key == record.study
    assert study.trials()[0].state == "complete"


def test_a_flipped_bit_in_a_record_is_named_and_fixed_by_deleting_it(
    tiny_world: TinyWorld,
) -> None:
    _, store = run(tiny_world)
    (path,) = store.root.glob("runs/*/*/*/record.json")
    content = bytearray(path.read_bytes())
    content[content.index(b'"schema_version"') + 1] ^= 0x01
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"record\.json is damaged"):
        run(tiny_world)
    path.unlink()
    assert run(tiny_world)[0] == Outcome(done=1, trained=1, failed=0, missing=0)


def run_as_nobody(world: TinyWorld) -> None:
    if os.getuid() == 0:
        os.setuid(65534)  # root may write anywhere
    with pytest.raises(StoreError, match=r"cannot be written \(Permission denied\)"):
        run(world)


def test_a_read_only_results_folder_gets_one_clear_error(tiny_world: TinyWorld) -> None:
    (tiny_world.results / "data").mkdir(parents=True)
    (tiny_world.results / "data").chmod(0o777)  # the data can be prepared
    for folder in (tiny_world.results, *tiny_world.results.parents[:-2]):
        folder.chmod(0o555 if folder == tiny_world.results else 0o755)
    assert code_of(begin(partial(run_as_nobody, tiny_world))) == 0

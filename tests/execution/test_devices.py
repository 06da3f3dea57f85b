"""From a device that is asked for to what is stored of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch
from tiny_world import TinyWorld, broken_model

from srgnn_bench import Benchmark
from srgnn_bench.cli import main
from srgnn_bench.errors import DeviceError
from srgnn_bench.process.cores import available_cores
from srgnn_bench.process.device import Device


def benchmark(world: TinyWorld, *models: str) -> Benchmark:
    return Benchmark(
        world.suite,
        models=models,
        data_root=world.data_root,
        results=world.results,
        trials=1,
        seeds=1,
        trust=True,
    )


@pytest.mark.parametrize("deterministic", [True, False])
def test_a_record_says_where_it_was_made_and_how(
    tiny_world: TinyWorld, deterministic: bool
) -> None:
    made = benchmark(tiny_world, "popularity")
    made.run(device="cpu", deterministic=deterministic)
    (record,) = made.stored().all_records()
    assert record.environment["device"] == "cpu"
    assert record.environment["precision"] == "float32"
    assert record.environment["deterministic"] is deterministic
    assert [trial.device for trial in made.stored().tuning(record).trials] == ["cpu"]


@pytest.mark.skipif(torch.cuda.is_available(), reason="about a machine without a GPU")
def test_a_device_that_is_not_there_stops_before_any_work(
    tiny_world: TinyWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(DeviceError, match="torch cannot use cuda:1: it sees no GPU"):
        benchmark(tiny_world, "popularity").run(device="cuda:1")
    arguments = ["--suite", str(tiny_world.suite), "--data-root", str(tiny_world.data_root)]
    with pytest.raises(SystemExit, match="2"):
        main(["run", *arguments, "--results", str(tiny_world.results), "--device", "cuda"])
    assert "torch cannot use cuda: it sees no GPU. Use --device auto" in capsys.readouterr().err
    assert not list(tiny_world.results.rglob("sessions.npz"))


def test_a_device_that_fails_a_task_is_no_failure_of_the_model(
    tiny_world: TinyWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of a worker whose processor has no products in bfloat16."""
    bench = benchmark(tiny_world, "stamp")

    def refuse(*_: object, **__: object) -> None:
        raise DeviceError("This processor has no products in bfloat16.", remedy="Use another.")

    for module in ("srgnn_bench.tuning.trial", "srgnn_bench.execution.final"):
        with monkeypatch.context() as patch:
            patch.setattr(f"{module}.build", refuse)
            with pytest.raises(DeviceError, match="no products in bfloat16"):
                bench.run()
    assert bench.status()["failed"].tolist() == [0]


def test_a_training_that_runs_out_of_memory_is_a_failure_and_the_next_one_runs(
    tiny_world: TinyWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent / "models"))
    monkeypatch.setenv("BROKEN_MODEL", "out-of-memory")
    made = benchmark(tiny_world, str(broken_model(tiny_world)), "popularity")
    outcome = made.run(device="cpu")
    assert (outcome.done, outcome.failed) == (1, 1)
    (error,) = (text for text in made.status()["error"] if text)
    assert "Broken in batches of 64 prefixes ran out of memory on cpu" in error
    assert "GiB were free" in error
    assert "set a smaller train_batch_size" in error


@pytest.mark.skipif(available_cores() < 2, reason="two workers need two cores")
def test_every_worker_process_sees_its_own_gpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("distributed", reason="needs the extra 'distributed'")
    from srgnn_bench.execution.workers.cluster import local_workers

    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5,7")
    cuda = Device("cuda")
    with local_workers(2, data_root=None, cache_folder=tmp_path, device=cuda) as workers:
        names = ("CUDA_VISIBLE_DEVICES", "CUBLAS_WORKSPACE_CONFIG")
        seen = workers._client.run(lambda: [os.environ.get(name) for name in names])
    assert sorted(seen.values()) == [["5", ":4096:8"], ["7", ":4096:8"]]

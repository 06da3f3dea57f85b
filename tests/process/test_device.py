from __future__ import annotations

import os
import subprocess
import sys

import pytest
import torch

from srgnn_bench.errors import DeviceError, ModelError
from srgnn_bench.process.computing import (
    computing_on,
    device_facts,
    free_memory,
    limits_named,
    out_of_memory,
    worker_environments,
)
from srgnn_bench.process.device import CPU, Device, DeviceChoice


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch):
    """A machine of so many GPUs, as far as torch can be asked without one."""

    def make(count: int, visible: str | None = None) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
        monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", "put back at the end")
        monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG")
        if visible is None:
            monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        else:
            monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)

    return make


def test_auto_is_a_gpu_where_torch_has_one(gpus) -> None:
    gpus(0)
    assert DeviceChoice().find() == CPU
    gpus(2)
    assert DeviceChoice().find() == DeviceChoice("cuda").find() == Device("cuda")
    assert DeviceChoice("cuda:1").find() == Device("cuda", 1)
    assert DeviceChoice("cpu").find() == CPU
    assert DeviceChoice(deterministic=False).find() == Device("cuda", deterministic=False)
    assert [str(Device("cuda").torch), str(Device("cuda", 1).torch)] == ["cuda", "cuda:1"]


@pytest.mark.parametrize("word", ["gpu", "cuda:", "cuda:-1", "cuda:1.5", "CPU", "", "cuda:0 ", "٣"])
def test_a_word_that_names_no_device_is_refused(word: str) -> None:
    with pytest.raises(DeviceError, match="Name auto, cpu, cuda"):
        DeviceChoice(word)


def test_a_wrong_word_is_refused_before_torch_is_imported() -> None:
    code = (
        "import sys\n"
        "from srgnn_bench.cli import main\n"
        "try: main(['run', '--device', 'gpu'])\n"
        "finally: print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stdout == "False\n"
    assert "There is no device 'gpu'. Name auto" in done.stderr


def test_a_device_that_is_not_there_is_one_clear_error(gpus) -> None:
    gpus(0)
    for word in ("cuda", "cuda:0", "mps"):
        if word == "mps" and torch.backends.mps.is_available():
            continue
        with pytest.raises(DeviceError, match="Use --device auto or cpu"):
            DeviceChoice(word).find()
    gpus(2)
    with pytest.raises(DeviceError, match=r"cuda:2: the last GPU that it sees is cuda:1"):
        DeviceChoice("cuda:2").find()


def test_each_worker_sees_one_gpu_and_more_workers_share_in_turn(gpus) -> None:
    def seen(device: Device, workers: int) -> list[str | None]:
        environments = worker_environments(device, workers=workers)
        return [each.get("CUDA_VISIBLE_DEVICES") for each in environments]

    gpus(2)
    assert seen(Device("cuda"), 5) == ["0", "1", "0", "1", "0"]
    assert seen(Device("cuda", 1), 2) == ["1", "1"]
    assert seen(CPU, 2) == [None, None]
    gpus(2, "GPU-8d2a, 6")
    assert seen(Device("cuda"), 3) == ["GPU-8d2a", "6", "GPU-8d2a"]
    gpus(1, "3,9")  # torch cannot use the second
    assert seen(Device("cuda"), 2) == ["3", "3"]


def test_workers_start_cuda_for_the_same_bits_unless_that_is_given_up(gpus) -> None:
    gpus(1)
    variable = "CUBLAS_WORKSPACE_CONFIG"
    assert worker_environments(Device("cuda"), workers=1)[0][variable] == ":4096:8"
    other = worker_environments(Device("cuda", deterministic=False), workers=1)
    assert variable not in other[0]


def test_a_cuda_that_started_otherwise_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    with pytest.raises(DeviceError, match="start the process again"), computing_on(Device("cuda")):
        pass


def test_a_cuda_that_starts_once_the_device_is_found_gives_the_same_bits(
    gpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look at the GPU's name starts CUDA, and so does a model that is built to be timed."""
    gpus(1)
    here = DeviceChoice().find()
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    monkeypatch.setattr(torch, "ones", lambda *_, device: torch.zeros(1))
    with computing_on(here):
        assert torch.are_deterministic_algorithms_enabled()
    gpus(1)
    DeviceChoice(deterministic=False).find()
    assert "CUBLAS_WORKSPACE_CONFIG" not in os.environ


@pytest.mark.skipif(torch.cuda.is_available(), reason="about a GPU that does not work")
def test_a_device_that_does_not_work_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    with pytest.raises(DeviceError, match="cuda cannot be used"), computing_on(Device("cuda")):
        pass


def test_the_same_inputs_give_the_same_bits_with_several_threads() -> None:
    """Without it, torch adds up the gradient of indexing in any order, on a CPU too."""
    threads = torch.get_num_threads()
    generator = torch.Generator().manual_seed(0)
    index = torch.randint(0, 50, (20_000,), generator=generator)
    factors = torch.randn(20_000, 64, generator=generator)

    def gradient() -> torch.Tensor:
        weight = torch.zeros(50, 64, requires_grad=True)
        (weight[index] * factors).sum().backward()
        assert weight.grad is not None
        return weight.grad

    torch.set_num_threads(4)
    try:
        with computing_on(CPU):
            first, *others = (gradient() for _ in range(20))
    finally:
        torch.set_num_threads(threads)
    assert all(torch.equal(first, other) for other in others)


@pytest.mark.parametrize("deterministic", [True, False])
def test_the_process_is_as_before_afterwards(deterministic: bool) -> None:
    def state() -> tuple[object, ...]:
        return (
            torch.are_deterministic_algorithms_enabled(),
            torch.is_deterministic_algorithms_warn_only_enabled(),
            torch.utils.deterministic.fill_uninitialized_memory,
        )

    def fail() -> None:
        assert torch.are_deterministic_algorithms_enabled() is deterministic
        raise ZeroDivisionError

    before = state()
    with pytest.raises(ZeroDivisionError), computing_on(Device(deterministic=deterministic)):
        fail()
    assert state() == before


def test_what_ran_out_of_memory_says_how_much_there_was() -> None:
    cpu = torch.device("cpu")
    with (
        pytest.raises(ModelError) as caught,
        limits_named("A batch of 7", device=cpu, remedy="Shrink it."),
    ):
        torch.empty(10**15)  # more than any machine has
    assert str(caught.value).startswith("A batch of 7 ran out of memory on cpu, where ")
    assert "GiB were free" in free_memory(cpu)
    assert "you tried to allocate 4000000000000000 bytes" in str(caught.value)
    assert caught.value.remedy == "Shrink it."


@pytest.mark.parametrize(
    "error",
    [
        torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
        RuntimeError("MPS backend out of memory (MPS allocated: 9.06 GB)"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        MemoryError(),
    ],
)
def test_every_device_says_in_its_own_way_that_memory_ran_out(error: Exception) -> None:
    assert out_of_memory(error)


def test_other_errors_pass() -> None:
    cpu = torch.device("cpu")
    with pytest.raises(RuntimeError, match="shape"), limits_named("It", device=cpu, remedy=""):
        raise RuntimeError("shape mismatch")


def test_an_operation_without_a_deterministic_algorithm_names_the_way_out() -> None:
    cpu = torch.device("cpu")
    with (
        pytest.raises(ModelError, match=r"no deterministic algorithm.*--no-deterministic"),
        computing_on(CPU),
        limits_named("It", device=cpu, remedy=""),
    ):
        torch.zeros(4).put_(torch.tensor([1]), torch.ones(1))


def test_a_record_names_the_device() -> None:
    assert device_facts(Device(deterministic=False)) == {
        "device": "cpu",
        "deterministic": False,
    }

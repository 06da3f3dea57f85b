"""Every model on a GPU that is simulated: what mixes it with the CPU is found without one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
import torch
import torch.utils.backend_registration

from benchmarks import device as checking
from srgnn_bench.process.device import Device
from srgnn_bench.specs import registry

pytestmark = pytest.mark.skipif(
    not hasattr(torch.utils.backend_registration, "_setup_privateuseone_for_python_backend"),
    reason="torch before 2.10 takes no device written in Python",
)


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> Iterator[Device]:
    from simulated_gpu import simulated_gpu

    monkeypatch.setattr(checking, "computing_on", contextlib.nullcontext)
    with simulated_gpu() as name:
        yield Device(name)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def part():
    return checking.small_stage(sessions=80, items=60)


@pytest.mark.parametrize("name", registry.names("model"))
def test_every_model_computes_on_a_gpu_what_it_does_on_the_cpu(name: str, part, gpu) -> None:
    found = checking.check(name, part, device=gpu)
    assert found.passes, found


def test_what_mixes_devices_is_refused(gpu) -> None:
    there = torch.arange(3.0, device=gpu.torch)
    assert (2 * there)[torch.tensor([0, 2])].sum().item() == 4
    assert (there + torch.tensor(1.0)).device.type == gpu.kind
    with pytest.raises(RuntimeError, match="and on the CPU"):
        there + torch.ones(3)
    with pytest.raises(RuntimeError, match="and on the CPU"):
        torch.ones(3, 3) @ there
    with pytest.raises(RuntimeError, match="and on the CPU"):
        torch.ones(3)[there.long()]
    with pytest.raises(RuntimeError, match="and on the CPU"):
        there[torch.tensor([0, 2])] = torch.ones(2)
    with pytest.raises(RuntimeError, match="numpy"):
        there.numpy()
    weights = torch.nn.Linear(3, 1).to(gpu.torch)
    with pytest.raises(RuntimeError, match="and on the CPU"):
        weights(torch.ones(3))

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from srgnn_bench.cli import examine as doctor
from srgnn_bench.process import computing


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch):
    """A machine as far as torch and the driver describe it."""

    def make(*, gpus: int = 0, driver: str | None = None, built_for: str | None = None) -> None:
        card = SimpleNamespace(name="NVIDIA H100", total_memory=80 * 2**30, major=9, minor=0)
        monkeypatch.setattr(torch.cuda, "is_available", lambda: gpus > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
        monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index: card)
        monkeypatch.setattr(torch.cuda, "get_arch_list", lambda: ["sm_80", "sm_90"])
        monkeypatch.setattr(torch.version, "cuda", built_for)
        monkeypatch.setattr(computing, "nvidia_driver", lambda: driver)
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)

    return make


def findings() -> dict[str, doctor.Finding]:
    return {finding.subject: finding for finding in doctor._device()}


def test_every_gpu_is_listed(machine) -> None:
    machine(gpus=2, driver="580.65.06", built_for="13.0")
    found = findings()
    assert found["device"].detail == "cuda (--device auto)"
    for name in ("cuda:0", "cuda:1"):
        assert found[name].detail == "NVIDIA H100, 80 GiB, CUDA 13.0, driver 580.65.06"
    assert "GPU" not in found


def test_without_a_gpu_nothing_is_said_of_one(machine) -> None:
    machine(built_for="13.0")
    assert findings()["device"].detail == "cpu (--device auto)"
    assert "GPU" not in findings()


def test_a_torch_without_what_the_machine_has_is_warned_of(
    machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine(driver="580.65.06")
    assert findings()["GPU"].verdict == "note"
    assert "built without CUDA" in findings()["GPU"].detail
    machine(driver="470.1", built_for="13.0")
    assert "built for CUDA 13.0, finds no GPU" in findings()["GPU"].detail
    assert "Update the driver" in findings()["GPU"].remedy
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert "CUDA_VISIBLE_DEVICES=''" in findings()["GPU"].detail


@pytest.mark.parametrize(
    ("capability", "architectures", "built"),
    [
        ("8.6", ["sm_80", "sm_90"], True),
        ("8.0", ["sm_86"], False),
        ("7.0", ["sm_75", "sm_80"], False),
        ("12.0", ["sm_90", "compute_90"], True),
        ("12.0", ["sm_90a", "sm_100"], False),
    ],
)
def test_a_gpu_that_torch_has_no_code_for_is_found(
    capability: str, architectures: list[str], built: bool
) -> None:
    assert doctor._is_built_for(capability, architectures) is built

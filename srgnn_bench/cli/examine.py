"""Looks at the installation and the data, and says what is missing and how to get it."""

from __future__ import annotations

import importlib
import os
import platform
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from srgnn_bench.errors import BenchError
from srgnn_bench.specs import registry

Verdict = Literal["ok", "note", "broken"]

TORCH_PAGE = "https://pytorch.org/get-started/locally"

NEEDED = ("torch", "recbole", "numpy", "pandas", "pyarrow", "optuna", "matplotlib", "scipy")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        subject: what it is.
        verdict: ``broken`` where the benchmark cannot run without it.
        detail: what was found.
        remedy: what to do; empty where nothing need be done.
    """

    subject: str
    verdict: Verdict
    detail: str
    remedy: str = ""


def examine(data_root: Path | None) -> list[Finding]:
    """Everything that a benchmark depends on, found or not."""
    return [
        _python(),
        *(_package(name) for name in NEEDED),
        *_device(),
        *_models(),
        *(_dataset(name, data_root) for name in registry.names("dataset")),
    ]


def _python() -> Finding:
    version = platform.python_version()
    if (3, 10) <= sys.version_info < (3, 15):
        return Finding("Python", "ok", version)
    return Finding("Python", "note", version, "The tests are run on 3.10 to 3.14 only.")


def _package(name: str) -> Finding:
    from srgnn_bench.process.environment import installed_version

    try:
        importlib.import_module(name)
    except Exception as error:  # a broken package may raise anything while it is imported
        return Finding(name, "broken", f"cannot be imported: {error!r}", "Run pip install . again.")
    return Finding(name, "ok", installed_version(name) or "version unknown")


def _device() -> list[Finding]:
    import torch

    from srgnn_bench.process.cores import available_cores
    from srgnn_bench.process.device import DeviceChoice

    cores, threads = available_cores(), torch.get_num_threads()
    remedy = f"Set OMP_NUM_THREADS={cores}." if threads > cores else ""
    return [
        Finding("threads", "note" if remedy else "ok", f"{threads} on {cores} cores", remedy),
        Finding("device", "ok", f"{DeviceChoice().find()} (--device auto)"),
        *_gpus(),
    ]


def _gpus() -> list[Finding]:
    """Every GPU that torch can use, and those of the machine that it cannot."""
    import torch

    from srgnn_bench.process.computing import gpu_facts, nvidia_driver

    found = []
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    for index in range(count):
        facts = gpu_facts(index)
        runtime = f"CUDA {facts['cuda']}" if facts["cuda"] else f"ROCm {facts['hip']}"
        detail = (
            f"{facts['name']}, {facts['memory_bytes'] / 2**30:.0f} GiB, {runtime}, "
            f"driver {facts['driver'] or 'unknown'}"
        )
        remedy = ""
        if facts["cuda"] and not _is_built_for(facts["capability"], torch.cuda.get_arch_list()):
            detail += f"; this torch has no code for its capability {facts['capability']}"
            remedy = f"Install another torch ({TORCH_PAGE}), or use --device cpu."
        found.append(Finding(f"cuda:{index}", "note" if remedy else "ok", detail, remedy))
    driver = nvidia_driver()
    if count == 0 and driver is not None:
        found.append(_unused_nvidia(driver, built_for=torch.version.cuda))
    if count == 0 and Path("/dev/kfd").exists() and torch.version.hip is None:
        found.append(
            Finding(
                "GPU",
                "note",
                "AMD's driver is here, but this torch is built without ROCm.",
                f"Install torch for ROCm ({TORCH_PAGE}).",
            )
        )
    if torch.backends.mps.is_available():
        found.append(Finding("mps", "ok", "Apple's GPU, used with --device mps"))
    return found


def _is_built_for(capability: str, architectures: list[str]) -> bool:
    """Whether torch has machine code for a GPU of NVIDIA, or code that the driver can translate.

    Machine code (``sm_86``) runs on GPUs of its major version that are no older, code to be
    translated (``compute_90``) on all that are no older.
    """
    major, minor = map(int, capability.split("."))
    for architecture in architectures:
        kind, _, digits = architecture.rstrip("abcdefghijklmnopqrstuvwxyz").partition("_")
        built = int(digits[:-1]), int(digits[-1])
        if built <= (major, minor) and (built[0] == major or kind == "compute"):
            return True
    return False


def _unused_nvidia(driver: str, *, built_for: str | None) -> Finding:
    """Why torch uses no GPU where NVIDIA's driver is."""
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES")
    if built_for is None:
        return Finding(
            "GPU",
            "note",
            f"NVIDIA's driver {driver} is here, but this torch is built without CUDA.",
            f"Install torch with CUDA ({TORCH_PAGE}).",
        )
    if hidden is not None:
        return Finding(
            "GPU",
            "note",
            f"NVIDIA's driver {driver} is here, but CUDA_VISIBLE_DEVICES='{hidden}' shows torch no "
            "GPU.",
            "Unset it, or name a GPU that nvidia-smi lists.",
        )
    return Finding(
        "GPU",
        "note",
        f"NVIDIA's driver {driver} is here, but torch, built for CUDA {built_for}, finds no GPU.",
        f"Update the driver, or install a torch for an older CUDA ({TORCH_PAGE}).",
    )


def _models() -> list[Finding]:
    """How many models there are that can run, and each that cannot."""
    from srgnn_bench.recbole_bridge.classes import model_class

    broken = []
    names = registry.names("model")
    for name in names:
        try:
            model_class(registry.model(name))
        except BenchError as error:
            broken.append(Finding(f"model {name}", "broken", error.problem, error.remedy))
    return [Finding("models", "ok", f"{len(names) - len(broken)} can run"), *broken]


def _dataset(name: str, data_root: Path | None) -> Finding:
    from srgnn_bench.data.locate import find

    try:
        paths = find(registry.dataset(name), data_root=data_root).paths
    except BenchError as error:
        return Finding(f"dataset {name}", "note", error.problem, error.remedy)
    return Finding(f"dataset {name}", "ok", ", ".join(map(str, paths)))

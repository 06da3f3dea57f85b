"""What a run was made with: recorded beside its numbers, not part of its key."""

from __future__ import annotations

import contextlib
import platform
import re
import resource
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from srgnn_bench.process.computing import device_facts
from srgnn_bench.process.cores import available_cores
from srgnn_bench.process.device import CPU, Device

PACKAGES = ("srgnn-bench", "recbole", "torch", "numpy", "pandas", "optuna", "pyarrow", "scipy")


def environment(device: Device = CPU) -> dict[str, Any]:
    """Versions, threads, device, machine and code revision, JSON values only.

    Args:
        device: where it is computed.
    """
    revision, dirty = code_revision()
    return {
        "python": platform.python_version(),
        "packages": {name: installed_version(name) for name in PACKAGES},
        "platform": platform.platform(),
        "processor": processor(),
        "cores": available_cores(),
        "threads": torch.get_num_threads(),
        **device_facts(device),
        "revision": revision,
        "dirty": dirty,
    }


def installed_version(package: str) -> str | None:
    """Version of an installed package, or None."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def start_peak_memory() -> None:
    """Forget the peak of resident memory so far, where the system can (Linux)."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def peak_memory_bytes() -> int:
    """Peak resident memory of this process since ``start_peak_memory``, where it could forget."""
    status = Path("/proc/self/status")
    if status.exists():
        found = re.search(
            r"^VmHWM:\s+(\d+) kB$",
            status.read_text(encoding="utf-8", errors="replace"),
            flags=re.MULTILINE,
        )
        if found is not None:
            return int(found[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def code_revision() -> tuple[str | None, bool | None]:
    """Git revision of the code and whether it was changed since; None outside a checkout."""
    folder = Path(__file__).resolve().parents[2]
    if not (folder / ".git").exists():
        return None, None
    try:
        revision = _git(folder, "rev-parse", "HEAD")
        changed = _git(folder, "status", "--porcelain", "--", "srgnn_bench", "baselines")
    except (OSError, subprocess.SubprocessError):
        return None, None
    return revision, bool(changed)


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=folder, capture_output=True, text=True, check=True, timeout=30
    )
    return done.stdout.strip()


def processor() -> str:
    """Model of the processor; Linux alone tells it without help."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor()
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())

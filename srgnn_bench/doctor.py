"""Looks at the installation and the data, and says what is missing and how to get it."""

from __future__ import annotations

import importlib
import platform
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from srgnn_bench import registry
from srgnn_bench.errors import BenchError

Verdict = Literal["ok", "note", "broken"]

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
        *(_model(name) for name in registry.names("model")),
        *(_dataset(name, data_root) for name in registry.names("dataset")),
    ]


def _python() -> Finding:
    version = platform.python_version()
    if sys.version_info[:2] in ((3, 10), (3, 11)):
        return Finding("Python", "ok", version)
    return Finding(
        "Python", "note", version, "RecBole's dependencies have wheels for 3.10 and 3.11 only."
    )


def _package(name: str) -> Finding:
    from srgnn_bench.process.environment import installed_version

    try:
        importlib.import_module(name)
    except Exception as error:  # a broken package may raise anything while it is imported
        return Finding(name, "broken", f"cannot be imported: {error!r}", "Run pip install . again.")
    return Finding(name, "ok", installed_version(name) or "version unknown")


def _device() -> list[Finding]:
    import torch

    from srgnn_bench.process.environment import available_cores

    cores, threads = available_cores(), torch.get_num_threads()
    remedy = f"Set OMP_NUM_THREADS={cores}." if threads > cores else ""
    return [
        Finding("threads", "note" if remedy else "ok", f"{threads} on {cores} cores", remedy),
        Finding("device", "ok", "cuda" if torch.cuda.is_available() else "cpu"),
    ]


def _model(name: str) -> Finding:
    from srgnn_bench.recbole_bridge.classes import model_class

    try:
        spec = registry.model(name)
        model_class(spec)
    except BenchError as error:
        return Finding(f"model {name}", "broken", error.problem, error.remedy)
    return Finding(f"model {name}", "ok", spec.class_path)


def _dataset(name: str, data_root: Path | None) -> Finding:
    from srgnn_bench.data.sources import find

    try:
        paths = find(registry.dataset(name), data_root=data_root).paths
    except BenchError as error:
        return Finding(f"dataset {name}", "note", error.problem, error.remedy)
    return Finding(f"dataset {name}", "ok", ", ".join(map(str, paths)))

"""Evaluation prefixes per second and peak memory: RecBole's full-sort evaluation against ours."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.measure import Series, alternate, extra_memory, seconds_of
from benchmarks.recbole_peer import RecBole
from benchmarks.sessions import diginetica_or_generated, stage, with_prefixes
from benchmarks.training import OURS, THEIRS, ours
from srgnn_bench.data.sessions import Stage
from srgnn_bench.evaluation.metrics import rank_metrics
from srgnn_bench.process.computing import computing_on
from srgnn_bench.process.device import CPU, Device
from srgnn_bench.training.ranking import rank_prefixes

PREFIXES = 4_096
"""Prefixes of one repetition, a batch of RecBole's default size."""


OURS_WITH_LISTS = f"{OURS}, with the lists of 20"
CONTENDERS = THEIRS, OURS, OURS_WITH_LISTS


def measure(
    data_root: Path | None, models: list[str], repetitions: int, device: Device = CPU
) -> list[Series]:
    """Speed of ranking with each model, metrics included."""
    found = []
    for model in models:
        task, works = _works(data_root, model, device)
        rates = alternate(
            {who: partial(_rate, work, device) for who, work in works.items()},
            repetitions=repetitions,
        )
        found += [Series("evaluation", task, who, "prefixes/s", v) for who, v in rates.items()]
    return found


def measure_memory(
    data_root: Path | None, model: str, contender: str, device: Device = CPU
) -> Series:
    """Memory that the first ranking of a process takes on top of data and model."""
    task, works = _works(data_root, model, device)
    extra = extra_memory(works[contender], device=device)
    return Series("evaluation memory", task, contender, "MB", (extra,))


def _works(
    data_root: Path | None, model: str, device: Device
) -> tuple[str, dict[str, Callable[[], dict[str, float]]]]:
    """The task, and for each contender what ranks its prefixes once."""
    name, train_sessions, test_sessions = diginetica_or_generated(data_root)
    part = with_prefixes(stage(train_sessions, test_sessions), train=100, judged=PREFIXES)
    with tempfile.TemporaryDirectory() as folder:
        theirs = RecBole(model, part, folder=Path(folder), train_batch_size=2048, device=device)
    fast = ours(model, part, device=device)
    return f"{model}, {name}, {PREFIXES} prefixes", {
        THEIRS: theirs.evaluate,
        OURS: partial(_ranked, fast, part, device, k=None),
        OURS_WITH_LISTS: partial(_ranked, fast, part, device, k=20),
    }


def _rate(work: Callable[[], Any], device: Device) -> float:
    return PREFIXES / seconds_of(work, device=device)


def _ranked(model: Any, part: Stage, device: Device, *, k: int | None) -> dict[str, float]:
    with computing_on(device):
        ranking = rank_prefixes(model, part.judged, n_items=part.n_items, k=k)
    return rank_metrics(ranking.ranks)

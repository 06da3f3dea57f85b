"""From a click log to training batches: seconds and peak memory, as the log grows."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import torch

from benchmarks.measure import OutOfBoundsError, Series, apart, extra_memory, seconds_of
from benchmarks.recbole_peer import load_log, write_log
from benchmarks.sessions import LONGEST, diginetica_or_generated
from benchmarks.training import OURS, THEIRS
from srgnn_bench.data.prepare import prepare
from srgnn_bench.data.protocol import test_stage
from srgnn_bench.recbole_bridge.dataset import PrefixBatches
from srgnn_bench.specs.dataset import DatasetSpec
from srgnn_bench.specs.preparation import NewestSessions, Preparation
from srgnn_bench.specs.protocol import ProtocolSpec
from srgnn_bench.specs.sources.atomic import AtomicSource


def measure(
    data_root: Path | None, sizes: list[int], repetitions: int, seconds: float, megabytes: float
) -> list[Series]:
    """Both at every size; one that goes beyond the bounds has no figure there or above."""
    name, train, _ = diginetica_or_generated(data_root)
    found: list[Series] = []
    contenders = {THEIRS: load_log, OURS: _ours}
    for size in sizes:
        figures: dict[str, list[tuple[float, float]]] = {who: [] for who in contenders}
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder) / "sessions" / "sessions.inter"
            write_log(train, path=log, copies=size)
            for _ in range(repetitions):
                for who, work in list(contenders.items()):
                    try:
                        figures[who].append(
                            apart(_measured, work, log, seconds=seconds, megabytes=megabytes)
                        )
                    except OutOfBoundsError:
                        del contenders[who]
        for unit, index, part in (("s", 0, "preparation"), ("MB", 1, "preparation memory")):
            found += [
                Series(part, f"{name} x {size}", who, unit, tuple(pair[index] for pair in pairs))
                for who, pairs in figures.items()
                if pairs
            ]
    return found


def _measured(work: Callable[[Path], object], log: Path) -> tuple[float, float]:
    """Seconds, and the most memory in MB on top of what the imported libraries take; Linux."""
    spent = 0.0

    def timed() -> None:
        nonlocal spent
        spent = seconds_of(lambda: work(log))

    extra = extra_memory(timed)
    return spent, extra


def _ours(log: Path) -> None:
    """The same from the same file, through the cache to batches of both sides."""
    spec = DatasetSpec(
        name="sessions",
        title="Sessions",
        citation="-",
        licence="-",
        obtain="-",
        sources=(AtomicSource(name="log", kind="recbole_interactions", files=(log.name,)),),
        preparation=Preparation(
            filters=(), split=NewestSessions(kind="newest_sessions", fraction=0.1)
        ),
    )
    with tempfile.TemporaryDirectory() as cache:
        data = prepare(spec, data_root=log.parent.parent, cache=Path(cache))
    stage = test_stage(data, ProtocolSpec(max_prefix_length=LONGEST))
    shown = stage.judged.select(stage.judged.stop > stage.judged.start)
    for prefixes in (stage.train_prefixes, shown):
        PrefixBatches(prefixes, batch_size=2048, device=torch.device("cpu"))

"""What a worker does: it unpacks a task, prepares the data once, and answers."""

from __future__ import annotations

import os
import pickle
import platform
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from srgnn_bench.data.locate import ROOT_VARIABLE
from srgnn_bench.data.prepare import PreparedDataset, prepare
from srgnn_bench.errors import ClusterError, ModelError
from srgnn_bench.events import CheckpointDiscarded, EpochDone, Event, RunStarted, TrialStarted
from srgnn_bench.execution.tasks import Answer, Task, Trouble, Workbench
from srgnn_bench.process.device import DeviceChoice
from srgnn_bench.process.limits import call_within
from srgnn_bench.specs import registry
from srgnn_bench.specs.dataset import DatasetSpec
from srgnn_bench.specs.protocol import ProtocolSpec
from srgnn_bench.store.keys import RESULTS_VERSION
from srgnn_bench.training.configuration import Candidate, implementation_of

CACHE_VARIABLE = "SRGNN_BENCH_CACHE"
"""Environment variable of a worker: its folder of prepared data and of checkpoints."""

EVENTS: dict[str, type[Event]] = {
    kind.__name__: kind for kind in (TrialStarted, EpochDone, RunStarted, CheckpointDiscarded)
}
"""What workers tell about the task at hand."""


@dataclass(frozen=True)
class Parcel:
    """A task, and all that a worker needs to do it.

    Attributes:
        task: the task.
        dataset: the dataset to prepare.
        source: which of its sources.
        fingerprint: what the prepared data must be.
        protocol: how it is split.
        data_root: folder of the data, for a worker that knows no other.
        threads: torch's threads; None leaves them to whoever started the worker.
        device: where the worker trains and ranks.
        topic: where to tell events.
        results_version: version of the coordinator's code.
    """

    task: Task
    dataset: DatasetSpec
    source: str
    fingerprint: str
    protocol: ProtocolSpec
    data_root: Path | None
    threads: int | None
    device: DeviceChoice
    topic: str
    results_version: int = RESULTS_VERSION


def open_and_do(parcel: bytes) -> Answer:
    """Do a task; what workers call.

    Raises:
        ClusterError: this worker has other data or other code than the coordinator.
        DataError: the data is missing or damaged here.
    """
    return _do(pickle.loads(parcel))  # it comes from the coordinator, as the call itself does


def _do(parcel: Parcel) -> Answer:
    from distributed import get_worker

    worker, task = get_worker(), parcel.task
    if parcel.results_version != RESULTS_VERSION:
        raise ClusterError(
            f"Worker {worker.address} has version {RESULTS_VERSION} of the code that makes "
            f"results, not {parcel.results_version}.",
            remedy="Install the same version of srgnn_bench on all machines.",
        )
    here, there = _implementation_here(task.candidate), task.candidate.implementation
    if here != there:
        raise ClusterError(
            f"Worker {worker.address} has the code {here} of {task.candidate.title}, not {there}.",
            remedy="Install the same version of it on all machines.",
        )

    def tell(event: Event) -> None:
        worker.log_event(parcel.topic, {"kind": type(event).__name__, "event": asdict(event)})

    # Models draw from the process's own generators, so it does one task at a time. The lock is
    # kept where a task is stuck: what comes next waits for the process to be replaced.
    _AT_WORK.acquire()
    stuck = False
    started = time.perf_counter()
    checkpoint = _cache_folder() / "checkpoints" / f"{task.key}.checkpoint"
    try:
        data = _prepared(parcel)
        device = parcel.device.find()

        def work() -> Answer:
            if parcel.threads is not None:
                torch.set_num_threads(parcel.threads)
            return _BENCH.do(
                task, data, parcel.protocol, listen=tell, checkpoint=checkpoint, device=device
            )

        answer = call_within(task.limit_seconds, work, what=task.what)
    except ModelError as error:  # a model's own errors are answers; so this is the limit
        stuck = True
        seconds = time.perf_counter() - started
        return Trouble.of(error, seconds=seconds, stuck=worker.address)
    finally:
        if not stuck:
            _AT_WORK.release()
    for written in checkpoint.parent.glob(f"{checkpoint.name}*"):  # by a killed process, too
        written.unlink(missing_ok=True)
    return answer


_AT_WORK = threading.Lock()
_BENCH = Workbench()
_DATASETS: dict[str, PreparedDataset] = {}
"""The dataset at work in this process, by fingerprint."""


def _implementation_here(candidate: Candidate) -> str:
    """What this installation calls a model's code; the task brings the coordinator's word along."""
    spec = candidate.spec
    word = registry.implementations().get(spec.class_path, spec.implementation)
    own = spec.model_copy(update={"implementation": word})
    return implementation_of(own, candidate.model_class)


def _prepared(parcel: Parcel) -> PreparedDataset:
    """The parcel's dataset, prepared by the first task of this machine that needs it."""
    if parcel.fingerprint in _DATASETS:
        return _DATASETS[parcel.fingerprint]
    place = os.environ.get(ROOT_VARIABLE)
    data = prepare(
        parcel.dataset,
        data_root=Path(place) if place else parcel.data_root,
        cache=_cache_folder() / "data",
        source=parcel.source,
    )
    if data.fingerprint != parcel.fingerprint:
        raise ClusterError(
            f"On {platform.node()}, {', '.join(map(str, data.files))} of '{data.name}' are not "
            "the files that the coordinator has.",
            remedy="Copy them from there, and check that both have the same version of the code.",
        )
    _DATASETS.clear()
    _DATASETS[data.fingerprint] = data
    return data


def _cache_folder() -> Path:
    """Where a worker keeps prepared data and checkpoints; workers of one machine share it."""
    place = os.environ.get(CACHE_VARIABLE)
    return Path(place) if place else Path.home() / ".cache" / "srgnn-bench"


def event_of(told: dict[str, Any]) -> Event:
    """What a worker told of the task at hand."""
    return EVENTS[told["kind"]](**told["event"])

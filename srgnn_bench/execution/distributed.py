"""Has trials and final runs done by the workers of a dask cluster, on this machine or on many.

The calling process keeps the results folder: it drives the chains, and workers get one task at a
time and send back what came of it. A worker needs this package and the data, which it prepares
once per machine; it needs no share in the results folder. A study's trials stay a chain, so the
numbers are those of a run in one process. Studies and final runs of different models stand side
by side.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
import os
import pickle
import platform
import queue
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from srgnn_bench.data.prepare import PreparedDataset, prepare
from srgnn_bench.data.sources.locate import ROOT_VARIABLE
from srgnn_bench.errors import BenchError, ClusterError, ModelError
from srgnn_bench.events import (
    CheckpointDiscarded,
    EpochDone,
    Event,
    Listener,
    RunStarted,
    TrialStarted,
)
from srgnn_bench.execution.chain import POLL_SECONDS, Assignment, Chain, Start
from srgnn_bench.execution.final import Trouble
from srgnn_bench.execution.workbench import Answer, Task, Workbench
from srgnn_bench.process.computing import worker_environments
from srgnn_bench.process.device import CPU, Device, DeviceChoice
from srgnn_bench.process.environment import available_cores
from srgnn_bench.process.limits import call_within
from srgnn_bench.specs.dataset import DatasetSpec
from srgnn_bench.specs.protocol import ProtocolSpec
from srgnn_bench.store.folder import Busy
from srgnn_bench.store.keys import RESULTS_VERSION

if TYPE_CHECKING:
    from distributed import Client, Future

CACHE_VARIABLE = "SRGNN_BENCH_CACHE"
"""Environment variable of a worker: its folder of prepared data and of checkpoints."""

STUDIES_VARIABLE = "SRGNN_BENCH_STUDIES"
"""Environment variable of a coordinator: the database of the studies, with its password."""

LOST_WORKERS = 2
"""So many workers may die over one task before it is given up."""

PATIENCE_SECONDS = 12.0
"""Longest time that a scheduler may take to answer, and time between two questions to it."""

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


@dataclass(frozen=True)
class Delivery:
    """What came of a parcel.

    Attributes:
        answer: the result, or why there is none.
        stuck: address of the worker, where the task is still running there past its time limit.
    """

    answer: Answer
    stuck: str | None = None


@contextlib.contextmanager
def local_workers(
    workers: int, *, data_root: Path | None, cache_folder: Path, device: Device = CPU
) -> Iterator[Workers]:
    """Start worker processes on this machine, which listen on loopback alone.

    Args:
        workers: how many; each gets an equal share of the cores and of the memory.
        data_root: folder of the data.
        cache_folder: folder of the prepared data, shared by all.
        device: what they train on; of several GPUs each worker sees one.

    Raises:
        ClusterError: dask.distributed is not installed, or there are fewer cores than workers.
    """
    _need_distributed()
    import dask
    from distributed import Client, Nanny, Scheduler, SpecCluster
    from distributed.system import MEMORY_LIMIT

    threads = threads_per_worker(workers)
    settings = {
        "distributed.scheduler.allowed-failures": LOST_WORKERS,
        "distributed.scheduler.worker-saturation": 1.0,  # a dying worker takes one task with it
        # After 15 seconds dask would give up a worker whose process is being replaced.
        "distributed.deploy.lost-worker-timeout": "365 days",
        # Tasks are whole trainings: nothing is there to spill, and a paused worker would stay so.
        "distributed.worker.memory.target": False,
        "distributed.worker.memory.spill": False,
        "distributed.worker.memory.pause": False,
    }
    environment = {CACHE_VARIABLE: str(cache_folder.resolve())}
    if data_root is not None:
        environment[ROOT_VARIABLE] = str(data_root.resolve())
    loopback = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0"}
    nanny = {**loopback, "nthreads": 1, "memory_limit": MEMORY_LIMIT // workers}
    quiet = logging.CRITICAL
    with (
        dask.config.set(settings),
        _kept_from_children(STUDIES_VARIABLE),
        # A LocalCluster has one environment for all of its workers.
        SpecCluster(
            scheduler={"cls": Scheduler, "options": loopback},
            workers={
                number: {
                    "cls": Nanny,
                    "options": {**nanny, "silence_logs": quiet, "env": {**environment, **own}},
                }
                for number, own in enumerate(worker_environments(device, workers=workers))
            },
            silence_logs=quiet,
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        # Of the GPUs, each worker sees its own alone.
        choice = DeviceChoice(device.kind, device.deterministic)
        yield Workers(client, data_root=data_root, threads=threads, at_once=workers, device=choice)


@contextlib.contextmanager
def _kept_from_children(variable: str) -> Iterator[None]:
    """Take a variable out of the environment that processes started here inherit."""
    value = os.environ.pop(variable, None)
    try:
        yield
    finally:
        if value is not None:
            os.environ[variable] = value


@contextlib.contextmanager
def remote_workers(
    scheduler: str,
    *,
    data_root: Path | None,
    device: DeviceChoice = DeviceChoice(),  # noqa: B008
    patience: float = PATIENCE_SECONDS,
) -> Iterator[Workers]:
    """Use the workers of a cluster that is running already.

    Args:
        scheduler: its address, such as ``tcp://10.0.0.5:8786``.
        data_root: folder of the data, for workers whose environment names no other.
        device: what they train on, each as it finds it where it is.
        patience: seconds that the scheduler may take to answer.

    Raises:
        ClusterError: dask.distributed is not installed, or nothing answers at the address.
    """
    _need_distributed()
    from distributed import Client

    # What is wrong with a scheduler is said in one line of ours.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    _need_scheduler(scheduler, patience)
    client = Client(scheduler, set_as_default=False, timeout=patience)
    try:
        yield Workers(
            client,
            data_root=data_root,
            threads=None,
            at_once=None,
            device=device,
            patience=patience,
        )
    finally:
        with contextlib.suppress(OSError, asyncio.TimeoutError):  # it does not answer
            client.close(timeout=1)


def _need_scheduler(address: str, patience: float) -> None:
    """Ask what listens at an address, before a client waits there for ever.

    Raises:
        ClusterError: it is no dask scheduler, or nothing answers.
    """
    from distributed.core import rpc

    async def identity() -> Any:
        async with rpc(address, timeout=patience) as peer:
            return await asyncio.wait_for(peer.identity(), patience)

    try:
        with ThreadPoolExecutor(1) as apart:  # a notebook has a loop that runs in this thread
            found = apart.submit(lambda: asyncio.run(identity())).result()["type"]
    except (OSError, ValueError, asyncio.TimeoutError) as error:
        found = str(error) or "what listens there speaks another protocol"
    if found != "Scheduler":
        raise ClusterError(
            f"There is no dask scheduler at {address} ({found}).",
            remedy="Start one with `dask scheduler`, and name its address with --scheduler.",
        )


def threads_per_worker(workers: int) -> int:
    """Torch's threads of each worker, so that together they take no more than the cores.

    Raises:
        ClusterError: there are fewer cores than workers, or no workers.
    """
    if workers < 1:
        raise ClusterError(f"{workers} workers do nothing.", remedy="Ask for one or more.")
    cores = available_cores()
    if workers > cores:
        raise ClusterError(
            f"There are {cores} cores for {workers} workers.",
            remedy=f"Start at most {cores} with --workers; more would only slow each other down.",
        )
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return min(cores // workers, int(asked)) if asked.isdigit() else cores // workers


class Workers:
    """Drives chains with a cluster's workers.

    Args:
        client: the connection to the cluster.
        data_root: folder of the data, for workers whose environment names no other.
        threads: torch's threads per worker; None leaves them to whoever started it.
        at_once: chains that are begun at a time; None for all, as for a cluster that grows with
            the tasks that wait.
        device: what they train on.
        patience: seconds that the scheduler may take to answer.
    """

    def __init__(
        self,
        client: Client,
        *,
        data_root: Path | None,
        threads: int | None,
        at_once: int | None,
        device: DeviceChoice,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._client = client
        self._data_root = data_root
        self._threads = threads
        self._at_once = at_once
        self._device = device
        self._topic = f"srgnn-bench-{uuid.uuid4().hex}"
        self._patience = patience
        self._lost = False
        self._asked = time.monotonic()

    def __call__(self, starts: Sequence[Start], *, listen: Listener) -> None:
        """Drive all chains to their ends, and those that start after them.

        Raises:
            ClusterError: the scheduler is lost, or a worker has other data or other code.
            BenchError: a chain's own error.
        """
        inbox: queue.SimpleQueue[Future | Event] = queue.SimpleQueue()
        self._client.subscribe_topic(self._topic, lambda told: inbox.put(_event(told[1])))
        ready, busy = list(reversed(starts)), list[Start]()
        running: dict[Future, Chain] = {}

        def advance(chain: Chain, answer: Answer | None, start: Start | None = None) -> None:
            """Have a chain's next task done; it begins where there is no answer yet."""
            try:
                # A generator that has not begun takes None alone.
                assignment = chain.send(answer)  # type: ignore[arg-type]
            except StopIteration as end:
                ready.extend(reversed(end.value))
            except Busy:
                assert start is not None
                busy.append(start)
            else:
                future = self._submit(assignment)
                running[future] = chain
                future.add_done_callback(inbox.put)

        try:
            while ready or busy or running:
                while ready and (self._at_once is None or len(running) < self._at_once):
                    start = ready.pop()
                    advance(start(), None, start)
                try:
                    news = inbox.get(timeout=POLL_SECONDS)
                except queue.Empty:
                    self._check_alive()
                    ready, busy = [*ready, *reversed(busy)], []
                    continue
                if isinstance(news, Event):
                    listen(news)
                else:
                    advance(running.pop(news), self._answer(news))
        finally:
            if not self._lost:
                self._client.unsubscribe_topic(self._topic)
                self._client.cancel(list(running))
            for chain in running.values():
                chain.close()  # and so release its lock

    def processes(self) -> dict[str, int]:
        """Process ids of the workers that are there now, by address."""
        processes: dict[str, int] = self._client.run(os.getpid, on_error="ignore")
        return processes

    def _submit(self, assignment: Assignment) -> Future:
        job = assignment.job
        parcel = Parcel(
            task=assignment.task,
            dataset=job.source,
            source=job.dataset.source,
            fingerprint=job.dataset.fingerprint,
            protocol=job.suite.protocol,
            data_root=None if self._data_root is None else self._data_root.resolve(),
            threads=self._threads,
            device=self._device,
            topic=self._topic,
        )
        # As bytes, so that dask does not look for futures in it.
        return self._client.submit(open_and_do, pickle.dumps(parcel), pure=False)

    def _answer(self, future: Future) -> Answer:
        from distributed import CancelledError, KilledWorker

        try:
            delivery: Delivery = future.result()
        except KilledWorker as error:
            return Trouble(
                f"{error.allowed_failures + 1} workers died over it, one after the other: killed "
                "from outside, or out of memory. Give each more memory (fewer workers), then "
                "--resume retry-failed goes on from here.",
                traceback=str(error),
                lost=True,
            )
        except CancelledError as error:  # this side cancels nothing that it waits for
            raise self._scheduler_lost() from error
        except BenchError:
            raise
        except Exception as error:
            raise ClusterError(
                f"A worker cannot do its task ({type(error).__name__}: {error}).",
                remedy="Install the same srgnn_bench there, and what its models need.",
            ) from error
        future.release()
        if delivery.stuck is not None:
            self._client.restart_workers([delivery.stuck])
        return delivery.answer

    def _check_alive(self) -> None:
        """Now and then ask the scheduler whether it is there; a closed connection says so itself.

        Raises:
            ClusterError: it is lost.
        """
        if self._client.status != "running":
            raise self._scheduler_lost()
        if time.monotonic() - self._asked < self._patience:
            return
        try:
            self._client.sync(self._client.scheduler.identity, callback_timeout=self._patience)
        except (OSError, asyncio.TimeoutError) as error:
            raise self._scheduler_lost() from error
        self._asked = time.monotonic()

    def _scheduler_lost(self) -> ClusterError:
        self._lost = True
        return ClusterError(
            "The scheduler is lost.",
            remedy="Start it again, then call again: what was finished is stored.",
        )


def open_and_do(parcel: bytes) -> Delivery:
    """Do a task; what workers call.

    Raises:
        ClusterError: this worker has other data or other code than the coordinator.
        DataError: the data is missing or damaged here.
    """
    return _do(pickle.loads(parcel))  # it comes from the coordinator, as the call itself does


def _do(parcel: Parcel) -> Delivery:
    from distributed import get_worker

    worker, task = get_worker(), parcel.task
    if parcel.results_version != RESULTS_VERSION:
        raise ClusterError(
            f"Worker {worker.address} has version {RESULTS_VERSION} of the code that makes "
            f"results, not {parcel.results_version}.",
            remedy="Install the same version of srgnn_bench on all machines.",
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
        return Delivery(Trouble.of(error, seconds=seconds), stuck=worker.address)
    finally:
        if not stuck:
            _AT_WORK.release()
    for written in checkpoint.parent.glob(f"{checkpoint.name}*"):  # by a killed process, too
        written.unlink(missing_ok=True)
    return Delivery(answer)


_AT_WORK = threading.Lock()
_BENCH = Workbench()
_DATASETS: dict[str, PreparedDataset] = {}
"""The dataset at work in this process, by fingerprint."""


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


def _event(told: dict[str, Any]) -> Event:
    return EVENTS[told["kind"]](**told["event"])


def _need_distributed() -> None:
    try:
        importlib.import_module("distributed")
    except ImportError as error:
        raise ClusterError(
            "Several workers need dask.distributed, which is not installed.",
            remedy="Install it with: pip install 'srgnn-bench[distributed]'.",
        ) from error

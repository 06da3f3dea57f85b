"""Clusters of workers: processes of this machine, or a scheduler's that runs already."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from srgnn_bench.data.locate import ROOT_VARIABLE
from srgnn_bench.errors import ClusterError
from srgnn_bench.execution.workers.driver import PATIENCE_SECONDS, Workers
from srgnn_bench.execution.workers.worker import CACHE_VARIABLE
from srgnn_bench.process.computing import worker_environments
from srgnn_bench.process.cores import available_cores
from srgnn_bench.process.device import CPU, Device, DeviceChoice

STUDIES_VARIABLE = "SRGNN_BENCH_STUDIES"
"""Environment variable of a coordinator: the database of the studies, with its password."""

LOST_WORKERS = 2
"""So many workers may die over one task before it is given up."""


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
    try:
        client = Client(scheduler, set_as_default=False, timeout=patience)
    except (OSError, asyncio.TimeoutError) as error:
        raise ClusterError(
            f"The dask scheduler at {scheduler} did not let a client in within {patience:g} s.",
            remedy="Look at the load of its machine, and run the same command again.",
        ) from error
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


def _need_distributed() -> None:
    try:
        importlib.import_module("distributed")
    except ImportError as error:
        raise ClusterError(
            "Several workers need dask.distributed, which is not installed.",
            remedy="Install it with: pip install 'srgnn-bench[distributed]'.",
        ) from error

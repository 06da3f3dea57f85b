"""What workers bring and cost. Run as ``python -m benchmarks.workers`` from the checkout.

``--part suite``: the quick suite by one process with a thread per core, and by a worker of one
thread per core, in alternation.

``--part coordinator``: real studies and empty jobs. Every worker answers at once, so the jobs per
second are what the coordinator can ask, hand out, tell and store. With w workers it keeps up while
a job takes longer than w / rate seconds.
"""

from __future__ import annotations

import json
import logging
import os
import pickle
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated, Literal

import dask
import typer
from distributed import Client, Future, LocalCluster

from srgnn_bench import Benchmark
from srgnn_bench.events import Event, Failed, TrialDone
from srgnn_bench.execution.chain import Assignment
from srgnn_bench.execution.coordinator import execute
from srgnn_bench.execution.tasks import Answer, Trouble
from srgnn_bench.execution.workers.driver import Workers
from srgnn_bench.store.study import EpochValue
from srgnn_bench.tuning.trial import TrialTask

TRIALS = 2
EPOCHS = 10


def answer_at_once(parcel: bytes) -> Answer:
    """An empty job: a trial of ten epochs without a training."""
    task = pickle.loads(parcel)
    if not isinstance(task, TrialTask):
        return Trouble("empty", "")
    epochs = tuple(EpochValue(epoch=n, value=random.random()) for n in range(1, EPOCHS + 1))
    best = max(epochs, key=lambda epoch: epoch.value)
    ended = {"state": "complete", "error": None, "value": best.value, "schedule": None}
    trial = task.failed("", seconds=0.0)
    return trial.model_copy(update={**ended, "epochs": epochs})


class EmptyJobs(Workers):
    """Workers that are handed tasks as ever, and do nothing."""

    def _submit(self, assignment: Assignment) -> Future:
        return self._client.submit(answer_at_once, pickle.dumps(assignment.task), pure=False)


def measure_coordinator(workers: int) -> str:
    """One study per worker, side by side: two trials and a final run each."""
    entries = [
        {"model": "stamp", "name": f"stamp{n}", "parameters": {"learning_rate": 0.001 + 1e-6 * n}}
        for n in range(workers)
    ]
    ended: list[Event] = []
    with (
        tempfile.TemporaryDirectory() as results,
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=False,
            memory_limit=0,  # else each worker watches the memory of this whole process
            dashboard_address=None,
            silence_logs=logging.CRITICAL,
        ) as cluster,
        Client(cluster) as client,
    ):
        benchmark = Benchmark("quick", models=entries, trials=TRIALS, seeds=1, results=results)
        jobs = benchmark.jobs
        started, busy = time.perf_counter(), time.process_time()
        execute(
            jobs,
            store=benchmark.store,
            resume="only-missing",
            listen=ended.append,
            driver=EmptyJobs(client, data_root=None, threads=None, at_once=workers),
        )
        seconds, busy = time.perf_counter() - started, time.process_time() - busy
    count = sum(isinstance(event, TrialDone | Failed) for event in ended)
    return (
        f"{workers} workers: {count} jobs in {seconds:.1f} s, {count / seconds:.1f} per second, "
        f"{1000 * busy / count:.0f} ms of CPU each; keeps up while a job takes more than "
        f"{workers * seconds / count:.1f} s"
    )


def measure_suite(workers: int, threads: int) -> tuple[float, float, int]:
    """The quick suite, anew: seconds in all, seconds inside trials and final runs, their number."""
    with tempfile.TemporaryDirectory() as results:
        command = [sys.executable, "-m", "srgnn_bench", "run", "--suite", "quick"]
        command += ["--results", results]
        if workers > 1:
            command += ["--workers", str(workers)]
        started = time.perf_counter()
        subprocess.run(
            command,
            check=True,
            capture_output=True,
            env={**os.environ, "OMP_NUM_THREADS": str(threads)},
        )
        seconds = time.perf_counter() - started
        inside: list[float] = []
        for path in Path(results).glob("studies/**/trials.ndjson"):
            inside += [json.loads(line)["seconds"] for line in path.read_text().splitlines()]
        for path in Path(results).glob("runs/**/record.json"):
            cost = json.loads(path.read_text())["cost"]
            inside.append(cost["train_seconds"] + cost["rank_seconds"])
    return seconds, sum(inside), len(inside)


def main(
    part: Annotated[Literal["suite", "coordinator"], typer.Option()] = "suite",
    repetitions: Annotated[int, typer.Option(min=1, help="Of the suite, each way.")] = 3,
    workers: Annotated[
        list[int] | None, typer.Option(help="Simulated workers; may be repeated.")
    ] = None,
) -> None:
    """Measure what workers bring and cost."""
    if part == "coordinator":
        dask.config.set({"distributed.scheduler.worker-saturation": 1.0})
        for count in workers or [1, 10, 100]:
            typer.echo(measure_coordinator(count))
        return
    cores = len(os.sched_getaffinity(0))
    ways = {
        f"1 process of {cores} threads": (1, cores),
        f"{cores} workers of 1 thread": (cores, 1),
    }
    taken: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(repetitions):
        for way, (processes, threads) in ways.items():
            seconds, inside, jobs = measure_suite(processes, threads)
            taken[way].append(seconds)
            typer.echo(
                f"{way}: {seconds:.1f} s for {jobs} jobs; outside of them "
                f"{(processes * seconds - inside) / jobs:.2f} s of a worker each"
            )
    for way, times in taken.items():
        typer.echo(
            f"{way}: median {statistics.median(times):.1f} s ({min(times):.1f} to {max(times):.1f})"
        )


if __name__ == "__main__":
    typer.run(main)

"""What to know of stored results: failures, runs of another configuration, chosen edges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from srgnn_bench.errors import BenchError
from srgnn_bench.execution.manifest import flat
from srgnn_bench.execution.plan import Job
from srgnn_bench.store.dimensions import describe_dimension, describe_value
from srgnn_bench.store.record import Failure
from srgnn_bench.store.store import ResultStore


@dataclass(frozen=True)
class StaleRun:
    """A stored run that no suite asks for.

    Attributes:
        folder: where it is.
        fields: the fields of its identity that differ from the planned run nearest to it.
    """

    folder: Path
    fields: tuple[str, ...]


def failures(jobs: list[Job], store: ResultStore) -> Iterator[Failure]:
    """What is stored about the failures of a plan, one that several jobs share once."""
    places = dict.fromkeys(
        (job.dataset.name, job.candidate.spec.name, key)
        for job in jobs
        for key in (job.failure_key, *(run.key for run in _runs(job)))
    )
    for dataset, model, key in places:
        failure = store.failure(dataset=dataset, model=model, key=key)
        if failure is not None:
            yield failure


def stale_runs(jobs: list[Job], store: ResultStore) -> Iterator[StaleRun]:
    """Stored runs of the plan's datasets and models that neither it nor another suite asks for."""
    others = {
        cell.key
        for name in store.suites()
        if name not in {job.suite.name for job in jobs} and (manifest := store.manifest(name))
        for cell in manifest.cells
    }
    planned: dict[tuple[str, str], list[tuple[str, dict[str, Any]]]] = {}
    for job in jobs:
        place = (job.dataset.name, job.candidate.spec.name)
        planned.setdefault(place, []).extend(
            (run.key, flat(run.identity.model_dump())) for run in _runs(job)
        )
    for record in store.records():
        place = (record.identity.dataset, record.model)
        wanted = planned.get(place, [])
        if not wanted or record.key in {*others, *(key for key, _ in wanted)}:
            continue
        stored = flat(record.identity.model_dump())
        differences = [
            tuple(sorted(k for k in {**stored, **w} if stored.get(k) != w.get(k)))
            for _, w in wanted
        ]
        yield StaleRun(
            store.run_of(record).path,
            min(differences, key=len),
        )


def chosen_edges(jobs: list[Job]) -> Iterator[str]:
    """A line for every value that tuning chose at an end of what was searched."""
    told = set()
    for job in jobs:
        if job.study is None or job.suite.tuning is None or job.study.key in told:
            continue
        told.add(job.study.key)
        tuning = job.study.stored.tuning(job.suite.tuning)
        if tuning is None or tuning.best is None or not _runs(job):
            continue
        for parameter, end in tuning.edges.items():
            yield (
                f"{job.dataset.name} {job.candidate.entry.name}: {parameter} = "
                f"{describe_value(tuning.best.parameters[parameter])} is at the {end} end of "
                f"{describe_dimension(tuning.space[parameter])}; a better value may lie beyond"
            )


def _runs(job: Job) -> list[Any]:
    try:
        winner = job.winner()
    except BenchError:
        return []
    return [] if winner is None else job.runs(winner)

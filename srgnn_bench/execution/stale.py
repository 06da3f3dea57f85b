"""Explains what is stored but not usable: failures, and runs of another configuration."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from srgnn_bench.errors import BenchError
from srgnn_bench.execution.plan import Job, flat
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


def _runs(job: Job) -> list[Any]:
    try:
        winner = job.winner()
    except BenchError:
        return []
    return [] if winner is None else job.runs(winner)

"""How long what is left of a suite will take: from stored runs of its kind, or a few steps."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, median
from typing import Any, Literal

import numpy as np
import torch

from srgnn_bench.data.protocol import test_stage, validation_stage
from srgnn_bench.data.sessions import Stage
from srgnn_bench.errors import ModelError
from srgnn_bench.execution.plan import Job, JobState, Resume, State
from srgnn_bench.process.computing import computing_on, device_facts
from srgnn_bench.process.device import Device
from srgnn_bench.process.environment import processor
from srgnn_bench.store.store import ResultStore
from srgnn_bench.training.build import build
from srgnn_bench.training.configuration import Candidate
from srgnn_bench.training.fit import step_seconds
from srgnn_bench.training.ranking import rank_prefixes
from srgnn_bench.training.stopping import usual_course
from srgnn_bench.tuning.study import Winner

UnitKind = Literal["trial", "finalist", "run"]

CONFIGURATIONS = 3
"""Configurations of a model that are measured, where tuning tries as many."""

STEPS_SECONDS = 0.4
"""Time after which no further step is measured."""

RANKED = {True: 4096, False: 1024}
"""Prefixes ranked to measure it, of a fitted model and of a trained one: many sessions begin alike,
and a fitted one gains by it."""


@dataclass(frozen=True)
class Part:
    """What is left of a job.

    Attributes:
        dataset, entry: which one, as events name it.
        units: trials, finalists and final runs that are left.
        seconds: time of one of each kind; None where nothing is known of it.
    """

    dataset: str
    entry: str
    units: Mapping[UnitKind, int]
    seconds: Mapping[UnitKind, float] | None

    @property
    def left(self) -> float | None:
        """Seconds that it will take in all; None where that is not known."""
        if not any(self.units.values()):
            return 0.0
        if self.seconds is None:
            return None
        return sum(self.units[kind] * self.seconds[kind] for kind in self.units)


@dataclass(frozen=True)
class Forecast:
    """What is left of a suite, job by job, in the order of the plan.

    A study that several jobs share stands with the first of them.
    """

    parts: tuple[Part, ...]

    @property
    def units(self) -> int:
        """Trials, finalists and final runs still to be done."""
        return sum(sum(part.units.values()) for part in self.parts)

    @property
    def left(self) -> float | None:
        """Seconds in all; None where that is not known of some job."""
        left = [part.left for part in self.parts]
        return None if any(each is None for each in left) else sum(filter(None, left))

    def seconds(self, dataset: str, entry: str, kind: UnitKind) -> float:
        """Time of one unit of a job; where that is not known of every job, all units count 1."""
        if self.left is None:
            return 1.0
        found = (p.seconds for p in self.parts if (p.dataset, p.entry) == (dataset, entry))
        return (next(found, None) or {}).get(kind, 0.0)


def work_left(jobs: Sequence[Job], states: Sequence[JobState]) -> Forecast:
    """What is still to be done, without a word on time."""
    return Forecast(
        tuple(
            Part(job.dataset.name, job.candidate.entry.name, units, None)
            for job, units in zip(jobs, _units(jobs, states), strict=True)
        )
    )


def to_be_done(state: JobState, resume: Resume) -> JobState:
    """How far a job will be once what ``resume`` asks to be done again is forgotten."""
    again: dict[Resume, set[State]] = {
        "retry-failed": {"failed", "lost"},
        "overwrite": {"done", "failed", "lost"},
    }
    if resume == "only-cache":
        return replace(state, trials=state.trials_done, runs=())
    runs = tuple("missing" if run in again.get(resume, ()) else run for run in state.runs)
    anew = resume == "overwrite" or (resume == "retry-failed" and state.tuning_failed)
    return replace(state, trials_done=0 if anew else state.trials_done, runs=runs)


def forecast(
    jobs: Sequence[Job], states: Sequence[JobState], *, store: ResultStore, device: Device
) -> Forecast:
    """How long what is still to be done will take on this machine.

    A model's time for a prefix comes from stored runs of the same code, data and machine. Where
    there are none, the configurations that tuning tries first, or the one that it chose, are
    trained for a few steps, which takes about a second each. Nothing of that is kept.

    How many epochs a training takes is a guess until it is chosen (``usual_course``).

    Args:
        jobs: a suite's plan.
        states: how far each is.
        store: the results folder.
        device: where it will be computed.
    """
    here = {"processor": processor(), "threads": torch.get_num_threads(), **device_facts(device)}
    stages = _Stages()
    parts = []
    for job, units in zip(jobs, _units(jobs, states), strict=True):
        seconds = None
        if any(units.values()):
            pace = _stored_pace(job, store, here) or _measured_pace(job, stages, device)
            seconds = None if pace is None else _unit_seconds(job, pace, stages)
        parts.append(Part(job.dataset.name, job.candidate.entry.name, units, seconds))
    return Forecast(tuple(parts))


def _units(jobs: Sequence[Job], states: Sequence[JobState]) -> list[dict[UnitKind, int]]:
    """Units that are left of each job."""
    counted, units = set[str](), list[dict[UnitKind, int]]()
    for job, state in zip(jobs, states, strict=True):
        study = "" if job.study is None else job.study.key
        left = 0 if study in counted else state.trials - state.trials_done
        counted.add(study)
        finalists = min(left, state.finalists)
        runs = state.runs.count("missing")
        whole = finalists + state.schedules
        units.append({"trial": left - finalists, "finalist": whole, "run": runs})
    return units


@dataclass(frozen=True)
class _Pace:
    """Seconds per prefix: of training on it once, or of fitting it; and of ranking it."""

    train: float
    rank: float


class _Stages:
    """What each kind of unit trains on and is judged on, made once per dataset."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, Any, bool], Stage] = {}

    def __call__(self, job: Job, kind: UnitKind) -> Stage:
        protocol = job.suite.protocol
        if kind == "finalist":
            protocol = protocol.with_all_sessions
        place = (job.dataset.fingerprint, protocol, kind == "run")
        if place not in self._made:
            make = test_stage if kind == "run" else validation_stage
            self._made[place] = make(job.dataset, protocol)
        return self._made[place]


def _unit_seconds(job: Job, pace: _Pace, stages: _Stages) -> dict[UnitKind, float]:
    """Seconds of one unit of each kind."""
    published = job.suite.protocol.kind == "published"
    winner = _winner(job)
    configuration = job.candidate.defaults if winner is None else winner.configuration
    judged_epochs, kept_epochs = usual_course(job.candidate.training(configuration))
    if winner is not None and winner.schedule is not None:
        kept_epochs = winner.schedule.epochs
    epochs: dict[UnitKind, float] = {
        "trial": judged_epochs,
        "finalist": judged_epochs,
        "run": judged_epochs if published else kept_epochs,
    }
    seconds: dict[UnitKind, float] = {}
    for kind, most in epochs.items():
        stage = stages(job, kind)
        times = 1 if job.candidate.is_fitted else most
        rankings = 1 if kind == "run" and job.suite.protocol.kind != "published" else times
        seconds[kind] = times * pace.train * len(stage.train_prefixes) + rankings * pace.rank * len(
            stage.judged
        )
    tuning = job.suite.tuning
    if job.study is not None and tuning is not None and tuning.seconds is not None:
        # Trials follow each other until the time is over, and finalists have their part of it.
        spent = sum(trial.seconds for trial in job.study.stored.trials())
        seconds = {**seconds, "trial": max(0.0, tuning.seconds - spent), "finalist": 0.0}
    return seconds


def _stored_pace(job: Job, store: ResultStore, here: dict[str, Any]) -> _Pace | None:
    """The median pace of runs of the same code on the same data and machine."""
    machine = ("processor", "threads", "device", "gpu")
    costs = [
        (record.cost, record.dataset)
        for record in store.records(dataset=job.dataset.name, model=job.candidate.spec.name)
        if record.identity.fingerprint == job.dataset.fingerprint
        and record.identity.implementation == job.candidate.implementation
        and all(record.environment.get(fact) == here.get(fact) for fact in machine)
    ]
    if not costs:
        return None
    return _Pace(
        train=median(c.train_seconds / max(1, c.epochs) / data.train_prefixes for c, data in costs),
        rank=median(c.rank_seconds / c.ranked_prefixes for c, _ in costs),
    )


def _measured_pace(job: Job, stages: _Stages, device: Device) -> _Pace | None:
    """The mean pace of the configurations to come; None where the model cannot be run."""
    stage = stages(job, "run" if job.study is None else "trial")
    try:
        with computing_on(device):  # as tasks are done
            paces = [
                _pace(job.candidate, configuration, stage, device)
                for configuration in _configurations(job)
            ]
    except Exception:  # a model from elsewhere may raise anything; its run will say what is wrong
        return None
    return _Pace(fmean(pace.train for pace in paces), fmean(pace.rank for pace in paces))


def _configurations(job: Job) -> list[dict[str, Any]]:
    """The configuration that was chosen, or those that tuning tries first."""
    winner = _winner(job)
    if winner is not None:
        return [winner.configuration]
    assert job.study is not None
    assert job.suite.tuning is not None
    return job.study.coming(job.suite.tuning, most=CONFIGURATIONS)


def _winner(job: Job) -> Winner | None:
    """The chosen configuration; None where none is, as where all trials failed."""
    with contextlib.suppress(ModelError):
        return job.winner()
    return None


def _pace(
    candidate: Candidate, configuration: dict[str, Any], stage: Stage, device: Device
) -> _Pace:
    started = time.perf_counter()
    model = build(candidate.model_class, configuration, stage, seed=0, device=device)
    if candidate.is_fitted:
        train = (time.perf_counter() - started) / len(stage.train_prefixes)
    else:
        training = candidate.training(configuration)
        step = min(training.train_batch_size, len(stage.train_prefixes))
        train = step_seconds(model, stage, training, patience=STEPS_SECONDS) / step
    few = np.arange(len(stage.judged)) < RANKED[candidate.is_fitted]
    started = time.perf_counter()
    rank_prefixes(model, stage.judged.select(few), n_items=stage.n_items)
    return _Pace(train, (time.perf_counter() - started) / np.count_nonzero(few))

"""Which runs a suite needs, and which of them are done, failed or missing."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from srgnn_bench.data.prepare import PreparedDataset, prepare
from srgnn_bench.errors import ModelError
from srgnn_bench.specs.dataset import DatasetSpec
from srgnn_bench.specs.resolving import ResolvedSuite
from srgnn_bench.specs.suite import ModelEntry, SuiteSpec
from srgnn_bench.store.keys import RESULTS_VERSION, key_of, seed_from
from srgnn_bench.store.record import Cell, Failure, RunIdentity
from srgnn_bench.store.run import StoredRun
from srgnn_bench.store.store import ResultStore
from srgnn_bench.training.configuration import Candidate, candidate, candidates
from srgnn_bench.tuning.study import Study, Winner

State = Literal["done", "failed", "lost", "missing"]
"""Lost: the machines failed it, so that nothing is known of the model."""

Resume = Literal["only-missing", "retry-failed", "only-cache", "overwrite"]
"""What to do about what is stored: leave failed runs alone, try them again, run nothing at all, or
forget everything and run all."""


@dataclass(frozen=True)
class Run:
    """One final run: a configuration and a seed.

    Attributes:
        number: number of the seed in the suite, from 0.
        identity: all that can change its numbers.
        key: hash of the identity.
    """

    number: int
    identity: RunIdentity
    key: str


@dataclass(frozen=True)
class Job:
    """A model on a dataset: its study, and a final run per seed.

    Attributes:
        suite: the suite it belongs to.
        source: the dataset's specification, from which a worker prepares it.
        dataset: the prepared data.
        candidate: the model.
        study: its tuning, or that of the model whose configuration it takes over; None where the
            suite has none.
    """

    suite: SuiteSpec
    source: DatasetSpec
    dataset: PreparedDataset
    candidate: Candidate
    study: Study | None

    @property
    def seeds(self) -> int:
        """Final runs: one per seed of the entry, or one alone where a seed changes nothing."""
        return self.suite.seeds_of(self.candidate.entry) if self.candidate.has_chance else 1

    def winner(self) -> Winner | None:
        """The chosen configuration, or None while tuning has trials to do.

        A variant runs the configuration that won without its values, with these on top, and by
        the schedule that its own training at full size chose.

        Raises:
            ModelError: tuning is over and every trial failed.
        """
        if self.study is None or self.suite.tuning is None:
            return Winner(self.candidate.defaults, None, None)
        winner = self.study.winner(self.suite.tuning)
        if winner is None or not self.is_variant:
            return winner
        own = self._own_study(winner)
        if own is None:
            return replace(winner, configuration=self._configuration(winner))
        chosen = own.winner(self.suite.tuning)
        return None if chosen is None else replace(chosen, study=winner.study)

    def studies(self) -> Iterator[Study]:
        """Its studies in their order: its tuning, then that of a variant's schedule.

        The second is known once the first is over, and looked for after that was handed out.
        """
        if self.study is None or self.suite.tuning is None:
            return
        yield self.study
        if not self.is_variant:
            return
        with contextlib.suppress(ModelError):  # whoever drives the first study says so
            winner = self.study.winner(self.suite.tuning)
            own = None if winner is None else self._own_study(winner)
            if own is not None:
                yield own

    @property
    def is_variant(self) -> bool:
        """Whether it has values that were not there when its configuration was tuned."""
        return self.suite.configurations_from is not None and bool(self.candidate.entry.parameters)

    def _configuration(self, winner: Winner) -> dict[str, Any]:
        return {**winner.configuration, **self.candidate.entry.parameters}

    def _own_study(self, winner: Winner) -> Study | None:
        """What chooses the schedule of a variant; None for what was tuned itself."""
        assert self.study is not None
        configuration = self._configuration(winner)
        if winner.schedule is None or configuration == winner.configuration:
            return None
        if self.suite.protocol.kind == "published":  # its epochs are chosen on the test
            return None
        return self.study.at_full_size(configuration)

    def runs(self, winner: Winner) -> list[Run]:
        """The final runs of a chosen configuration, one per seed."""
        published = self.suite.protocol.kind == "published"
        runs = []
        for number in range(self.seeds):
            identity = RunIdentity(
                dataset=self.dataset.name,
                fingerprint=self.dataset.fingerprint,
                protocol=self.suite.protocol.model_dump(include={"kind", "max_prefix_length"}),
                implementation=self.candidate.implementation,
                configuration=winner.configuration,
                schedule=None if published else winner.schedule,
                seed=seed_from(self.suite.seed, number),
                results_version=RESULTS_VERSION,
            )
            runs.append(Run(number, identity, identity.key))
        return runs

    def cells(self, runs: list[Run] | None) -> list[Cell]:
        """This job's part of the suite's manifest."""
        keys = [None] * self.seeds if runs is None else [run.key for run in runs]
        return [
            Cell(
                dataset=self.dataset.name,
                entry=self.candidate.entry.name,
                title=self.candidate.title,
                model=self.candidate.spec.name,
                seed=number,
                key=key,
                tuning=self.failure_key,
                budget=self.suite.tuning,
                family=self.candidate.spec.family,
            )
            for number, key in enumerate(keys)
        ]

    @property
    def failure_key(self) -> str:
        """Under which a failure of the tuning is stored: the last study that is known."""
        keys = [study.key for study in self.studies()]
        return keys[-1] if keys else key_of(self.candidate.defaults)


@dataclass(frozen=True)
class JobState:
    """How far a job is.

    Attributes:
        trials_done: trials that count towards the budget.
        trials: the budget; where that is a time, one more than are done while some is left.
        runs: state of each final run, by seed.
        finalists: the last ones of the trials: the best of them at full size.
        schedules: trainings at full size that are left to choose a variant's schedule.
        tuning_failed: whether every trial that the budget pays for failed.
    """

    trials_done: int
    trials: int
    runs: tuple[State, ...]
    finalists: int = 0
    schedules: int = 0
    tuning_failed: bool = False


def plan(
    suite: ResolvedSuite, *, data_root: Path | None, store: ResultStore, trust: bool = False
) -> list[Job]:
    """Every job of a suite, datasets in their order, models in theirs.

    Prepares the data, since a run's key depends on it.

    Args:
        suite: what to run, with all that it names.
        data_root: folder of the data; None where the suite needs none.
        store: the results folder.
        trust: whether models' classes may come from any module.

    Raises:
        BenchError: a dataset or model cannot be used; nothing has been run.
    """
    entries = candidates(suite, trust=trust)
    shared = _plain(suite, trust=trust)
    jobs = []
    for spec in (window for dataset in suite.datasets for window in dataset.in_windows()):
        data = prepare(spec, data_root=data_root, cache=store.data_folder)
        for model in entries:
            study = None
            if suite.spec.tuning is not None:
                study = Study(
                    shared or model,
                    dataset=data.name,
                    fingerprint=data.fingerprint,
                    protocol=suite.spec.protocol,
                    seed=suite.spec.seed,
                    store=store,
                )
            jobs.append(Job(suite.spec, spec, data, model, study))
    return jobs


def _plain(suite: ResolvedSuite, *, trust: bool) -> Candidate | None:
    """The model whose tuning all entries share, without values of its own; None if there is none.

    Its study is the one that any suite of the same protocol and training settings has of the
    model, so their trials are shared too.
    """
    if suite.source is None:
        return None
    entry = ModelEntry(model=suite.source.name, name=suite.source.name)
    return candidate(suite.spec, entry, suite.source, trust=trust)


def state_of(job: Job, store: ResultStore) -> JobState:
    """How far a job is, from the results folder alone; nothing is run."""
    done, trials, finalists = 0, 0, 0
    if job.study is not None and job.suite.tuning is not None:
        done, trials, finalists = job.study.progress(job.suite.tuning)
    where = {"dataset": job.dataset.name, "model": job.candidate.spec.name}
    failure = store.failure(**where, key=job.failure_key)
    if failure is not None and failure.lost:
        return JobState(done, trials, _all(job, "lost"))
    try:
        winner = job.winner()
    except ModelError:
        return JobState(done, trials, _all(job, "failed"), tuning_failed=True)
    if winner is None:
        missing = _all(job, "missing")
        return JobState(done, trials, missing, finalists, schedules=int(job.is_variant))
    return JobState(
        done,
        trials,
        tuple(_run_state(store.run(**where, key=run.key), job.suite) for run in job.runs(winner)),
        finalists,
    )


def is_done(stored: StoredRun, suite: SuiteSpec) -> bool:
    """Whether a run is stored, with its model where the suite keeps models."""
    return stored.record() is not None and (stored.has_weights or not suite.keep_models)


def _all(job: Job, state: State) -> tuple[State, ...]:
    return (state,) * job.seeds


def _run_state(stored: StoredRun, suite: SuiteSpec) -> State:
    if is_done(stored, suite):
        return "done"
    failure = stored.failure()
    return "missing" if failure is None else _failed(failure)


def _failed(failure: Failure) -> State:
    return "lost" if failure.lost else "failed"

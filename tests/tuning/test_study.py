"""Budgets, what decides a study's numbers, and that tuning sees no test session."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tiny_world import TinyWorld

from srgnn_bench import registry
from srgnn_bench.events import Event, TrialStarted
from srgnn_bench.execution.local import execute
from srgnn_bench.execution.plan import Job, plan, state_of
from srgnn_bench.schema import TuningSpec
from srgnn_bench.selection import select
from srgnn_bench.store.store import ResultStore
from srgnn_bench.store.trials import Trial, read_trials


def trial(number: int, *, seconds: float = 1.0, state: str = "complete") -> Trial:
    return Trial(
        number=number,
        state=state,
        value=0.5 if state == "complete" else None,
        parameters={},
        epochs=(),
        seconds=seconds,
    )


def job_of(world: TinyWorld, *, model: str = "stamp", settings: tuple[str, ...] = ()) -> Job:
    suite = select(registry.suite(str(world.suite)), models=[model], seeds=1, settings=settings)
    (job,) = plan(suite, data_root=world.data_root, store=ResultStore(world.results))
    return job


def test_a_budget_is_trials_or_seconds() -> None:
    assert TuningSpec() == TuningSpec(trials=10)
    assert TuningSpec(seconds=60).trials is None
    assert TuningSpec.model_validate(TuningSpec(seconds=60).model_dump()).seconds == 60
    with pytest.raises(ValidationError, match="in trials or in seconds"):
        TuningSpec(trials=3, seconds=60)


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    from tiny_world import make_tiny_world

    return job_of(make_tiny_world(tmp_path_factory.mktemp("study")))


STATES = st.sampled_from(["complete", "pruned", "failed"])


@given(st.lists(st.tuples(st.integers(1, 9), STATES), max_size=12), st.integers(1, 40))
def test_seconds_pay_for_every_trial_that_began_in_time(job: Job, ended, seconds: int) -> None:
    trials = [trial(n, seconds=s, state=state) for n, (s, state) in enumerate(ended)]
    paid = job.study.within(trials, TuningSpec(seconds=seconds))
    if paid is None:
        assert sum(t.seconds for t in trials) < seconds
    else:
        assert paid == trials[: len(paid)]
        assert sum(t.seconds for t in paid[:-1]) < seconds <= sum(t.seconds for t in paid)


def test_trials_pay_for_so_many_however_they_ended(job: Job) -> None:
    trials = [trial(0), trial(1, state="failed"), trial(2, state="pruned")]
    assert job.study.within(trials[:2], TuningSpec(trials=3)) is None
    assert job.study.within(trials, TuningSpec(trials=3)) == trials
    assert job.study.within(trials, TuningSpec(trials=2)) == trials[:2]


@pytest.mark.parametrize("model", ["stamp", "popularity"])
def test_a_benchmark_with_a_budget_of_seconds_ends(tiny_world: TinyWorld, model: str) -> None:
    job = job_of(tiny_world, model=model, settings=("tuning.trials=null", "tuning.seconds=0.001"))
    store = ResultStore(tiny_world.results)
    outcome = execute(
        job.suite, [job], store=store, resume="only-missing", listen=lambda event: None
    )
    assert outcome.done == 1
    (record,) = store.records()
    assert record.tuning.budget_seconds == 0.001
    assert record.tuning.budget == 1  # the defaults are always tried
    assert state_of(job, store).trials_done == state_of(job, store).trials == 1
    # The budget is no part of a study's identity, so more of it goes on from there.
    assert job_of(tiny_world, model=model).study.key == job.study.key


def test_tuning_is_the_same_whatever_the_test_sessions_are(
    tiny_world: TinyWorld, tmp_path: Path
) -> None:
    """Poisoned test sessions change neither a trial nor what wins; the final run does see them."""

    def tuned(results: Path, *, poison: bool) -> tuple[list[Trial], dict[str, float]]:
        job = job_of(tiny_world, settings=("training.epochs=2",))
        if poison:
            test = job.dataset.test
            items = np.full_like(test.items, job.dataset.train.items[0])
            job = replace(job, dataset=replace(job.dataset, test=replace(test, items=items)))
        job.study.folder = results / "study"
        store = ResultStore(results)
        execute(job.suite, [job], store=store, resume="only-missing", listen=lambda event: None)
        (record,) = store.records()
        trials = [t.model_copy(update={"seconds": 0.0}) for t in read_trials(job.study.folder)]
        return trials, record.metrics

    clean_trials, clean_metrics = tuned(tmp_path / "clean", poison=False)
    trials, metrics = tuned(tmp_path / "poisoned", poison=True)
    assert trials == clean_trials
    assert metrics != clean_metrics


@pytest.mark.parametrize("kept", ["lines", "lines, older database", "lines, damage", "database"])
def test_a_study_goes_on_from_its_lines_or_its_database(tiny_world: TinyWorld, kept: str) -> None:
    """Each of the two makes up for the other where it was not copied, or is damaged."""
    made: list[int] = []

    def listen(event: Event) -> None:
        if isinstance(event, TrialStarted):
            made.append(event.number)

    def tuned(results: Path, *, trials: int) -> Path:
        settings = ("training.epochs=2", f"tuning.trials={trials}")
        job = job_of(replace(tiny_world, results=results), settings=settings)
        store = ResultStore(results)
        execute(job.suite, [job], store=store, resume="only-missing", listen=listen)
        return job.study.folder

    undisturbed = tuned(tiny_world.root / "undisturbed", trials=9)
    results = tiny_world.root / "copied"
    older = (tuned(results, trials=2) / "study.db").read_bytes()
    copied = tuned(results, trials=7)
    if kept == "database":
        (copied / "trials.ndjson").unlink()
    elif kept == "lines":
        (copied / "study.db").unlink()
    else:
        (copied / "study.db").write_bytes(older if "older" in kept else older[:50_000])
    made.clear()
    tuned(results, trials=9)
    assert made == [7, 8]
    found, wanted = (
        [trial.model_copy(update={"seconds": 0.0}) for trial in read_trials(folder)]
        for folder in (copied, undisturbed)
    )
    assert found == wanted

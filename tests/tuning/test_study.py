"""Budgets, what decides a study's numbers, and that tuning sees no test session."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from tiny_world import TinyWorld

from srgnn_bench.errors import StoreError
from srgnn_bench.events import Event, TrialStarted
from srgnn_bench.execution.coordinator import execute
from srgnn_bench.execution.plan import Job, plan, state_of
from srgnn_bench.specs.model import Dimension
from srgnn_bench.specs.resolving import resolve
from srgnn_bench.specs.suite import TuningSpec
from srgnn_bench.store.store import ResultStore
from srgnn_bench.store.study import EpochValue, StoredStudy, Trial
from srgnn_bench.tuning.export import export_studies
from srgnn_bench.tuning.space import STATES as OPTUNAS
from srgnn_bench.tuning.space import next_parameters, suggest


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
    suite = resolve(str(world.suite), models=[model], seeds=1, settings=settings)
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
    standing = job.study.standing(trials, TuningSpec(seconds=seconds))
    paid = standing.trials
    if not standing.over:
        assert sum(t.seconds for t in trials) < seconds
    else:
        assert paid == trials[: len(paid)]
        assert sum(t.seconds for t in paid[:-1]) < seconds <= sum(t.seconds for t in paid)


def test_trials_pay_for_so_many_however_they_ended(job: Job) -> None:
    trials = [trial(0), trial(1, state="failed"), trial(2, state="pruned")]
    assert not job.study.standing(trials[:2], TuningSpec(trials=3)).over
    for budget in (2, 3):
        standing = job.study.standing(trials, TuningSpec(trials=budget))
        assert standing.is_done
        assert standing.trials == trials[:budget]


@pytest.mark.parametrize("model", ["stamp", "popularity"])
def test_a_benchmark_with_a_budget_of_seconds_ends(tiny_world: TinyWorld, model: str) -> None:
    job = job_of(tiny_world, model=model, settings=("tuning.trials=null", "tuning.seconds=0.001"))
    store = ResultStore(tiny_world.results)
    outcome = execute([job], store=store, resume="only-missing", listen=lambda event: None)
    assert outcome.done == 1
    (record,) = store.records()
    [study] = store.studies()
    tuning = study.tuning(job.suite.tuning)
    assert (tuning.study, tuning.budget_seconds) == (record.study, 0.001)
    assert tuning.budget == 1  # the defaults are always tried
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
        store = ResultStore(results)
        job.study.stored = store.study(dataset="tiny", model="stamp", key=job.study.key)
        execute([job], store=store, resume="only-missing", listen=lambda event: None)
        (record,) = store.records()
        trials = [t.model_copy(update={"seconds": 0.0}) for t in job.study.stored.trials()]
        return trials, record.metrics

    clean_trials, clean_metrics = tuned(tmp_path / "clean", poison=False)
    trials, metrics = tuned(tmp_path / "poisoned", poison=True)
    assert trials == clean_trials
    assert metrics != clean_metrics


def without_seconds(trials: list[Trial]) -> list[Trial]:
    return [trial.model_copy(update={"seconds": 0.0}) for trial in trials]


def test_a_study_goes_on_from_its_lines_as_if_it_had_not_stopped(tiny_world: TinyWorld) -> None:
    made: list[int] = []

    def listen(event: Event) -> None:
        if isinstance(event, TrialStarted):
            made.append(event.number)

    def tuned(results: Path, *, trials: int) -> StoredStudy:
        settings = ("training.epochs=2", f"tuning.trials={trials}")
        job = job_of(replace(tiny_world, results=results), settings=settings)
        store = ResultStore(results)
        execute([job], store=store, resume="only-missing", listen=listen)
        return job.study.stored

    undisturbed = tuned(tiny_world.root / "undisturbed", trials=9)
    tuned(tiny_world.root / "stopped", trials=7)
    made.clear()
    stopped = tuned(tiny_world.root / "stopped", trials=9)
    assert made == [7, 8]
    assert without_seconds(stopped.trials()) == without_seconds(undisturbed.trials())


SEARCHED = TypeAdapter(dict[str, Dimension]).validate_python(
    {
        "rate": {"type": "float", "low": 1e-4, "high": 1e-1, "log": True},
        "readout": {"type": "choice", "values": ["a", "b", "c", None]},
        "steps": {"type": "int", "low": 1, "high": 5, "when": {"readout": ["a", "c"]}},
    }
)


def test_lines_alone_suggest_what_a_database_of_optuna_does(tmp_path: Path) -> None:
    """Failed and pruned trials, and dimensions that are not always searched, included."""
    defaults = {"rate": 0.001, "readout": "a", "steps": 1}
    study = optuna.create_study(storage=f"sqlite:///{tmp_path / 'study.db'}", direction="maximize")
    study.enqueue_trial(defaults)
    lines: list[Trial] = []
    for number in range(16):
        study.sampler = optuna.samplers.TPESampler(seed=number, n_startup_trials=5)
        asked = study.ask()
        suggest(asked, SEARCHED, defaults=defaults)
        again = next_parameters(lines, SEARCHED, defaults=defaults, seed=number)
        assert again == asked.params
        state = {4: "failed", 7: "pruned", 11: "pruned"}.get(number, "complete")
        value = -abs(np.log(asked.params["rate"]) + 5) + asked.params.get("steps", 0)
        asked.report(value, step=1)
        study.tell(asked, value if state == "complete" else None, state=OPTUNAS[state])
        lines.append(
            Trial(
                number=number,
                state=state,
                value=value if state == "complete" else None,
                parameters=asked.params,
                epochs=(EpochValue(epoch=1, value=value),),
                seconds=1.0,
            )
        )


def test_finalists_are_no_trials_of_the_export(tiny_world: TinyWorld) -> None:
    settings = ["protocol.tuning_fraction=0.5", "tuning.finalists=1"]
    suite = resolve(str(tiny_world.suite), models=["stamp"], seeds=1, settings=settings)
    store = ResultStore(tiny_world.results)
    [job] = plan(suite, data_root=tiny_world.data_root, store=store)
    execute([job], store=store, resume="only-missing", listen=lambda event: None)
    lines = job.study.stored.trials()
    assert [line.finalist for line in lines] == [False, False, True]
    out = tiny_world.root / "studies.db"
    [name] = export_studies(store, out=out)
    exported = optuna.load_study(study_name=name, storage=f"sqlite:///{out}")
    assert [trial.value for trial in exported.trials] == [line.value for line in lines[:2]]


def test_studies_are_exported_for_optuna(tiny_world: TinyWorld) -> None:
    results = tiny_world.root / "odd? 100%"
    job = job_of(replace(tiny_world, results=results))
    store = ResultStore(results)
    execute([job], store=store, resume="only-missing", listen=lambda event: None)
    out = tiny_world.root / "studies.db"
    killed = out.with_name(f".{out.name}.99999")
    killed.parent.mkdir(parents=True, exist_ok=True)
    killed.write_bytes(b"of a call that was killed")
    [name] = export_studies(store, out=out)
    assert list(out.parent.glob(f".{out.name}*")) == []
    exported = optuna.load_study(study_name=name, storage=f"sqlite:///{out}")
    assert [t.value for t in exported.trials] == [t.value for t in job.study.stored.trials()]
    assert exported.trials[0].params == job.study.stored.trials()[0].parameters
    with pytest.raises(StoreError, match="holds no study"):
        export_studies(ResultStore(tiny_world.root / "nothing"), out=out)

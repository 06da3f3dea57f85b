"""Variants of one model that run the configuration that was tuned for it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from tiny_world import TinyWorld, make_tiny_world

from srgnn_bench.errors import SpecError
from srgnn_bench.events import Event, TrialDone
from srgnn_bench.execution.coordinator import Outcome, execute
from srgnn_bench.execution.forecast import work_left
from srgnn_bench.execution.plan import Resume, plan, state_of
from srgnn_bench.execution.stale import failures, stale_runs
from srgnn_bench.specs import registry
from srgnn_bench.specs.resolving import ResolvedSuite, resolve
from srgnn_bench.specs.suite import ModelEntry
from srgnn_bench.store.store import ResultStore
from srgnn_bench.store.study import best_trial
from srgnn_bench.training.configuration import candidate, candidates

ABLATIONS = [name for name in registry.names("suite") if name.startswith("ablation-")]


def ablation(world: TinyWorld, **changes: object) -> ResolvedSuite:
    """SR-GNN as it is, and without a graph."""
    content = yaml.safe_load(world.suite.read_text())
    content |= {
        "models": [
            {"model": "srgnn", "name": "plain"},
            {"model": "srgnn", "name": "no-graph", "parameters": {"step": 0}},
        ],
        "configurations_from": "srgnn",
        "seeds": 1,
    }
    path = world.root / "ablation.yaml"
    path.write_text(yaml.safe_dump(content | changes))
    return resolve(str(path))


def run(
    world: TinyWorld, suite: ResolvedSuite, *, resume: Resume = "only-missing"
) -> tuple[Outcome, ResultStore, int]:
    """What came of it, and the trials that it took."""
    store = ResultStore(world.results)
    jobs = plan(suite, data_root=world.data_root, store=store, trust=True)
    events: list[Event] = []
    outcome = execute(jobs, store=store, resume=resume, listen=events.append)
    return outcome, store, sum(isinstance(event, TrialDone) for event in events)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> TinyWorld:
    """A world in which the ablation has been run."""
    world = make_tiny_world(tmp_path_factory.mktemp("ablation"))
    suite = ablation(world)
    store = ResultStore(world.results)
    jobs = plan(suite, data_root=world.data_root, store=store)
    assert work_left(jobs, [state_of(job, store) for job in jobs]).units == 2 + 1 + 2
    outcome, _, trials = run(world, suite)
    assert outcome == Outcome(done=2, trained=2, failed=0, missing=0)
    assert trials == 2 + 1
    return world


def test_variants_run_what_won_with_their_own_values_on_top(world: TinyWorld) -> None:
    store = ResultStore(world.results)
    records = list(store.records())
    plain, other = sorted(records, key=lambda r: -r.identity.configuration["step"])
    assert other.identity.configuration == {**plain.identity.configuration, "step": 0}
    schedule, study = sorted(store.studies(), key=lambda each: len(each.trials()))
    assert plain.study == other.study == study.key
    best = best_trial(study.trials())
    assert plain.identity.configuration.items() >= best.parameters.items()
    assert plain.identity.schedule == best.schedule
    # The variant's own schedule is chosen by one training that sees all training sessions.
    [trial] = schedule.trials()
    assert (trial.state, other.identity.schedule) == ("complete", trial.schedule)
    assert schedule.facts().identity["protocol"]["tuning_fraction"] == 1
    assert schedule.facts().identity["defaults"] == other.identity.configuration


def test_the_plain_model_of_another_suite_has_nothing_left_to_do(world: TinyWorld) -> None:
    suite = resolve(str(world.suite), models=["srgnn"], seeds=1)
    outcome, store, trials = run(world, suite)
    assert (outcome.done, outcome.trained, trials) == (1, 0, 0)
    jobs = plan(suite, data_root=world.data_root, store=store)
    assert list(stale_runs(jobs, store)) == []  # the variant's run belongs to the ablation


def test_overwriting_makes_the_runs_of_all_variants_again(world: TinyWorld) -> None:
    outcome, _, trials = run(world, ablation(world), resume="overwrite")
    assert (outcome.trained, trials) == (2, 2 + 1)


def test_null_tunes_every_variant_anew(world: TinyWorld) -> None:
    suite = ablation(world)
    store = ResultStore(world.results)
    shared = plan(suite, data_root=world.data_root, store=store)
    anew = plan(
        resolve(suite, settings=["configurations_from=null"]),
        data_root=world.data_root,
        store=store,
    )
    keys = [[job.study.key for job in jobs if job.study] for jobs in (shared, anew)]
    assert keys[0][0] == keys[0][1] == keys[1][0] != keys[1][1]
    assert "step" not in anew[1].candidate.space


def test_a_tuning_that_fails_fails_every_variant_and_is_told_once(
    tiny_world: TinyWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent / "models"))
    path = tiny_world.root / "broken.yaml"
    path.write_text("{title: Broken, class: 'broken_model:Broken', citation: made for tests}")
    entries = [
        {"model": str(path), "name": "one"},
        {"model": str(path), "name": "two", "parameters": {"epochs": 2}},
    ]
    suite = ablation(tiny_world, models=entries, configurations_from=str(path))
    outcome, store, trials = run(tiny_world, suite)
    assert (outcome.failed, trials) == (2, 1)  # nothing is searched
    jobs = plan(suite, data_root=tiny_world.data_root, store=store, trust=True)
    assert len(list(failures(jobs, store))) == 1


def test_a_variant_that_fails_leaves_the_others_alone(tiny_world: TinyWorld) -> None:
    wrong = {"model": "srgnn", "name": "wrong", "parameters": {"learning_rate": 1e30}}
    entries = [{"model": "srgnn", "name": "plain"}, wrong]
    suite = ablation(tiny_world, models=entries)
    outcome, store, trials = run(tiny_world, suite)
    assert (outcome.done, outcome.failed, trials) == (1, 1, 2 + 1)
    jobs = plan(suite, data_root=tiny_world.data_root, store=store)
    [failure] = failures(jobs, store)
    assert failure.key == jobs[1].failure_key != jobs[0].failure_key
    outcome, _, trials = run(tiny_world, suite, resume="retry-failed")
    assert (outcome.failed, trials) == (1, 1)


def test_only_variants_can_share_a_configuration(tiny_world: TinyWorld) -> None:
    with pytest.raises(SpecError, match="'srgnn', but stamp is not a variant of it"):
        ablation(tiny_world, models=["srgnn", "stamp"])


@pytest.mark.parametrize("name", ABLATIONS)
def test_shipped_ablations_share_the_trials_of_the_standard_suite(name: str) -> None:
    suite, standard = registry.suite(name), registry.suite("standard")
    for part in ("protocol", "tuning", "training", "seed"):
        assert getattr(suite, part) == getattr(standard, part)
    [tuned] = [entry for entry in standard.models if entry.name == "srgnn"]
    assert suite.seeds == standard.seeds_of(tuned)
    assert suite.configurations_from == "srgnn"
    assert set(suite.datasets) <= set(standard.datasets)
    model = registry.model("srgnn")
    plain = ModelEntry(model="srgnn", name="srgnn")
    mine, its = candidate(suite, plain, model), candidate(standard, plain, model)
    assert (mine.defaults, mine.space) == (its.defaults, its.space)
    for variant in candidates(resolve(name)):
        assert variant.model_class is its.model_class


def test_every_ablation_of_the_paper_is_shipped() -> None:
    varied = {
        parameter: {entry.parameters.get(parameter) for entry in suite.models}
        for suite in map(registry.suite, ABLATIONS)
        for entry in suite.models
        for parameter in entry.parameters
    }
    # None is the reference, which sets nothing.
    assert varied == {
        "step": {0, 1, 2, 3, 4},
        "readout": {None, "local", "average", "attention"},
        "connections": {None, "global", "full", "none"},
        "edge_weights": {None, "count"},
    }

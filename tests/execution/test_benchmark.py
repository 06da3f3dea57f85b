"""A whole benchmark in miniature: run twice, interrupted, failing, overwritten."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path

import pytest
import yaml
from tiny_world import TinyWorld, broken_model, make_tiny_world

from srgnn_bench.data.protocol import test_stage as stage_for_test
from srgnn_bench.errors import StoreError
from srgnn_bench.events import EpochDone, Event, RunDone, TrialDone
from srgnn_bench.execution.coordinator import Outcome, Resume, execute
from srgnn_bench.execution.final import FinalResult, FinalTask
from srgnn_bench.execution.forecast import forecast, to_be_done
from srgnn_bench.execution.plan import plan, state_of
from srgnn_bench.execution.stale import failures, stale_runs
from srgnn_bench.process.device import CPU
from srgnn_bench.report.captions import notes, protocol_line
from srgnn_bench.report.results import load_suite
from srgnn_bench.specs.resolving import ResolvedSuite, resolve
from srgnn_bench.store.record import Schedule
from srgnn_bench.store.store import ResultStore
from srgnn_bench.tuning.study import Winner


def run(
    world: TinyWorld,
    *,
    suite: ResolvedSuite | None = None,
    results: Path | None = None,
    resume: Resume = "only-missing",
    listen=lambda event: None,
) -> tuple[Outcome, ResultStore]:
    suite = suite or resolve(str(world.suite))
    store = ResultStore(results or world.results)
    jobs = plan(suite, data_root=world.data_root, store=store, trust=True)
    return execute(jobs, store=store, resume=resume, listen=listen), store


def contents(store: ResultStore) -> dict[str, tuple[dict[str, float], list[int]]]:
    return {
        record.key: (record.metrics, store.ranks(record).tolist()) for record in store.records()
    }


def assert_same(one: ResultStore, other: ResultStore) -> None:
    assert contents(one) == contents(other)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest):
    """One undisturbed run, shared by the tests that only look at it."""
    world = make_tiny_world(tmp_path_factory.mktemp("finished"))
    events: list[Event] = []
    outcome, store = run(world, listen=events.append)
    return world, outcome, store, events


def test_every_cell_is_trained_and_stored(finished) -> None:
    _, outcome, store, events = finished
    assert outcome == Outcome(done=5, trained=5, failed=0, missing=0)
    records = list(store.records())
    assert len(records) == 5
    assert sum(isinstance(event, TrialDone) for event in events) == 2 * 2 + 1
    for record in records:
        ranks = store.ranks(record)
        assert len(ranks) == record.dataset.test_prefixes
        assert record.metrics["recall@20"] == (ranks <= 20).mean()
        assert record.study is not None
        study = store.study(dataset="tiny", model=record.model, key=record.study)
        assert len(study.trials()) == (1 if record.model == "popularity" else 2)
    assert not list(store.root.rglob("*checkpoint*"))


def test_what_a_kill_left_of_checkpoints_goes_with_the_next_call(finished) -> None:
    world, _, store, _ = finished
    record = next(r for r in store.records() if r.model == "srgnn")
    of_run = store.run_of(record).path
    (of_trials,) = {path.parent for path in world.results.glob("studies/tiny/srgnn/*/*.ndjson")}
    leftovers = [
        of_run / "0123456789ab.checkpoint",
        of_run / "0123456789ab.checkpoint.123",
        of_trials / "0123456789ab.checkpoint",
        of_trials / "0123456789ab.checkpoint.123",
        of_trials / ".trials.ndjson.123",
        of_run / ".ranks.parquet.123",
        world.results / "suites" / ".tinysuite.json.123",
    ]
    for path in leftovers:
        path.write_bytes(b"half")
    run(world)
    assert not any(path.exists() for path in leftovers)


def test_the_trained_models_learn_the_pattern(finished) -> None:
    _, _, store, _ = finished
    by_model = {r.model: r.metrics["recall@5"] for r in store.records()}
    assert by_model["srgnn"] > 0.6
    assert by_model["srgnn"] > 2 * by_model["popularity"]


def test_the_report_says_the_seeds_of_trained_models(finished) -> None:
    _, _, store, _ = finished
    line = protocol_line(load_suite(store, suite="tinysuite"))
    assert line.endswith("; 2 seeds.")  # and not 1 to 2, since popularity has one run
    assert "once more" not in line


def test_a_record_says_how_its_data_was_divided_and_what_it_can_show(
    tiny_world: TinyWorld,
) -> None:
    described = yaml.safe_load(tiny_world.dataset.read_text())
    described |= {"note": "Made for tests.", "preparation": {"split": {"kind": "leave_one_out"}}}
    tiny_world.dataset.write_text(yaml.safe_dump(described))
    suite = resolve(str(tiny_world.suite), models=["popularity"])
    _, store = run(tiny_world, suite=suite)
    [record] = store.records()
    assert record.dataset.division == "within sessions"
    results = load_suite(store, suite="tinysuite")
    assert "Tiny: Made for tests." in notes(results)
    assert any(note.startswith("LETS THE FUTURE IN: Tiny: ") for note in notes(results))


def test_the_report_says_how_many_finalists_there_were(tiny_world: TinyWorld) -> None:
    part = ["protocol.tuning_fraction=0.5"]
    suite = resolve(str(tiny_world.suite), models=["stamp"], trials=2, seeds=1, settings=part)
    _, store = run(tiny_world, suite=suite)
    line = protocol_line(load_suite(store, suite="tinysuite"))
    assert "2 tuning trials, the best 2 of them once more on all training sessions, per" in line


def test_seeds_differ(finished) -> None:
    _, _, store, _ = finished
    losses = {store.epochs(r)[-1]["loss"] for r in store.records() if r.model == "srgnn"}
    assert len(losses) == 2


def test_the_final_training_takes_the_epochs_that_validation_chose(finished) -> None:
    _, _, store, _ = finished
    for record in store.records():
        if record.model != "popularity":
            assert len(store.epochs(record)) == record.identity.schedule.epochs
            assert all(epoch["judged"] is None for epoch in store.epochs(record))


def test_a_second_call_trains_nothing(finished) -> None:
    world, _, _, _ = finished
    before = {p: p.stat().st_mtime_ns for p in world.results.rglob("record.json")}
    events: list[Event] = []
    outcome, _ = run(world, listen=events.append)
    assert outcome == Outcome(done=5, trained=0, failed=0, missing=0)
    assert events == []
    assert before == {p: p.stat().st_mtime_ns for p in world.results.rglob("record.json")}


def test_more_trials_continue_the_study(finished, tmp_path: Path) -> None:
    world, _, _, _ = finished
    results = tmp_path / "results"
    shutil.copytree(world.results, results)
    suite = resolve(str(world.suite), models=["stamp"], trials=3)
    events: list[Event] = []
    run(world, suite=suite, results=results, listen=events.append)
    assert [e.number for e in events if isinstance(e, TrialDone)] == [2]


@pytest.mark.parametrize("stop_at", [1, 4, 9, 14, 19])
def test_an_interrupted_benchmark_ends_like_an_undisturbed_one(
    finished, tmp_path: Path, stop_at: int
) -> None:
    world, _, undisturbed, _ = finished
    seen = 0

    def interrupt(event: Event) -> None:
        nonlocal seen
        seen += isinstance(event, EpochDone | TrialDone | RunDone)
        if seen == stop_at:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(world, results=tmp_path / "results", listen=interrupt)
    outcome, store = run(world, results=tmp_path / "results")
    assert outcome.done == 5
    assert_same(store, undisturbed)


def test_an_interrupted_trial_is_paid_for_as_a_whole(tiny_world: TinyWorld) -> None:
    suite = resolve(str(tiny_world.suite), models=["srgnn"], trials=1, seeds=1)
    events: list[Event] = []

    def interrupt(event: Event) -> None:
        if isinstance(event, EpochDone) and event.epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tiny_world, suite=suite, listen=interrupt)
    _, store = run(tiny_world, suite=suite, listen=events.append)
    first = list(itertools.takewhile(lambda event: not isinstance(event, TrialDone), events))
    (record,) = store.records()
    [study] = store.studies()
    assert study.key == record.study
    assert study.trials()[0].seconds >= sum(e.seconds for e in first if isinstance(e, EpochDone))


def test_order_of_execution_changes_nothing(finished, tmp_path: Path) -> None:
    world, _, undisturbed, _ = finished
    suite = resolve(str(world.suite), models=["popularity", "stamp", "srgnn"])
    _, store = run(world, suite=suite, results=tmp_path / "results")
    assert_same(store, undisturbed)


def test_a_failing_model_does_not_stop_the_others(
    tiny_world: TinyWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent / "models"))
    path = broken_model(tiny_world)
    suite = resolve(str(tiny_world.suite), models=[str(path), "popularity"])
    outcome, store = run(tiny_world, suite=suite)
    assert outcome == Outcome(done=1, trained=1, failed=2, missing=0)
    jobs = plan(suite, data_root=tiny_world.data_root, store=store, trust=True)
    (failure,) = failures(jobs, store)
    assert "wrong on purpose" in failure.error
    assert "Traceback" in failure.traceback
    assert state_of(jobs[0], store).runs == ("failed", "failed")
    # It is left alone until it is asked for.
    assert run(tiny_world, suite=suite)[0].failed == 2
    monkeypatch.setenv("BROKEN_MODEL", "mended")
    assert run(tiny_world, suite=suite)[0].failed == 2
    assert run(tiny_world, suite=suite, resume="retry-failed")[0] == Outcome(3, 2, 0, 0)


def test_tuning_that_failed_is_seen_where_a_kill_left_no_word_of_it(
    tiny_world: TinyWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last failed trial is stored; the process died before it could store the failure."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent / "models"))
    suite = resolve(str(tiny_world.suite), models=[str(broken_model(tiny_world)), "popularity"])
    _, store = run(tiny_world, suite=suite)
    jobs = plan(suite, data_root=tiny_world.data_root, store=store, trust=True)
    for word in tiny_world.results.rglob("failure.json"):
        word.unlink()
    assert state_of(jobs[0], store).runs == ("failed", "failed")
    assert forecast(jobs, [state_of(job, store) for job in jobs], store=store, device=CPU).left == 0
    assert run(tiny_world, suite=suite)[0] == Outcome(done=1, trained=0, failed=2, missing=0)
    assert len(list(failures(jobs, store))) == 1
    for word in tiny_world.results.rglob("failure.json"):
        word.unlink()
    again = [to_be_done(state_of(job, store), "retry-failed") for job in jobs]
    units = {
        part.entry: part.units for part in forecast(jobs, again, store=store, device=CPU).parts
    }
    assert units["broken"] == {"trial": 1, "finalist": 0, "run": 2}
    monkeypatch.setenv("BROKEN_MODEL", "mended")
    assert run(tiny_world, suite=suite, resume="retry-failed")[0] == Outcome(3, 2, 0, 0)


def test_tuning_that_failed_with_a_smaller_budget_goes_on_with_a_larger_one(
    tiny_world: TinyWorld,
) -> None:
    chosen = resolve(str(tiny_world.suite), models=["stamp"], seeds=1)
    _, store = run(tiny_world, suite=chosen)
    [job] = plan(chosen, data_root=tiny_world.data_root, store=store)
    first, second = job.study.stored.trials()
    failed = first.model_copy(update={"state": "failed", "value": None, "error": "out of luck"})
    job.study.stored.write_trials(job.study.facts, [failed, second])
    smaller = resolve(chosen, trials=1)
    assert run(tiny_world, suite=smaller)[0] == Outcome(done=0, trained=0, failed=1, missing=0)
    outcome, _ = run(tiny_world, suite=chosen)
    assert (outcome.done, outcome.failed) == (1, 0)
    assert list(failures([job], store)) == []


@pytest.mark.parametrize(
    ("trouble", "message"),
    [
        ("hangs", "took longer than 1 seconds"),
        ("nan", "The loss of Broken is nan in epoch 1, step 1"),
        ("nan-scores", "returned NaN as a score"),
    ],
)
def test_a_model_that_hangs_or_returns_nan_is_stored_as_failed(
    tiny_world: TinyWorld, monkeypatch: pytest.MonkeyPatch, trouble: str, message: str
) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent / "models"))
    monkeypatch.setenv("BROKEN_MODEL", trouble)
    suite = resolve(
        str(tiny_world.suite),
        models=[str(broken_model(tiny_world)), "popularity"],
        trials=1,
        seeds=1,
        settings=["time_limit_seconds=1"],
    )
    outcome, store = run(tiny_world, suite=suite)
    assert outcome == Outcome(done=1, trained=1, failed=1, missing=0)
    jobs = plan(suite, data_root=tiny_world.data_root, store=store, trust=True)
    (failure,) = failures(jobs, store)
    assert message in failure.error


def test_only_cache_runs_nothing(tiny_world: TinyWorld) -> None:
    outcome, store = run(tiny_world, resume="only-cache")
    assert outcome == Outcome(done=0, trained=0, failed=0, missing=5)
    assert list(store.records()) == []


def test_overwrite_runs_all_again(finished, tmp_path: Path) -> None:
    world, _, undisturbed, _ = finished
    results = tmp_path / "results"
    shutil.copytree(world.results, results)
    outcome, store = run(world, results=results, resume="overwrite")
    assert outcome.trained == 5
    assert_same(store, undisturbed)


def test_what_is_overwritten_is_never_half_there(
    finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, _, undisturbed, _ = finished
    results = tmp_path / "results"
    shutil.copytree(world.results, results)

    def killed(folder: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(shutil, "rmtree", killed)
    with pytest.raises(KeyboardInterrupt):
        run(world, results=results, resume="overwrite")
    monkeypatch.undo()
    outcome, store = run(world, results=results)
    assert outcome.trained == 1  # the one whose removal had begun
    assert_same(store, undisturbed)


def test_what_may_not_be_removed_is_one_clear_error(
    finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, *_ = finished
    results = tmp_path / "results"
    shutil.copytree(world.results, results)

    def refused(folder: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(shutil, "rmtree", refused)
    with pytest.raises(StoreError, match="Permission denied"):
        run(world, results=results, resume="overwrite")


def test_a_run_of_other_settings_is_stale_and_says_why(finished) -> None:
    world, _, store, _ = finished
    suite = resolve(str(world.suite), models=["stamp"], settings=["seed=7"], seeds=1)
    jobs = plan(suite, data_root=world.data_root, store=store)
    assert list(stale_runs(jobs, store)) == []  # nothing planned yet: its tuning is to be done
    same = resolve(str(world.suite), models=["stamp"], seeds=1)
    jobs = plan(same, data_root=world.data_root, store=store)
    (stale,) = stale_runs(jobs, store)
    assert stale.fields == ("seed",)


def test_the_published_protocol_takes_the_best_test_epoch(tiny_world: TinyWorld) -> None:
    suite = resolve(
        str(tiny_world.suite),
        models=["stamp"],
        trials=0,
        seeds=1,
        settings=["protocol.kind=published"],
    )
    outcome, store = run(tiny_world, suite=suite)
    assert outcome.done == 1
    (record,) = store.records()
    assert record.protocol_kind == "published"
    assert record.study is None
    by_epoch = [epoch["judged"]["mrr@20"] for epoch in store.epochs(record)]
    assert record.metrics["mrr@20"] == max(by_epoch)


def test_what_validation_chose_does_not_limit_the_published_protocol(
    tiny_world: TinyWorld, tmp_path: Path
) -> None:
    suite = resolve(
        str(tiny_world.suite),
        models=["stamp"],
        seeds=1,
        settings=["protocol.kind=published"],
    )
    (job,) = plan(suite, data_root=tiny_world.data_root, store=ResultStore(tiny_world.results))
    winner = Winner(job.candidate.defaults, schedule=Schedule(epochs=1), study=None)
    (planned,) = job.runs(winner)
    result = FinalTask.of(job, planned, winner, keep_lists=False).do(
        stage_for_test(job.dataset, job.suite.protocol),
        listen=lambda event: None,
        checkpoint=tmp_path / "checkpoint",
        device=CPU,
    )
    assert isinstance(result, FinalResult)
    assert len(result.epochs) == job.suite.training["epochs"]


def test_runs_of_other_settings_are_not_put_beside_those_of_a_suite(tiny_world: TinyWorld) -> None:
    chosen = resolve(str(tiny_world.suite), models=["popularity"], seeds=1)
    run(tiny_world, suite=chosen)
    manifest = tiny_world.results / "suites" / "tinysuite.json"
    before = manifest.read_bytes()
    settings = ["protocol.validation_fraction=0.4", "training.epochs=9"]
    whole = resolve(str(tiny_world.suite))
    other = resolve(whole, models=["stamp"], seeds=1, settings=settings)
    with pytest.raises(StoreError, match=r"validation_fraction was 0\.1, now 0\.4; .*epochs") as e:
        run(tiny_world, suite=other)
    assert "popularity on tiny" in e.value.problem
    assert manifest.read_bytes() == before
    # What replaces all of it is no mixture.
    again = resolve(whole, models=["popularity"], seeds=1, settings=settings)
    outcome, _ = run(tiny_world, suite=again)
    assert outcome.done == 1


def test_of_two_calls_at_once_with_other_settings_one_is_refused(tiny_world: TinyWorld) -> None:
    """The other one has nothing but a trial under way."""
    whole = resolve(str(tiny_world.suite))
    first = resolve(whole, models=["stamp"], seeds=1, trials=1, settings=["training.epochs=3"])
    second = resolve(whole, models=["srgnn"], seeds=1, trials=1, settings=["training.epochs=2"])
    refused = []

    def call(event: Event) -> None:
        if isinstance(event, EpochDone) and not refused:
            with pytest.raises(StoreError, match=r"epochs was 3, now 2.*stamp on tiny") as error:
                run(tiny_world, suite=second)
            refused.append(error)

    outcome, store = run(tiny_world, suite=first, listen=call)
    assert refused
    assert outcome.done == 1
    assert {cell.entry for cell in store.manifest("tinysuite").cells} == {"stamp"}


def test_a_call_whose_settings_were_replaced_meanwhile_is_refused_at_its_end(
    tiny_world: TinyWorld,
) -> None:
    """Another one has put all of its jobs, and more, under other settings."""
    whole = resolve(str(tiny_world.suite))
    first = resolve(
        whole, models=["popularity"], seeds=1, settings=["protocol.max_prefix_length=9"]
    )
    second = resolve(whole, models=["popularity", "stamp"], seeds=1, trials=1)
    told = []

    def call(event: Event) -> None:
        if not told:
            told.append(event)
            run(tiny_world, suite=second)

    with pytest.raises(StoreError, match=r"max_prefix_length was None, now 9.*stamp on tiny"):
        run(tiny_world, suite=first, listen=call)


def test_what_each_call_allowed_its_tuning_is_told(tiny_world: TinyWorld) -> None:
    """And a winner is the one that ran, whatever budget the last call had."""
    whole = resolve(str(tiny_world.suite), seeds=1)
    run(tiny_world, suite=resolve(whole, models=["stamp"], trials=4))
    _, store = run(tiny_world, suite=resolve(whole, models=["srgnn"], trials=1))
    results = load_suite(store, suite="tinysuite")
    told = {record.model: results.tuning(record) for record in results.all_records()}
    assert {model: tuning.budget for model, tuning in told.items()} == {"stamp": 4, "srgnn": 1}
    [ran] = results.records["tiny", "stamp"]
    assert told["stamp"].best.parameters.items() <= ran.identity.configuration.items()
    assert "1 to 4 tuning trials" in protocol_line(results)
    assert any(line.startswith("UNEQUAL TUNING BUDGETS: 1 trials and") for line in notes(results))


def test_an_entry_may_have_seeds_of_its_own_number(tiny_world: TinyWorld) -> None:
    many = {"model": "stamp", "name": "stamp", "seeds": 3}
    suite = resolve(str(tiny_world.suite), models=[many, "srgnn", "popularity"])
    store = ResultStore(tiny_world.results)
    for chosen, expected in ((suite, [3, 2, 1]), (resolve(suite, seeds=4), [4, 4, 1])):
        jobs = plan(chosen, data_root=tiny_world.data_root, store=store, trust=True)
        assert [job.seeds for job in jobs] == expected


def test_an_entry_has_the_same_values_on_all_data_sets(tiny_world: TinyWorld) -> None:
    another = tiny_world.root / "another.yaml"
    another.write_text(tiny_world.dataset.read_text())
    shutil.copytree(tiny_world.data_root / "tiny", tiny_world.data_root / "another")
    whole = resolve(str(tiny_world.suite))

    def chosen(dataset: Path, size: int) -> ResolvedSuite:
        settings = [f"models.stamp.embedding_size={size}"]
        names = [str(dataset)]
        return resolve(
            whole, datasets=names, models=["stamp"], trials=1, seeds=1, settings=settings
        )

    run(tiny_world, suite=chosen(tiny_world.dataset, 8))
    with pytest.raises(StoreError, match=r"models\.stamp\.embedding_size was 8, now 16"):
        run(tiny_world, suite=chosen(another, 16))
    outcome, _ = run(tiny_world, suite=chosen(another, 8))
    assert outcome.done == 1


def test_models_of_other_data_are_not_put_beside_those_of_a_suite(tiny_world: TinyWorld) -> None:
    whole = resolve(str(tiny_world.suite))
    run(tiny_world, suite=resolve(whole, models=["popularity", "markov"], trials=1, seeds=1))
    manifest = tiny_world.results / "suites" / "tinysuite.json"
    before = manifest.read_bytes()
    log = tiny_world.data_root / "tiny" / "clicks.csv"
    lines = log.read_text().splitlines(keepends=True)
    log.write_text("".join(lines[:-20]))
    with pytest.raises(StoreError, match="tiny is not the data that it was") as e:
        run(tiny_world, suite=resolve(whole, models=["popularity"], trials=1, seeds=1))
    assert "markov on tiny" in e.value.problem
    assert manifest.read_bytes() == before
    # What replaces all of it is no mixture.
    both = resolve(whole, models=["popularity", "markov"], trials=1, seeds=1)
    outcome, _ = run(tiny_world, suite=both)
    assert outcome.done == 2

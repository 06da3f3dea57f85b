"""Studies in PostgreSQL: a real server, shared by coordinators, killed in the middle."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from postgres import Server, needs_postgres, running_server
from tiny_world import TinyWorld

from srgnn_bench.errors import SpecError, StoreError
from srgnn_bench.events import EpochDone, Event, TrialDone
from srgnn_bench.execution.coordinator import Outcome, execute
from srgnn_bench.execution.plan import plan
from srgnn_bench.specs.resolving import resolve
from srgnn_bench.specs.suite import SuiteSpec
from srgnn_bench.store.store import ResultStore
from srgnn_bench.store.study import Trial
from srgnn_bench.tuning.server import StudyServer, Taken

pytestmark = [needs_postgres(), pytest.mark.postgres]


@pytest.fixture(scope="module")
def database() -> Iterator[Server]:
    pytest.importorskip("psycopg", reason="needs the extra 'distributed'")
    with running_server() as server:
        yield server


def suite_of(world: TinyWorld, *settings: str, seed: int) -> SuiteSpec:
    """A suite of its own studies: each test has another seed."""
    return resolve(
        str(world.suite), models=["stamp"], seeds=1, settings=[f"seed={seed}", *settings]
    )


def run(
    world: TinyWorld, suite: SuiteSpec, results: str, *, url: str | None, listen=lambda event: None
) -> tuple[Outcome, list[Trial]]:
    store = ResultStore(world.root / results)
    jobs = plan(suite, data_root=world.data_root, store=store)
    studies = None if url is None else StudyServer(url)
    outcome = execute(jobs, store=store, resume="only-missing", listen=listen, studies=studies)
    trials = jobs[0].study.stored.trials()
    return outcome, [trial.model_copy(update={"seconds": 0.0}) for trial in trials]


@pytest.mark.parametrize("part", [1, 0.5], ids=["trials", "finalists"])
def test_it_keeps_what_a_file_keeps_and_another_machine_finds_it(
    database: Server, tiny_world: TinyWorld, part: float
) -> None:
    suite = suite_of(tiny_world, f"protocol.tuning_fraction={part}", seed=1)
    _, in_a_file = run(tiny_world, suite, "file", url=None)
    _, here = run(tiny_world, suite, "here", url=database.url)
    events: list[Event] = []
    outcome, there = run(tiny_world, suite, "there", url=database.url, listen=events.append)
    assert here == there == in_a_file
    assert sum(trial.finalist for trial in here) == (0 if part == 1 else 2)
    assert outcome.done == 1
    assert not any(isinstance(event, TrialDone) for event in events)  # they were made here


def test_a_study_is_leased_to_one_at_a_time(database: Server) -> None:
    one, other = StudyServer(database.url), StudyServer(database.url)
    with one.lease("study"):
        with pytest.raises(Taken), other.lease("study"):
            pass
        with other.lease("another study"):
            pass
        with pytest.raises(StoreError, match="Another coordinator is at"):
            other.forget("study")
    with other.lease("study"):
        pass


def test_two_coordinators_make_each_trial_once(database: Server, tiny_world: TinyWorld) -> None:
    suite = suite_of(tiny_world, seed=2)
    events: list[Event] = []
    second = threading.Event()
    found: list[list[Trial]] = []

    def other() -> None:
        second.set()
        found.append(run(tiny_world, suite, "b", url=database.url, listen=events.append)[1])

    thread = threading.Thread(target=other)

    def listen(event: Event) -> None:
        events.append(event)
        if not thread.ident:
            thread.start()  # in the middle of the first trial
            second.wait()

    _, trials = run(tiny_world, suite, "a", url=database.url, listen=listen)
    thread.join()
    assert found == [trials]
    assert [e.number for e in events if isinstance(e, TrialDone)] == [0, 1]


@pytest.mark.parametrize("stop_at", [1, 6])
def test_a_killed_database_stops_the_run_which_goes_on_when_called_again(
    database: Server, tiny_world: TinyWorld, stop_at: int
) -> None:
    suite = suite_of(tiny_world, seed=2 + stop_at)
    seen = 0

    def kill(event: Event) -> None:
        nonlocal seen
        seen += isinstance(event, EpochDone)
        if seen == stop_at:
            database.kill()
            seen += 1

    with pytest.raises(StoreError, match="Start it, then call again") as stopped:
        run(tiny_world, suite, "killed", url=database.url, listen=kill)
    assert "secret" not in str(stopped.value)
    with pytest.raises(StoreError, match="cannot be used"):
        run(tiny_world, suite, "killed", url=database.url)
    database.start()
    outcome, trials = run(tiny_world, suite, "killed", url=database.url)
    assert outcome.done == 1
    assert trials == run(tiny_world, suite, "file", url=None)[1]


@pytest.mark.parametrize("url", ["sqlite:///study.db", "mysql://host/studies", "nonsense"])
def test_another_database_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"postgresql://|PostgreSQL"):
        StudyServer(url)

"""Two coordinators share studies, and their database dies: one line each, and nothing is lost.

The test prints what was tried and what came of it (``pytest -s``); the long one is marked slow.
"""

from __future__ import annotations

import os
import random
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import yaml
from postgres import Server, needs_postgres, running_server
from tiny_benchmark import assert_same, run_benchmark
from tiny_world import TinyWorld

from srgnn_bench.errors import StoreError
from srgnn_bench.events import Event, TrialDone
from srgnn_bench.store.store import ResultStore

psycopg = pytest.importorskip("psycopg", reason="needs the extra 'distributed'")

pytestmark = [needs_postgres(), pytest.mark.postgres]

DONE, BROKEN, ONE_LINE = 0, 1, 3
"""Exit codes of a coordinator."""

PATIENCE = 120
"""Seconds after which a coordinator that says nothing about its database hangs."""


@pytest.fixture
def database() -> Iterator[Server]:
    with running_server() as server:
        yield server


def coordinator(world: TinyWorld, results: Path, *, url: str) -> int:
    """Start one in a process of its own; its process id.

    It adds the trials that it made to ``trials`` beside its results, and its error to ``error``.
    """
    child = os.fork()
    if child:
        return child

    def listen(event: Event) -> None:
        if isinstance(event, TrialDone):
            with results.with_suffix(".trials").open("a") as file:
                file.write(f"{event.entry} {event.number}\n")

    code = BROKEN
    try:
        run_benchmark(world, results, studies=url, listen=listen)
        code = DONE
    except StoreError as error:
        results.with_suffix(".error").write_text(str(error))
        code = ONE_LINE
    except BaseException:
        traceback.print_exc()
    os._exit(code)


def code_of(child: int) -> int:
    """The exit code of a coordinator whose database is gone, or that was left alone."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    raise AssertionError("a coordinator hangs")


def set_seed(world: TinyWorld, seed: int) -> None:
    """Give the suite studies and runs of its own."""
    suite = yaml.safe_load(world.suite.read_text())
    world.suite.write_text(yaml.safe_dump({**suite, "seed": seed, "seeds": 1}))


def studies_of(results: Path) -> dict[str, list[object]]:
    """The trials of each study, without the time that they took."""
    return {
        study.key: [trial.model_copy(update={"seconds": 0.0}) for trial in study.trials()]
        for study in ResultStore(results).studies()
    }


def rows(url: str) -> Counter[tuple[str, int]]:
    """How often each trial is in the database."""
    with psycopg.connect(url) as connection:
        return Counter(connection.execute("SELECT study, number FROM srgnn_bench_trials"))


@pytest.mark.parametrize(
    "cycles", [2, pytest.param(30, marks=pytest.mark.slow)], ids=["two", "thirty"]
)
def test_two_coordinators_outlive_the_death_of_their_database(
    database: Server, tiny_world: TinyWorld, cycles: int
) -> None:
    torch.set_num_threads(1)  # threads do not survive a fork
    chance = random.Random(2019)
    survived: Counter[str] = Counter()
    trials = suites = deaths = 0
    known: set[tuple[str, int]] = set()
    while deaths < cycles:
        suites += 1
        set_seed(tiny_world, suites)
        undisturbed = tiny_world.root / f"undisturbed{suites}"
        started = time.monotonic()
        run_benchmark(tiny_world, undisturbed)
        longest = (time.monotonic() - started) / 2  # so that most deaths find both at work
        folders = [tiny_world.root / f"{name}{suites}" for name in ("one", "other")]
        left = list(folders)
        while left:
            children = {coordinator(tiny_world, f, url=database.url): f for f in left}
            dies = deaths < cycles
            if dies:
                time.sleep(chance.uniform(0, longest))
                database.kill()
                deaths += 1
            for child, folder in children.items():
                code = code_of(child)
                assert code in (DONE, ONE_LINE)
                if code == DONE:
                    survived["had no need of it any more"] += dies
                    left.remove(folder)
                    continue
                assert dies
                survived["stopped with one line"] += 1
                error = folder.with_suffix(".error").read_text()
                assert "\n" not in error
                assert "Start it, then call again" in error
                assert "secret" not in error
            if dies:
                database.start()
        wanted = studies_of(undisturbed)
        made: Counter[str] = Counter()
        for folder in folders:
            assert studies_of(folder) == wanted
            assert_same(folder, undisturbed)
            if folder.with_suffix(".trials").exists():
                made.update(folder.with_suffix(".trials").read_text().splitlines())
        assert set(made.values()) <= {1}, "a trial was made by both"
        expected = {(key, trial.number) for key, study in wanted.items() for trial in study}
        stored = rows(database.url)
        assert set(stored.values()) == {1}
        assert set(stored) - known == expected
        known |= expected
        trials += len(expected)
    print(f"\n{deaths} deaths of the database under two coordinators: {dict(survived)}")
    print(f"  {suites} suites ended the same, each of their {trials} trials is stored once")

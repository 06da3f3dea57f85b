"""Two coordinators share studies, and their database dies: one line each, and nothing is lost.

The test prints what was tried and what came of it (``pytest -s``); the long one is marked slow.
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import torch
import yaml
from apart import begin, code_of
from postgres import Server, needs_postgres, running_server
from tiny_benchmark import assert_same, run_benchmark
from tiny_world import TinyWorld

from srgnn_bench.errors import StoreError
from srgnn_bench.events import Event, TrialDone
from srgnn_bench.store.store import ResultStore

psycopg = pytest.importorskip("psycopg", reason="needs the extra 'distributed'")

pytestmark = [needs_postgres(), pytest.mark.postgres]

DONE, ONE_LINE = 0, 3
"""Exit codes of a coordinator that its database does not surprise."""


@pytest.fixture
def database() -> Iterator[Server]:
    with running_server() as server:
        yield server


def coordinate(world: TinyWorld, results: Path, *, url: str) -> None:
    """Run the benchmark, and add the trials that it makes to ``trials`` beside its results.

    One error ends it with an exit code; what it says is in ``error``.
    """

    def listen(event: Event) -> None:
        if isinstance(event, TrialDone):
            with results.with_suffix(".trials").open("a") as file:
                file.write(f"{event.entry} {event.number}\n")

    try:
        run_benchmark(world, results, studies=url, listen=listen)
    except StoreError as error:
        results.with_suffix(".error").write_text(str(error))
        sys.exit(ONE_LINE)


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
    torch.set_num_threads(1)  # like the coordinators
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
            works = [partial(coordinate, tiny_world, folder, url=database.url) for folder in left]
            at_work = {begin(work): folder for work, folder in zip(works, left, strict=True)}
            dies = deaths < cycles
            if dies:
                time.sleep(chance.uniform(0, longest))
                database.kill()
                deaths += 1
            for process, folder in at_work.items():
                code = code_of(process)
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

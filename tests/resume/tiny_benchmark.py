"""A tiny benchmark, and whether one that was disturbed ended like one that was not."""

from __future__ import annotations

from pathlib import Path

from tiny_world import TinyWorld, contents

from srgnn_bench.events import Listener
from srgnn_bench.execution.coordinator import execute
from srgnn_bench.execution.plan import plan
from srgnn_bench.specs.resolving import resolve
from srgnn_bench.store.store import ResultStore
from srgnn_bench.tuning.server import StudyServer


def run_benchmark(
    world: TinyWorld,
    results: Path,
    *,
    studies: str | None = None,
    listen: Listener = lambda event: None,
) -> None:
    """Run the whole suite, or what it still lacks; ``studies`` is the URL of their database."""
    suite = resolve(str(world.suite))
    store = ResultStore(results)
    jobs = plan(suite, data_root=world.data_root, store=store)
    execute(
        jobs,
        store=store,
        resume="only-missing",
        listen=listen,
        studies=None if studies is None else StudyServer(studies),
    )


def assert_same(results: Path, undisturbed: Path) -> None:
    found, wanted = contents(ResultStore(results)), contents(ResultStore(undisturbed))
    assert found.keys() == wanted.keys()
    assert found == wanted
    assert not list(results.rglob("*checkpoint*")), "a checkpoint outlived its training"
    assert_nothing_half_written(results)


def assert_nothing_half_written(folder: Path) -> None:
    hidden = {path.name for path in folder.rglob(".*")}
    assert all(name.endswith(".lock") for name in hidden), "something half-written stayed"

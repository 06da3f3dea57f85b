"""kill -9 at random moments: the benchmark goes on, and ends like one that was never touched."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
import traceback
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import torch
from tiny_world import TinyWorld

from srgnn_bench import registry
from srgnn_bench.data.prepare import prepare
from srgnn_bench.execution.local import execute
from srgnn_bench.execution.plan import plan
from srgnn_bench.report import build_report
from srgnn_bench.report.compare import compare_stores
from srgnn_bench.selection import select
from srgnn_bench.store.store import ResultStore

LONGEST_LIFE = 1.5
"""Seconds that a process may live; a whole tiny benchmark takes longer."""


def run_benchmark(world: TinyWorld, results: Path) -> None:
    suite = registry.suite(str(world.suite))
    store = ResultStore(results)
    jobs = plan(suite, data_root=world.data_root, store=store)
    execute(suite, jobs, store=store, resume="only-missing", listen=lambda event: None)


def run_and_kill(work: Callable[[], None], *, after: float) -> bool:
    """Run in a process of its own and kill it after a time; True where it was done before."""
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    deadline = time.monotonic() + after
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            assert os.waitstatus_to_exitcode(status) == 0, "the benchmark itself failed"
            return True
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


def contents(
    results: Path,
) -> dict[str, tuple[dict[str, float], list[int], list[float], str | None]]:
    store = ResultStore(results)
    return {
        record.key: (
            record.metrics,
            store.ranks(record).tolist(),
            [epoch["loss"] for epoch in store.epochs(record)],
            record.study,
        )
        for record in store.records()
    }


def assert_same(results: Path, undisturbed: Path) -> None:
    found, wanted = contents(results), contents(undisturbed)
    assert found.keys() == wanted.keys()
    assert found == wanted
    assert not list(results.rglob("*checkpoint*")), "a checkpoint outlived its training"
    hidden = {path.name for path in results.rglob(".*")}
    assert all(name.endswith(".lock") for name in hidden), "something half-written stayed"


@pytest.mark.parametrize(
    "kills", [8, pytest.param(60, marks=pytest.mark.slow)], ids=["eight", "sixty"]
)
def test_a_benchmark_killed_again_and_again_ends_the_same(
    tiny_world: TinyWorld, kills: int
) -> None:
    torch.set_num_threads(1)  # threads do not survive a fork
    undisturbed = tiny_world.root / "undisturbed"
    run_benchmark(tiny_world, undisturbed)
    chance = random.Random(2019)
    killed = benchmarks = 0
    while killed < kills:
        benchmarks += 1
        results = tiny_world.root / f"killed{benchmarks}"
        work = partial(run_benchmark, tiny_world, results)
        while not run_and_kill(work, after=chance.uniform(0, LONGEST_LIFE)):
            killed += 1
        assert_same(results, undisturbed)
    print(f"\n{killed} kills of {benchmarks} benchmarks, all ended the same")


def do(what: str, world: TinyWorld, results: Path) -> None:
    """One of the things that may be killed; ``results`` holds a finished benchmark."""
    if what == "prepare":
        prepare(registry.dataset(str(world.dataset)), data_root=world.data_root, cache=results)
        return
    store = ResultStore(results)
    if what == "overwrite":
        suite = select(registry.suite(str(world.suite)), models=["stamp"])
        jobs = plan(suite, data_root=world.data_root, store=store)
        execute(suite, jobs, store=store, resume="overwrite", listen=lambda event: None)
    elif what == "report":
        build_report(store, suite="tinysuite", out=results / "report")
    else:
        compare_stores(store, store, suite="tinysuite", out=results / "compared")


@pytest.mark.parametrize(
    "kills", [8, pytest.param(140, marks=pytest.mark.slow)], ids=["eight", "many"]
)
def test_whatever_is_killed_does_its_work_when_it_is_called_again(
    tiny_world: TinyWorld, kills: int
) -> None:
    torch.set_num_threads(1)
    undisturbed = tiny_world.root / "undisturbed"
    run_benchmark(tiny_world, undisturbed)
    chance = random.Random(2019)
    tried: Counter[str] = Counter()
    for number in range(kills):
        what = ("prepare", "overwrite", "report", "compare")[number % 4]
        results = tiny_world.root / f"{what}{number}"
        if what != "prepare":
            shutil.copytree(undisturbed, results)
        work = partial(do, what, tiny_world, results)
        finished = run_and_kill(work, after=chance.uniform(0, LONGEST_LIFE))
        tried[f"{what}, {'ended before' if finished else 'killed'}"] += 1
        if what == "overwrite":
            run_benchmark(tiny_world, results)
            assert_same(results, undisturbed)
        else:
            work()
        if what == "report":
            assert (results / "report" / "index.html").read_text().endswith("</html>\n")
        shutil.rmtree(results)
    print(f"\n{kills} kills, every one made good: {dict(sorted(tried.items()))}")


def test_two_processes_share_the_work_and_do_nothing_twice(tiny_world: TinyWorld) -> None:
    torch.set_num_threads(1)
    undisturbed = tiny_world.root / "undisturbed"
    run_benchmark(tiny_world, undisturbed)
    results = tiny_world.root / "shared"
    children = []
    for _ in range(2):
        child = os.fork()
        if child == 0:
            try:
                run_benchmark(tiny_world, results)
                os._exit(0)
            except BaseException:
                os._exit(1)
        children.append(child)
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    assert codes == [0, 0]
    assert_same(results, undisturbed)

"""kill -9 at random moments: the benchmark goes on, and ends like one that was never touched.

Each test prints what was killed and what came of it (``pytest -s``); the long ones are marked slow.
"""

from __future__ import annotations

import random
import shutil
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import torch
from apart import begin, code_of
from served_folder import served
from tiny_benchmark import assert_nothing_half_written, assert_same, run_benchmark
from tiny_world import TinyWorld

from srgnn_bench.data import download as downloading
from srgnn_bench.data.download import download
from srgnn_bench.data.prepare import prepare
from srgnn_bench.execution.coordinator import execute
from srgnn_bench.execution.plan import plan
from srgnn_bench.report import build_report
from srgnn_bench.report.compare import compare_stores
from srgnn_bench.specs import registry
from srgnn_bench.specs.dataset import RecBoleDownload
from srgnn_bench.specs.resolving import resolve
from srgnn_bench.store.store import ResultStore

LONGEST_LIFE = 1 / 3
"""A benchmark that is killed lives for at most this part of the time that it takes undisturbed."""

LONGER = 1.1
"""What each kill multiplies the next life by: a machine that has become slower comes to an end."""


def run_and_kill(work: Callable[[], object], *, after: float) -> bool:
    """Run in a process of its own and kill it after a time; True where it was done before."""
    process = begin(work)
    process.join(after)
    if process.exitcode is None:
        process.kill()
        process.join()
        return False
    assert process.exitcode == 0, "the work itself failed"
    return True


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".lock"
    }


@pytest.mark.parametrize(
    "kills", [8, pytest.param(60, marks=pytest.mark.slow)], ids=["eight", "sixty"]
)
def test_a_benchmark_killed_again_and_again_ends_the_same(
    tiny_world: TinyWorld, kills: int
) -> None:
    torch.set_num_threads(1)  # like the processes
    undisturbed = tiny_world.root / "undisturbed"
    started = time.monotonic()
    run_benchmark(tiny_world, undisturbed)
    whole = time.monotonic() - started
    chance = random.Random(2019)
    killed = benchmarks = 0
    while killed < kills:
        benchmarks += 1
        results = tiny_world.root / f"killed{benchmarks}"
        work = partial(run_benchmark, tiny_world, results)
        longest = LONGEST_LIFE * whole
        while not run_and_kill(work, after=chance.uniform(0, longest)):
            killed += 1
            longest *= LONGER
        assert_same(results, undisturbed)
    print(f"\n{killed} kills of {benchmarks} runs of the benchmark, all ended the same")


def do(what: str, world: TinyWorld, results: Path, site: str) -> None:
    """One of the things that may be killed; ``results`` holds a finished benchmark."""
    dataset = registry.dataset(str(world.dataset))
    if what == "prepare":
        prepare(dataset, data_root=world.data_root, cache=results / "made")
        return
    if what == "download":
        source = RecBoleDownload(kind="recbole", key="tiny")
        spec = dataset.model_copy(update={"downloads": (source,)})
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(downloading, "_recbole_addresses", lambda: {"tiny": f"{site}tiny.zip"})
            download(spec, data_root=results / "made")
        return
    store = ResultStore(results)
    if what == "overwrite":
        suite = resolve(str(world.suite), models=["stamp"])
        jobs = plan(suite, data_root=world.data_root, store=store)
        execute(jobs, store=store, resume="overwrite", listen=lambda event: None)
    elif what == "report":
        build_report(store, suite="tinysuite", out=results / "made", forms=("svg",))
    else:
        compare_stores(store, store, suite="tinysuite", out=results / "made")


def write_archive(path: Path) -> None:
    """An archive as RecBole publishes them, which takes a while to fetch."""
    chance = random.Random(2019)
    with zipfile.ZipFile(path, "w") as opened:
        for side in ("train", "test"):
            opened.writestr(f"tiny/tiny.{side}.inter", chance.randbytes(4_000_000))


WORKS = (*("prepare", "download", "overwrite", "compare") * 3, "report")
"""What is killed in turn; drawing a report takes twenty times as long as most of the rest."""


@pytest.mark.parametrize(
    "kills", [13, pytest.param(140, marks=pytest.mark.slow)], ids=["thirteen", "many"]
)
def test_whatever_is_killed_does_its_work_when_it_is_called_again(
    tiny_world: TinyWorld, kills: int
) -> None:
    torch.set_num_threads(1)
    root = tiny_world.root
    undisturbed = root / "undisturbed"
    run_benchmark(tiny_world, undisturbed)
    site = root / "site"
    site.mkdir()
    write_archive(site / "tiny.zip")
    chance = random.Random(2019)
    tried = Counter[str]()
    with served(site) as address:
        seconds, wanted = {}, {}
        for what in dict.fromkeys(WORKS):
            results = root / what
            shutil.copytree(undisturbed, results)
            started = time.monotonic()
            do(what, tiny_world, results, address)
            seconds[what] = time.monotonic() - started
            wanted[what] = files_of(results / "made")
            shutil.rmtree(results)
        killed = 0
        while killed < kills:
            what = WORKS[sum(tried.values()) % len(WORKS)]
            results = root / what
            shutil.copytree(undisturbed, results)
            work = partial(do, what, tiny_world, results, address)
            finished = run_and_kill(work, after=chance.uniform(0, seconds[what]))
            killed += not finished
            tried[f"{what} {'ended before' if finished else 'killed'}"] += 1
            if what == "overwrite":
                run_benchmark(tiny_world, results)
                assert_same(results, undisturbed)
            else:
                work()
                assert files_of(results / "made") == wanted[what]
                assert_nothing_half_written(results)
            shutil.rmtree(results)
    print(f"\n{killed} kills, every one made good: {dict(sorted(tried.items()))}")
    print("  " + ", ".join(f"{what} takes {seconds[what]:.2f} s" for what in seconds))


def test_two_processes_share_the_work_and_do_nothing_twice(tiny_world: TinyWorld) -> None:
    torch.set_num_threads(1)
    undisturbed = tiny_world.root / "undisturbed"
    run_benchmark(tiny_world, undisturbed)
    results = tiny_world.root / "shared"
    processes = [begin(partial(run_benchmark, tiny_world, results)) for _ in range(2)]
    assert [code_of(process) for process in processes] == [0, 0]
    assert_same(results, undisturbed)

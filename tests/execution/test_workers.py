"""Workers in processes of their own: the same numbers, and the dead and the stuck are survived."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tiny_world import TinyWorld, broken_model, contents, make_tiny_world

from srgnn_bench.data.locate import ROOT_VARIABLE
from srgnn_bench.errors import ClusterError
from srgnn_bench.events import EpochDone, Event, RunDone, RunStarted, TrialDone, TrialStarted
from srgnn_bench.execution.coordinator import Outcome, _Coordinator, execute
from srgnn_bench.execution.plan import Job, plan
from srgnn_bench.execution.stale import failures
from srgnn_bench.process.cores import available_cores
from srgnn_bench.specs.resolving import resolve
from srgnn_bench.store.store import ResultStore
from srgnn_bench.store.study import Trial
from srgnn_bench.tuning.server import Taken
from srgnn_bench.tuning.study import Study

pytest.importorskip("distributed", reason="needs the extra 'distributed'")

from srgnn_bench.execution.workers.cluster import (
    STUDIES_VARIABLE,
    local_workers,
    remote_workers,
    threads_per_worker,
)
from srgnn_bench.execution.workers.driver import Workers
from srgnn_bench.execution.workers.worker import CACHE_VARIABLE

two_cores = pytest.mark.skipif(available_cores() < 2, reason="two workers need two cores")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> TinyWorld:
    return make_tiny_world(tmp_path_factory.mktemp("workers"))


@pytest.fixture(scope="module")
def workers(world: TinyWorld):
    """Two workers, shared by the tests that leave them as they are."""
    cache = world.root / "elsewhere"
    with local_workers(2, data_root=world.data_root, cache_folder=cache) as workers:
        yield workers


def trials(store: ResultStore) -> dict[str, list[Trial]]:
    return {
        study.key: [trial.model_copy(update={"seconds": 0.0}) for trial in study.trials()]
        for study in store.studies()
    }


@two_cores
def test_two_workers_store_what_one_process_stores(world: TinyWorld, workers: Workers) -> None:
    suite = resolve(str(world.suite), trials=3)  # the third may be pruned
    alone, together = ResultStore(world.root / "alone"), ResultStore(world.root / "together")
    events: list[Event] = []
    for store, driver in ((alone, None), (together, workers)):
        jobs = plan(suite, data_root=world.data_root, store=store)
        execute(jobs, store=store, resume="only-missing", listen=events.append, driver=driver)
        kinds = [type(event) for event in events]
        assert kinds.count(TrialDone) == kinds.count(TrialStarted) == 7
        assert kinds.count(RunDone) == kinds.count(RunStarted) == 5
        assert EpochDone in kinds
        events.clear()
    assert len(contents(alone)) == 5
    assert contents(together) == contents(alone)
    assert trials(together) == trials(alone)
    # Nothing of it was left with the workers but the prepared data.
    assert not list((world.root / "elsewhere").rglob("*.checkpoint"))
    assert list((world.root / "elsewhere" / "data").rglob("sessions.npz"))


def test_threads_never_exceed_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    cores = available_cores()
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert threads_per_worker(1) == cores
    assert threads_per_worker(cores) == 1
    with pytest.raises(ClusterError, match=f"at most {cores}"):
        threads_per_worker(cores + 1)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert threads_per_worker(1) == 1


@pytest.mark.parametrize(
    ("trouble", "message"),
    [
        pytest.param("hangs", "took longer than 15 seconds", marks=pytest.mark.slow),
        ("dies", "workers died over it"),
    ],
)
def test_a_worker_that_is_lost_to_one_model_serves_the_others(
    tiny_world: TinyWorld, monkeypatch: pytest.MonkeyPatch, trouble: str, message: str
) -> None:
    models = str(Path(__file__).parent / "models")
    monkeypatch.syspath_prepend(models)
    monkeypatch.setenv("BROKEN_MODEL", trouble)
    monkeypatch.setenv(STUDIES_VARIABLE, "postgresql://bench:hunter2@10.0.0.5/studies")
    suite = resolve(
        str(tiny_world.suite),
        models=[str(broken_model(tiny_world)), "popularity"],
        trials=1,
        seeds=1,
        settings=["time_limit_seconds=15"] if trouble == "hangs" else [],
    )
    store = ResultStore(tiny_world.results)
    jobs = plan(suite, data_root=tiny_world.data_root, store=store, trust=True)
    with local_workers(1, data_root=tiny_world.data_root, cache_folder=store.root) as workers:
        for process in workers.processes().values():
            seen = [Path(f"/proc/{process}/{told}") for told in ("cmdline", "environ")]
            assert not any(b"hunter2" in path.read_bytes() for path in seen if path.exists())
        outcome = execute(
            jobs,
            store=store,
            resume="only-missing",
            listen=lambda event: None,
            driver=workers,
        )
    died = trouble == "dies"
    assert outcome == Outcome(done=1, trained=1, failed=not died, missing=0, lost=died)
    (failure,) = failures(jobs, store)
    assert message in failure.error
    assert failure.lost == died


@two_cores
def test_a_killed_worker_is_replaced_and_changes_nothing(
    world: TinyWorld, workers: Workers
) -> None:
    suite = resolve(str(world.suite), models=["srgnn", "stamp"], seeds=1)
    alone, hurt = ResultStore(world.root / "alone2"), ResultStore(world.root / "hurt")
    jobs = plan(suite, data_root=world.data_root, store=alone)
    execute(jobs, store=alone, resume="only-missing", listen=lambda event: None)
    killed: list[int] = []

    def kill(event: Event) -> None:
        """Kill a worker in the middle of the first trial and of the first final run."""
        stage = len(killed)
        if isinstance(event, EpochDone) and event.epoch == 2 and stage < 2:
            victim = next(iter(workers.processes().values()))
            os.kill(victim, signal.SIGKILL)
            killed.append(victim)

    jobs = plan(suite, data_root=world.data_root, store=hurt)
    execute(jobs, store=hurt, resume="only-missing", listen=kill, driver=workers)
    assert len(killed) == 2
    assert contents(hurt) == contents(alone)
    assert trials(hurt) == trials(alone)


@two_cores
def test_other_data_on_a_worker_stops_the_run(world: TinyWorld, workers: Workers) -> None:
    suite = resolve(str(world.suite), models=["popularity"], trials=1, seeds=1)
    store = ResultStore(world.root / "other")
    jobs = [
        replace(job, dataset=replace(job.dataset, fingerprint="0" * 64))
        for job in plan(suite, data_root=world.data_root, store=store)
    ]
    with pytest.raises(ClusterError, match="not the files that the coordinator has"):
        execute(
            jobs,
            store=store,
            resume="only-missing",
            listen=lambda event: None,
            driver=workers,
        )


@two_cores
def test_other_code_of_a_model_on_a_worker_stops_the_run(
    world: TinyWorld, workers: Workers
) -> None:
    """The coordinator's version of STAMP is newer than the workers'."""
    suite = resolve(str(world.suite), models=["stamp"], trials=1, seeds=1)
    store = ResultStore(world.root / "newer")
    [job] = plan(suite, data_root=world.data_root, store=store)
    spec = job.candidate.spec.model_copy(update={"implementation": "stamp/999"})
    newer = replace(job.candidate, spec=spec, implementation="stamp/999")
    study = Study(
        newer,
        dataset=job.dataset.name,
        fingerprint=job.dataset.fingerprint,
        protocol=suite.spec.protocol,
        seed=0,
        store=store,
    )
    with pytest.raises(ClusterError, match=r"has the code stamp/\d of STAMP, not stamp/999"):
        execute(
            [replace(job, candidate=newer, study=study)],
            store=store,
            resume="only-missing",
            listen=lambda event: None,
            driver=workers,
        )


@two_cores
def test_a_later_study_of_a_job_that_somebody_else_has_is_waited_for(
    world: TinyWorld, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[Study] = []
    trials_of = _Coordinator._trials

    def late(self: _Coordinator, job: Job, study: Study):
        yield from trials_of(self, job, study)
        if not taken:
            taken.append(study)
            raise Taken

    monkeypatch.setattr(_Coordinator, "_trials", late)
    suite = resolve(str(world.suite), models=["popularity"], trials=1, seeds=1)
    store = ResultStore(world.root / "later")
    jobs = plan(suite, data_root=world.data_root, store=store)
    outcome = execute(
        jobs, store=store, resume="only-missing", listen=lambda event: None, driver=workers
    )
    assert taken
    assert outcome == Outcome(done=1, trained=1, failed=0, missing=0)


def test_without_the_extra_the_command_to_install_it_is_named(
    world: TinyWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ClusterError, match=r"pip install 'srgnn-bench\[distributed\]'"):
        local_workers(1, data_root=None, cache_folder=world.root).__enter__()


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:{port}", "tcp://127.0.0.1:1", "nonsense"])
def test_an_address_without_a_scheduler_is_one_error(address: str, silent_port: int) -> None:
    found = remote_workers(address.format(port=silent_port), data_root=None, patience=1)
    with pytest.raises(ClusterError, match="There is no dask scheduler at"):
        found.__enter__()


def test_a_scheduler_that_lets_nobody_in_is_one_error(
    workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*_: object, **__: object) -> None:
        raise asyncio.TimeoutError

    monkeypatch.setattr("distributed.Client", slow)
    address = workers._client.scheduler.address
    with pytest.raises(ClusterError, match="did not let a client in within 1 s"):
        remote_workers(address, data_root=None, patience=1).__enter__()


def test_a_worker_is_no_scheduler(workers: Workers) -> None:
    address = next(iter(workers.processes()))
    with pytest.raises(ClusterError, match=r"no dask scheduler .*\(Worker\)"):
        remote_workers(address, data_root=None).__enter__()


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "frozen"])
def test_a_scheduler_that_is_lost_is_one_error_and_the_next_call_goes_on(
    tiny_world: TinyWorld, blow: signal.Signals
) -> None:
    suite = resolve(str(tiny_world.suite), models=["stamp"], trials=2, seeds=1)
    store = ResultStore(tiny_world.results)
    jobs = plan(suite, data_root=tiny_world.data_root, store=store)
    environment = {**os.environ, CACHE_VARIABLE: str(tiny_world.root / "elsewhere")}
    environment.pop(ROOT_VARIABLE, None)  # a worker's own data goes before the coordinator's
    with running_cluster(environment) as (scheduler, address):

        def strike(event: Event) -> None:
            if isinstance(event, EpochDone) and event.epoch == 2:
                scheduler.send_signal(blow)

        with (
            pytest.raises(ClusterError, match="scheduler is lost"),
            remote_workers(address, data_root=tiny_world.data_root, patience=10) as driver,
        ):
            execute(jobs, store=store, resume="only-missing", listen=strike, driver=driver)
    outcome = execute(jobs, store=store, resume="only-missing", listen=lambda event: None)
    assert outcome == Outcome(done=1, trained=1, failed=0, missing=0)


@contextlib.contextmanager
def running_cluster(environment: dict[str, str]) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A scheduler and a worker, each a process, as somebody would start them by hand."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    dask = [sys.executable, "-m", "dask"]
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    parts = [["scheduler", "--host=127.0.0.1", f"--port={port}"], ["worker", address]]
    processes = [
        subprocess.Popen([*dask, *part, "--no-dashboard"], env=environment, **quiet)
        for part in parts
    ]
    try:
        for _ in range(600):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.1)
        yield processes[0], address
    finally:
        for process in processes:
            process.kill()
            process.wait()

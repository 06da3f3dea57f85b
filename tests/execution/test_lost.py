"""Tasks that the machines lose are no results: they are told apart, and made when asked again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from tiny_world import TinyWorld

from srgnn_bench.events import Event, Listener, TrialStarted
from srgnn_bench.execution.chain import Assignment, Driver, Start, drive
from srgnn_bench.execution.coordinator import Outcome, Resume, execute
from srgnn_bench.execution.plan import plan
from srgnn_bench.execution.tasks import Answer, Trouble, Workbench
from srgnn_bench.process.device import CPU
from srgnn_bench.report.results import load_suite
from srgnn_bench.specs.resolving import resolve
from srgnn_bench.store.store import ResultStore
from srgnn_bench.tuning.trial import TrialTask


class LosingDriver:
    """Does tasks in this process, all but one trial or final run of STAMP, which it loses."""

    def __init__(self, folder: Path, *, trial: int | None = None, seed: int | None = None) -> None:
        self._bench, self._folder = Workbench(), folder
        self._trial, self._seed = trial, seed

    def __call__(self, starts: Sequence[Start], *, listen: Listener) -> None:
        def do(assignment: Assignment) -> Answer:
            job, task = assignment.job, assignment.task
            number = task.number if isinstance(task, TrialTask) else task.run.number
            losing = self._trial if isinstance(task, TrialTask) else self._seed
            if job.candidate.entry.name == "stamp" and number == losing:
                return Trouble("3 workers died over it", traceback="", lost=True)
            return self._bench.do(
                task,
                job.dataset,
                job.suite.protocol,
                listen=listen,
                checkpoint=self._folder / task.key,
                device=CPU,
            )

        drive(starts, do)


@pytest.mark.parametrize(
    ("losing", "lost", "made_again"),
    [({"trial": 1}, 2, [1]), ({"seed": 0}, 1, [])],
    ids=["trial", "final"],
)
def test_what_is_lost_is_told_apart_and_made_again_when_asked(
    tiny_world: TinyWorld, losing: dict[str, int], lost: int, made_again: list[int]
) -> None:
    suite = resolve(str(tiny_world.suite), models=["stamp", "popularity"], seeds=2)
    store, whole = ResultStore(tiny_world.results), ResultStore(tiny_world.root / "whole")
    jobs = plan(suite, data_root=tiny_world.data_root, store=store)
    driver = LosingDriver(tiny_world.root / "elsewhere", **losing)
    events: list[Event] = []

    def run(resume: Resume, driver: Driver | None = None) -> Outcome:
        events.clear()
        return execute(jobs, store=store, resume=resume, listen=events.append, driver=driver)

    left = 3 - lost  # popularity has no chance in it: one run
    assert run("only-missing", driver) == Outcome(left, left, failed=0, missing=0, lost=lost)
    holes = load_suite(store, suite=suite.spec.name).holes
    assert {hole.reason for hole in holes} == {
        "tuning lost by the machines" if made_again else "lost by the machines"
    }
    assert run("only-missing") == Outcome(left, 0, failed=0, missing=0, lost=lost)
    assert run("retry-failed") == Outcome(3, lost, failed=0, missing=0)
    # The trials that had ended are results, and stay.
    assert [e.number for e in events if isinstance(e, TrialStarted)] == made_again
    jobs_of_whole = plan(suite, data_root=tiny_world.data_root, store=whole)
    execute(jobs_of_whole, store=whole, resume="only-missing", listen=events.append)
    assert {r.key: r.metrics for r in store.records()} == {
        r.key: r.metrics for r in whole.records()
    }

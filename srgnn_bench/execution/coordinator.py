"""Carries a plan out: tune, train the winners, rank, store.

Every study and every run is done under a lock of its own, so several processes can be started on
one results folder: each takes what no other is at, and waits for the rest at the end. All that is
stored is stored here, whoever does the trials and the final runs.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from functools import partial

from srgnn_bench.errors import BenchError
from srgnn_bench.events import Failed, Listener, RunDone
from srgnn_bench.execution.chain import (
    Assignment,
    Chain,
    Driver,
    Start,
    drive,
)
from srgnn_bench.execution.final import FinalResult, FinalTask, now
from srgnn_bench.execution.manifest import update_manifest
from srgnn_bench.execution.plan import Job, Resume, Run, is_done, state_of
from srgnn_bench.execution.tasks import Answer, Trouble, Workbench
from srgnn_bench.plain_text import counted
from srgnn_bench.process.device import CPU, Device
from srgnn_bench.store.folder import Busy
from srgnn_bench.store.record import Failure
from srgnn_bench.store.run import StoredRun
from srgnn_bench.store.store import ResultStore
from srgnn_bench.store.study import Trial
from srgnn_bench.tuning.server import StudyServer, Taken
from srgnn_bench.tuning.study import Study, Winner


@dataclass(frozen=True)
class Outcome:
    """What a call did.

    Attributes:
        done: final runs that are stored, earlier ones included.
        trained: final runs that this call made.
        failed: final runs that failed or could not start.
        missing: final runs that nothing was done about (``only-cache``).
        lost: final runs that the machines lost, or whose tuning they did: no results.
    """

    done: int
    trained: int
    failed: int
    missing: int
    lost: int = 0

    def __str__(self) -> str:
        """In words, such as ``4 runs stored, 2 of them by this call; 1 failed``."""
        made = f", {self.trained} of them by this call" if self.trained else ""
        ended = {"failed": self.failed, "lost by the machines": self.lost, "missing": self.missing}
        rest = ", ".join(f"{count} {what}" for what, count in ended.items() if count)
        return f"{counted(self.done, 'run')} stored{made}{'; ' if rest else ''}{rest}"

    def _repr_html_(self) -> str:
        return f"<p>{self}</p>"


def execute(
    jobs: list[Job],
    *,
    store: ResultStore,
    resume: Resume,
    listen: Listener,
    driver: Driver | None = None,
    studies: StudyServer | None = None,
    device: Device = CPU,
) -> Outcome:
    """Do what the plan still lacks. A failing model never stops the others.

    Args:
        jobs: the plan of one suite.
        store: where results are.
        resume: ``only-missing`` leaves failed runs alone, ``retry-failed`` tries them again,
            ``only-cache`` runs nothing, ``overwrite`` forgets what is stored and runs all.
        listen: told of everything that happens.
        driver: who does the trials and final runs; None for this process, one at a time.
        studies: the database of the studies; None for a file of each in the results folder.
        device: where this process trains and ranks; a driver's workers have their own.

    Raises:
        DeviceError: the device cannot be used.
        StoreError: the results folder cannot be used, or holds runs of the suite under other
            settings.
    """
    coordinator = _Coordinator(jobs, store, listen, studies)
    coordinator.note_cells()
    coordinator.forget(resume)
    if resume != "only-cache":
        starts = [partial(coordinator.tuning, job) for job in jobs]
        if driver is None:
            bench = Workbench()
            drive(starts, partial(_do_here, bench, listen=listen, device=device))
        else:
            driver(starts, listen=listen)
    coordinator.note_cells()
    return coordinator.outcome()


class _Coordinator:
    """Keeps what is stored of a plan, and knows what comes next."""

    def __init__(
        self,
        jobs: list[Job],
        store: ResultStore,
        listen: Listener,
        studies: StudyServer | None,
    ) -> None:
        self.suite = jobs[0].suite
        self.jobs = jobs
        self.store = store
        self.listen = listen
        self.studies = studies
        self.trained = 0

    def forget(self, resume: Resume) -> None:
        """Remove what ``resume`` asks to be done again."""
        if resume not in ("retry-failed", "overwrite"):
            return
        every = resume == "overwrite"
        # Runs first: without its study, which several jobs may share, a job does not know them.
        for job in self.jobs:
            for run in self._runs(job) or ():
                stored = _stored(self.store, job, run.key)
                if every or stored.failure() is not None:
                    stored.remove()
        for job, study in [(each, study) for each in self.jobs for study in each.studies()]:
            # A study that the machines lost goes on from its last trial.
            failed = self.suite.tuning is not None and study.has_failed(self.suite.tuning)
            _stored(self.store, job, study.key).remove()
            if every or failed:
                study.stored.remove()
                if self.studies is not None:
                    self.studies.forget(study.key)

    def tuning(self, job: Job) -> Chain:
        """The trials that a job's studies lack; then its final runs may start."""
        for study in job.studies():
            if self._is_lost(job, study.key):
                break
            with study.stored.locked():
                try:
                    yield from self._trials(job, study)
                except Taken as taken:
                    raise Busy from taken
        self.note_cells()
        winner = self._winner(job)
        if winner is None:
            return []
        starts: list[Start] = [partial(self.final, job, run, winner) for run in job.runs(winner)]
        return starts

    def note_cells(self) -> None:
        """Write the suite's manifest; errors as of ``update_manifest``."""
        cells = [cell for job in self.jobs for cell in job.cells(self._runs(job))]
        data = {job.dataset.name: job.dataset.fingerprint for job in self.jobs}
        update_manifest(self.store, self.suite, cells, data=data)

    def outcome(self) -> Outcome:
        """Count what is stored now."""
        states = [state for job in self.jobs for state in state_of(job, self.store).runs]
        return Outcome(
            done=states.count("done"),
            trained=self.trained,
            failed=states.count("failed"),
            lost=states.count("lost"),
            missing=states.count("missing"),
        )

    def _trials(self, job: Job, study: Study) -> Generator[Assignment, Answer, None]:
        assert self.suite.tuning is not None
        budget, limit = self.suite.tuning, self.suite.time_limit_seconds
        done, trials, _ = study.progress(budget)
        if done < trials:
            with study.opened(self.studies) as opened:
                while task := opened.ask(budget, limit_seconds=limit):
                    place = study.stored.checkpoint(task.key)
                    answer: Trial | Trouble = yield Assignment(job, task, place)
                    if isinstance(answer, Trouble):
                        if answer.lost:
                            self._fail(job, study.key, None, answer)
                            return
                        answer = task.failed(answer.error, seconds=answer.seconds)
                    opened.tell(task, answer, listen=self.listen)
                    study.stored.clear()
        study.stored.clear()
        stored = _stored(self.store, job, study.key)
        try:
            study.winner(budget)
        except BenchError as error:
            if stored.failure() is None:
                self._fail(job, study.key, None, Trouble.of(error))
        else:
            stored.remove()  # it failed with a smaller budget

    def final(self, job: Job, run: Run, winner: Winner) -> Chain:
        """One final run, unless it is done or has failed already."""
        stored = _stored(self.store, job, run.key)
        with stored.locked():
            if is_done(stored, self.suite) or stored.failure() is not None:
                stored.clear()
                return []
            # A run that is made again for its model keeps what was kept of it.
            lists = self.suite.keep_lists or stored.has_lists
            task = FinalTask.of(job, run, winner, keep_lists=lists)
            place = stored.checkpoint(run.key)
            answer: FinalResult | Trouble = yield Assignment(job, task, place)
            if isinstance(answer, Trouble):
                self._fail(job, run.key, run.number, answer)
                return []
            record = answer.record
            self.store.write_run(
                record,
                prefixes=answer.prefixes,
                ranks=answer.ranks,
                lists=answer.lists,
                epochs=answer.epochs,
                weights=answer.weights,
            )
            stored.clear()
        self.trained += 1
        self.listen(
            RunDone(
                job.dataset.name,
                job.candidate.entry.name,
                run.number,
                record.metrics["recall@20"],
                record.metrics["mrr@20"],
            )
        )
        return []

    def _winner(self, job: Job) -> Winner | None:
        if self._is_lost(job, job.failure_key):
            return None
        try:
            return job.winner()
        except BenchError:
            return None

    def _runs(self, job: Job) -> list[Run] | None:
        winner = self._winner(job)
        return None if winner is None else job.runs(winner)

    def _is_lost(self, job: Job, study: str) -> bool:
        """Whether the machines lost a study; that its trials failed, the trials themselves say."""
        failure = _stored(self.store, job, study).failure()
        return failure is not None and failure.lost

    def _fail(self, job: Job, key: str, number: int | None, trouble: Trouble) -> None:
        self.store.write_failure(
            Failure(
                key=key,
                dataset=job.dataset.name,
                model=job.candidate.spec.name,
                seed=number,
                error=trouble.error,
                traceback=trouble.traceback,
                lost=trouble.lost,
                created=now(),
            )
        )
        self.listen(Failed(job.dataset.name, job.candidate.entry.name, trouble.error))


def _do_here(
    bench: Workbench, assignment: Assignment, *, listen: Listener, device: Device
) -> Answer:
    """Do a task in this process."""
    job = assignment.job
    return bench.do(
        assignment.task,
        job.dataset,
        job.suite.protocol,
        listen=listen,
        checkpoint=assignment.checkpoint,
        device=device,
    )


def _stored(store: ResultStore, job: Job, key: str) -> StoredRun:
    return store.run(dataset=job.dataset.name, model=job.candidate.spec.name, key=key)

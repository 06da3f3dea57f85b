"""Carries a plan out in this process: tune, train the winners, rank, store.

Every study and every run is done under a lock of its own, so several processes can be started on
one results folder: each takes what no other is at, and waits for the rest at the end.
"""

from __future__ import annotations

import shutil
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from filelock import FileLock, Timeout

from srgnn_bench.data.protocol import test_stage, validation_stage
from srgnn_bench.data.sessions import Stage
from srgnn_bench.errors import BenchError, StoreError
from srgnn_bench.evaluation.metrics import (
    average_popularity,
    coverage,
    rank_metrics,
    repeat_share,
)
from srgnn_bench.events import EpochDone, Failed, Listener, RunDone, RunStarted
from srgnn_bench.execution.environment import environment, peak_memory_bytes
from srgnn_bench.execution.plan import Job, Run, update_manifest
from srgnn_bench.recbole_bridge.ranking import OBJECTIVE, judge, rank_prefixes
from srgnn_bench.recbole_bridge.trainer import EpochResult, best_epoch, build, train
from srgnn_bench.schema import SuiteSpec
from srgnn_bench.store.keys import seed_from
from srgnn_bench.store.record import Cost, DatasetFacts, Failure, Record
from srgnn_bench.store.store import ResultStore
from srgnn_bench.time_limit import time_limit
from srgnn_bench.tuning.study import Winner

Resume = Literal["only-missing", "retry-failed", "only-cache", "overwrite"]

LIST_LENGTH = 20


@dataclass(frozen=True)
class Outcome:
    """What a call did.

    Attributes:
        done: final runs that are stored, earlier ones included.
        trained: final runs that this call made.
        failed: final runs that failed or could not start.
        missing: final runs that nothing was done about (``only-cache``).
    """

    done: int
    trained: int
    failed: int
    missing: int


def execute(
    suite: SuiteSpec,
    jobs: list[Job],
    *,
    store: ResultStore,
    resume: Resume,
    listen: Listener,
) -> Outcome:
    """Do what the plan still lacks. A failing model never stops the others.

    Args:
        suite: the suite, as the plan was made from it.
        jobs: the plan.
        store: where results are.
        resume: ``only-missing`` leaves failed runs alone, ``retry-failed`` tries them again,
            ``only-cache`` runs nothing, ``overwrite`` forgets what is stored and runs all.
        listen: told of everything that happens.

    Raises:
        StoreError: the results folder cannot be used.
    """
    worker = _Worker(suite, jobs, store, listen)
    worker.forget(resume)
    if resume != "only-cache":
        busy = [job for job in jobs if not worker.carry_out(job, wait=False)]
        for job in busy:
            worker.carry_out(job, wait=True)
    worker.note_cells()
    return worker.outcome()


class _Worker:
    """One process at work on a plan."""

    def __init__(
        self, suite: SuiteSpec, jobs: list[Job], store: ResultStore, listen: Listener
    ) -> None:
        self.suite = suite
        self.jobs = jobs
        self.store = store
        self.listen = listen
        self.trained = 0
        self._stages: dict[tuple[str, str], Stage] = {}

    def forget(self, resume: Resume) -> None:
        """Remove what ``resume`` asks to be done again."""
        if resume not in ("retry-failed", "overwrite"):
            return
        every = resume == "overwrite"
        # Runs first: without its study, which several jobs may share, a job does not know them.
        for job in self.jobs:
            for run in self._runs(job) or ():
                if every or self._failure(job, run.key) is not None:
                    shutil.rmtree(self._folder(job, run.key), ignore_errors=True)
        for job in self.jobs:
            if every or self._failure(job, job.failure_key) is not None:
                shutil.rmtree(self._folder(job, job.failure_key), ignore_errors=True)
                if job.study is not None:
                    shutil.rmtree(job.study.folder, ignore_errors=True)

    def carry_out(self, job: Job, *, wait: bool) -> bool:
        """Tune, then make every missing run; False where another process is at a part of it."""
        complete = True
        if job.study is not None and self._failure(job, job.failure_key) is None:
            complete &= _locked(job.study.folder, lambda: self._tune(job), wait=wait)
        self.note_cells()
        winner = self._winner(job)
        if winner is None:
            return complete
        for run in job.runs(winner):
            complete &= _locked(
                self._folder(job, run.key),
                lambda run=run: self._final(job, run, winner),  # type: ignore[misc]
                wait=wait,
            )
        return complete

    def note_cells(self) -> None:
        """Write the suite's manifest."""
        cells = [cell for job in self.jobs for cell in job.cells(self._runs(job))]
        update_manifest(self.store, self.suite, cells)

    def outcome(self) -> Outcome:
        """Count what is stored now."""
        done = failed = missing = 0
        for job in self.jobs:
            runs = self._runs(job)
            if runs is None:
                if self._failure(job, job.failure_key) is not None:
                    failed += self.suite.seeds
                else:
                    missing += self.suite.seeds
                continue
            for run in runs:
                if self._record(job, run) is not None:
                    done += 1
                elif self._failure(job, run.key) is not None:
                    failed += 1
                else:
                    missing += 1
        return Outcome(done, self.trained, failed, missing)

    def _tune(self, job: Job) -> None:
        assert job.study is not None
        assert self.suite.tuning is not None
        budget = self.suite.tuning.trials
        if job.study.finished() < budget:
            stage = self._stage(job, "validation")
            job.study.run(
                stage,
                budget=budget,
                listen=self.listen,
                limit_seconds=self.suite.time_limit_seconds,
            )
        try:
            job.winner()
        except BenchError as error:
            self._fail(job, job.failure_key, None, error)

    def _final(self, job: Job, run: Run, winner: Winner) -> None:
        """Train and rank once, unless it is done or has failed already."""
        if self._record(job, run) is not None or self._failure(job, run.key) is not None:
            return
        checkpoint = self._folder(job, run.key) / "checkpoint"
        try:
            with time_limit(self.suite.time_limit_seconds, what="The final training"):
                record, ranks, lists, history = self._train_and_rank(job, run, winner, checkpoint)
            self.store.write_run(
                record,
                ranks=ranks,
                lists=lists if self.suite.keep_lists else None,
                epochs=history,
            )
        except StoreError:
            raise
        except (BenchError, RuntimeError, ArithmeticError, MemoryError) as error:
            self._fail(job, run.key, run.number, error)
            return
        checkpoint.unlink(missing_ok=True)
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

    def _train_and_rank(
        self, job: Job, run: Run, winner: Winner, checkpoint: Path
    ) -> tuple[Record, pd.DataFrame, pd.DataFrame, list[dict[str, Any]]]:
        candidate, stage = job.candidate, self._stage(job, "test")
        published = self.suite.protocol.kind == "published"
        configuration = winner.configuration
        training = candidate.training(configuration)
        epochs = 1 if candidate.is_fitted else (winner.epochs or training.epochs)
        who = {"dataset": job.dataset.name, "entry": candidate.entry.name}
        self.listen(RunStarted(**who, seed=run.number, epochs=epochs))
        seed = seed_from(run.key)

        def after_epoch(so_far: list[EpochResult]) -> bool:
            last = so_far[-1]
            value = last.judged[OBJECTIVE] if last.judged else None
            self.listen(
                EpochDone(
                    **who,
                    epoch=last.epoch,
                    epochs=epochs,
                    loss=last.loss,
                    seconds=last.seconds,
                    value=value,
                )
            )
            if not published:
                return False
            return last.epoch - best_epoch(so_far, OBJECTIVE).epoch >= training.stopping_step

        started = time.perf_counter()
        model = build(candidate.model_class, configuration, stage, seed=seed)
        fit_seconds = time.perf_counter() - started
        history: list[EpochResult] = []
        if not candidate.is_fitted:
            history = train(
                model,
                stage,
                training,
                seed=seed,
                epochs=epochs,
                after_epoch=after_epoch,
                judge=partial(judge, stage=stage) if published else None,
                best_by=OBJECTIVE if published else None,
                checkpoint=checkpoint,
            )
        started = time.perf_counter()
        ranking = rank_prefixes(model, stage.judged, n_items=stage.n_items, k=LIST_LENGTH)
        rank_seconds = time.perf_counter() - started
        assert ranking.top is not None
        count = np.bincount(stage.train.items, minlength=stage.n_items + 1)
        frame = pd.DataFrame(
            {
                "session": stage.judged.session.astype(np.int32),
                "length": stage.judged.length.astype(np.int32),
                "rank": ranking.ranks.astype(np.int32),
                "target_count": count[stage.judged.target].astype(np.int32),
            }
        )
        lists = pd.DataFrame(
            {
                "target": stage.judged.target.astype(np.int32),
                "items": list(ranking.top.astype(np.int32)),
            }
        )
        record = Record(
            key=run.key,
            identity=run.identity,
            model=candidate.spec.name,
            title=candidate.spec.title,
            protocol_kind=self.suite.protocol.kind,
            metrics={
                **rank_metrics(ranking.ranks),
                f"coverage@{LIST_LENGTH}": coverage(ranking.top, n_items=stage.n_items),
                f"popularity@{LIST_LENGTH}": average_popularity(ranking.top, clicks=count),
                f"repeat@{LIST_LENGTH}": repeat_share(
                    ranking.top,
                    items=stage.judged.items,
                    start=stage.judged.start,
                    stop=stage.judged.stop,
                ),
            },
            dataset=_facts(job, stage),
            tuning=winner.summary,
            cost=Cost(
                parameters=sum(p.numel() for p in model.parameters() if p.requires_grad),
                epochs=len(history),
                train_seconds=fit_seconds + sum(epoch.seconds for epoch in history),
                rank_seconds=rank_seconds,
                ranked_prefixes=len(stage.judged),
                peak_memory_bytes=peak_memory_bytes(),
            ),
            environment=environment(),
            created=_now(),
        )
        return record, frame, lists, [_epoch_entry(epoch) for epoch in history]

    def _stage(self, job: Job, name: Literal["validation", "test"]) -> Stage:
        """A stage of the job's dataset; those of the dataset at work are kept."""
        place = (job.dataset.fingerprint, name)
        if place not in self._stages:
            self._stages = {k: v for k, v in self._stages.items() if k[0] == place[0]}
            make = validation_stage if name == "validation" else test_stage
            self._stages[place] = make(job.dataset, self.suite.protocol)
        return self._stages[place]

    def _winner(self, job: Job) -> Winner | None:
        if self._failure(job, job.failure_key) is not None:
            return None
        try:
            return job.winner()
        except BenchError:
            return None

    def _runs(self, job: Job) -> list[Run] | None:
        winner = self._winner(job)
        return None if winner is None else job.runs(winner)

    def _folder(self, job: Job, key: str) -> Path:
        return self.store.run_folder(
            dataset=job.dataset.name, model=job.candidate.spec.name, key=key
        )

    def _record(self, job: Job, run: Run) -> Record | None:
        return self.store.record(
            dataset=job.dataset.name, model=job.candidate.spec.name, key=run.key
        )

    def _failure(self, job: Job, key: str) -> Failure | None:
        return self.store.failure(dataset=job.dataset.name, model=job.candidate.spec.name, key=key)

    def _fail(self, job: Job, key: str, number: int | None, error: Exception) -> None:
        self.store.write_failure(
            Failure(
                key=key,
                dataset=job.dataset.name,
                model=job.candidate.spec.name,
                seed=number,
                error=str(error),
                traceback="".join(traceback.format_exception(error)),
                created=_now(),
            )
        )
        self.listen(Failed(job.dataset.name, job.candidate.entry.name, str(error)))


def _locked(folder: Path, action: Callable[[], None], *, wait: bool) -> bool:
    """Do something under the lock of a folder; False where another process holds it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_name(f".{folder.name}.lock")).acquire(timeout=-1 if wait else 0):
            action()
    except Timeout:
        return False
    except OSError as error:
        raise StoreError(
            f"{folder} cannot be written ({error.strerror or error}).",
            remedy="Free space or permissions there, or name another folder with --results.",
        ) from error
    return True


def _facts(job: Job, stage: Stage) -> DatasetFacts:
    return DatasetFacts(
        title=job.dataset.title,
        items=stage.n_items,
        train_sessions=len(stage.train),
        train_clicks=len(stage.train.items),
        train_prefixes=len(stage.train_prefixes),
        test_sessions=len(job.dataset.test),
        test_prefixes=len(stage.judged),
        unknown_targets=int(np.count_nonzero(stage.judged.target == 0)),
    )


def _epoch_entry(epoch: EpochResult) -> dict[str, Any]:
    return {
        "epoch": epoch.epoch,
        "loss": epoch.loss,
        "seconds": epoch.seconds,
        "judged": epoch.judged,
    }


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")

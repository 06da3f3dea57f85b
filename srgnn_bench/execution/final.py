"""One final run: train the chosen configuration on all training sessions and rank the test set.

Like a trial, it is a function of its task alone, here and on a worker elsewhere.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from srgnn_bench.data.card import TestKind, test_kind
from srgnn_bench.data.sessions import Integers, Stage
from srgnn_bench.errors import DeviceError, StoreError
from srgnn_bench.evaluation.metrics import (
    average_popularity,
    coverage,
    rank_metrics,
    repeat_share,
)
from srgnn_bench.events import CheckpointDiscarded, Listener, RunStarted
from srgnn_bench.execution.plan import Job, Run
from srgnn_bench.execution.tasks import Part, Trouble
from srgnn_bench.layers.products import TRAINS_BY_ONEDNN
from srgnn_bench.process.device import Device
from srgnn_bench.process.environment import environment, peak_memory_bytes, start_peak_memory
from srgnn_bench.process.limits import time_limit
from srgnn_bench.specs.preparation import Division
from srgnn_bench.specs.suite import SuiteSpec
from srgnn_bench.store.keys import seed_from
from srgnn_bench.store.record import Cost, DatasetFacts, Record
from srgnn_bench.training.build import build
from srgnn_bench.training.checkpoints import Checkpoint
from srgnn_bench.training.configuration import Candidate
from srgnn_bench.training.fit import EpochResult, epoch_done, train
from srgnn_bench.training.kept import weights_of
from srgnn_bench.training.ranking import judge, rank_prefixes
from srgnn_bench.training.stopping import Repeat, judged_rule
from srgnn_bench.tuning.study import Winner

LIST_LENGTH = 20


@dataclass(frozen=True)
class FinalTask:
    """All that a final run depends on, besides its stage.

    Attributes:
        suite: the suite it belongs to.
        candidate: the model.
        run: which run it is; its key seeds it.
        winner: the chosen configuration.
        dataset: name of the dataset.
        dataset_title: its title.
        window_of: title of the dataset whose window it is; None where it is none.
        note: what the dataset's file says about what the data can show.
        division: how its sessions come to train, to validate and to be tested.
        test_sessions: test sessions of the dataset.
        test_kind: what its test is.
        keep_lists: whether its recommended lists are kept.
    """

    suite: SuiteSpec
    candidate: Candidate
    run: Run
    winner: Winner
    dataset: str
    dataset_title: str
    window_of: str | None
    note: str | None
    division: Division
    test_sessions: int
    test_kind: TestKind
    keep_lists: bool

    @classmethod
    def of(cls, job: Job, run: Run, winner: Winner, *, keep_lists: bool) -> FinalTask:
        """The task of a job's run."""
        return cls(
            suite=job.suite,
            candidate=job.candidate,
            run=run,
            winner=winner,
            dataset=job.dataset.name,
            dataset_title=job.dataset.title,
            window_of=job.dataset.window_of,
            note=job.dataset.note,
            division=job.dataset.division,
            test_sessions=len(job.dataset.test),
            test_kind=test_kind(job.dataset),
            keep_lists=keep_lists,
        )

    @property
    def key(self) -> str:
        """Key of the run; names its checkpoint."""
        return self.run.key

    @property
    def what(self) -> str:
        """What it is, for errors."""
        return "The final training"

    @property
    def limit_seconds(self) -> float | None:
        """Longest time it may take; None for no limit."""
        return self.suite.time_limit_seconds

    @property
    def part(self) -> Part:
        """It is ranked on the test."""
        return "test"

    def do(
        self, stage: Stage, *, listen: Listener, checkpoint: Path, device: Device
    ) -> FinalResult | Trouble:
        """Train and rank once (see [Task][srgnn_bench.execution.tasks.Task])."""
        try:
            with time_limit(self.limit_seconds, what=self.what):
                return _train_and_rank(
                    self, stage, listen=listen, checkpoint=checkpoint, device=device
                )
        except (StoreError, DeviceError):  # not the model's fault
            raise
        except Exception as error:  # a model from elsewhere may raise anything
            return Trouble.of(error)


@dataclass(frozen=True)
class FinalResult:
    """What is stored of a final run.

    Attributes:
        record: what is known of it.
        prefixes: the test prefixes, as the store wants them.
        ranks: rank of each target, shape (prefixes,).
        lists: the recommended lists, as the store wants them; None where the suite keeps none.
        epochs: one entry per epoch, JSON values only.
        weights: the model's state dict; None where the suite keeps no models.
    """

    record: Record
    prefixes: pd.DataFrame
    ranks: Integers
    lists: pd.DataFrame | None
    epochs: list[dict[str, Any]]
    weights: bytes | None


def _train_and_rank(
    task: FinalTask, stage: Stage, *, listen: Listener, checkpoint: Path, device: Device
) -> FinalResult:
    candidate, run, winner = task.candidate, task.run, task.winner
    training = candidate.training(winner.configuration)
    schedule = run.identity.schedule
    rule = judged_rule(training) if schedule is None else Repeat(schedule)
    epochs = training.epochs if schedule is None else schedule.epochs
    epochs = 1 if candidate.is_fitted else epochs
    who = {"dataset": task.dataset, "entry": candidate.entry.name}
    listen(RunStarted(**who, seed=run.number, epochs=epochs))
    seed = seed_from(run.key)
    start_peak_memory()
    started = time.perf_counter()
    model = build(candidate.model_class, winner.configuration, stage, seed=seed, device=device)
    fit_seconds = time.perf_counter() - started
    history: list[EpochResult] = []
    if not candidate.is_fitted:
        history = train(
            model,
            stage,
            training,
            rule,
            seed=seed,
            judge=partial(judge, stage=stage) if schedule is None else None,
            tell=lambda result: listen(epoch_done(result, epochs=epochs, seed=run.number, **who)),
            checkpoint=Checkpoint(
                checkpoint,
                key=run.key,
                discarded=lambda reason: listen(
                    CheckpointDiscarded(**who, path=str(checkpoint), reason=reason)
                ),
            ),
        )
    started = time.perf_counter()
    ranking = rank_prefixes(model, stage.judged, n_items=stage.n_items, k=LIST_LENGTH)
    rank_seconds = time.perf_counter() - started
    assert ranking.top is not None
    prefix, click = stage.judged.shown()
    count = np.bincount(stage.train.items, minlength=stage.n_items + 1)
    prefixes = pd.DataFrame(
        {
            "session": stage.judged.session,
            "length": stage.judged.length,
            "target_count": count[stage.judged.target],
            "target_ago": stage.judged.target_ago,
        }
    )
    number = np.concatenate([[0], stage.catalogue]).astype(np.int32)
    lists = pd.DataFrame(
        {"target": number[stage.judged.target], "items": list(number[ranking.top])}
    )
    record = Record(
        key=run.key,
        identity=run.identity,
        model=candidate.spec.name,
        title=candidate.spec.title,
        class_path=candidate.spec.class_path,
        protocol_kind=task.suite.protocol.kind,
        metrics={
            **rank_metrics(ranking.ranks),
            f"coverage@{LIST_LENGTH}": coverage(ranking.top, n_items=stage.n_items),
            f"popularity@{LIST_LENGTH}": average_popularity(ranking.top, clicks=count),
            f"repeat@{LIST_LENGTH}": repeat_share(
                ranking.top, prefix=prefix, items=stage.judged.items[click]
            ),
        },
        dataset=_facts(task, stage),
        study=winner.study,
        cost=Cost(
            parameters=sum(p.numel() for p in model.parameters() if p.requires_grad),
            epochs=len(history),
            train_seconds=fit_seconds + sum(epoch.seconds for epoch in history),
            rank_seconds=rank_seconds,
            ranked_prefixes=len(stage.judged),
            peak_memory_bytes=peak_memory_bytes(),
        ),
        environment={
            **environment(device),
            "precision": training.precision,
            "products": "oneDNN" if TRAINS_BY_ONEDNN else "MKL",
        },
        created=now(),
    )
    return FinalResult(
        record,
        prefixes=prefixes,
        ranks=ranking.ranks,
        lists=lists if task.keep_lists else None,
        epochs=[_epoch_entry(epoch) for epoch in history],
        weights=weights_of(model) if task.suite.keep_models else None,
    )


def _facts(task: FinalTask, stage: Stage) -> DatasetFacts:
    shuffle = task.test_kind.shuffle
    return DatasetFacts(
        title=task.dataset_title,
        window_of=task.window_of,
        note=task.note,
        division=task.division,
        items=stage.n_items,
        train_sessions=len(stage.train),
        train_clicks=len(stage.train.items),
        train_prefixes=len(stage.train_prefixes),
        test_sessions=task.test_sessions,
        test_prefixes=len(stage.judged),
        unknown_targets=int(np.count_nonzero(stage.judged.target == 0)),
        test_span_seconds=task.test_kind.span_seconds,
        repeated_test_sessions=task.test_kind.repeated_sessions,
        shuffle_loss=shuffle.loss if shuffle else None,
    )


def _epoch_entry(epoch: EpochResult) -> dict[str, Any]:
    return {
        "epoch": epoch.epoch,
        "loss": epoch.loss,
        "seconds": epoch.seconds,
        "judged": epoch.judged,
    }


def now() -> str:
    """UTC time in ISO 8601."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")

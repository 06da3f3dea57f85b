"""One Optuna study per dataset and model: which configuration is tried next, and what came of it.

A study's identity is the hash of everything that can move its values, so a changed space,
protocol or data set never continues an old study. Its trials are a chain: every suggestion is
drawn by a sampler seeded from that identity and the number of trials that count, and depends on
all trials before it. So an interrupted study goes on exactly as if it had not been, and it makes
no difference who runs its trials.
"""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import optuna
import sqlalchemy
from optuna.trial import TrialState

from srgnn_bench.configuration import Candidate
from srgnn_bench.errors import ModelError, StoreError
from srgnn_bench.events import Listener, TrialDone
from srgnn_bench.schema import ProtocolSpec, TuningSpec
from srgnn_bench.store.keys import RESULTS_VERSION, key_of, seed_from
from srgnn_bench.store.record import Schedule, TuningSummary
from srgnn_bench.store.trials import EpochValue, Trial, best_trial, read_trials, write_trials
from srgnn_bench.tuning.server import StudyServer
from srgnn_bench.tuning.space import suggest
from srgnn_bench.tuning.trial import TrialTask

# User attributes of a trial.
ORDINAL, COURSE, SCHEDULE = "ordinal", "course", "schedule"
SECONDS, ERROR, DEVICE = "seconds", "error", "device"

STATES: dict[Literal["complete", "pruned", "failed"], TrialState] = {
    "complete": TrialState.COMPLETE,
    "pruned": TrialState.PRUNED,
    "failed": TrialState.FAIL,
}


@dataclass(frozen=True)
class Winner:
    """The best trial of a finished study.

    Attributes:
        configuration: every parameter and training setting.
        schedule: the course up to the best validation result; None for a fitted model, or where
            there was no tuning.
        summary: what the report says about the tuning; None where there was none.
    """

    configuration: dict[str, Any]
    schedule: Schedule | None
    summary: TuningSummary | None


class Study:
    """The trials of one candidate on one validation stage.

    Args:
        candidate: the model and its search space.
        dataset: name of the dataset, for events.
        fingerprint: fingerprint of the prepared data.
        protocol: how the stage was split.
        seed: root seed of the suite.
        folder: where the study of each key has a folder of its own.
    """

    def __init__(
        self,
        candidate: Candidate,
        *,
        dataset: str,
        fingerprint: str,
        protocol: ProtocolSpec,
        seed: int,
        folder: Path,
    ) -> None:
        self.candidate = candidate
        self.dataset = dataset
        self.space = {k: d.model_dump(mode="json") for k, d in candidate.space.items()}
        self.content = {
            "dataset": dataset,
            "fingerprint": fingerprint,
            # The final training's part of the protocol does not move a validation result.
            "protocol": protocol.model_dump(exclude={"kind"}),
            "implementation": candidate.implementation,
            "defaults": candidate.defaults,
            "seed": seed,
            "results_version": RESULTS_VERSION,
        }
        self.key = key_of({**self.content, "space": self.space})
        self.folder = folder / self.key[:12]

    def within(self, trials: list[Trial], budget: TuningSpec) -> list[Trial] | None:
        """The trials, of all that ended, which the budget pays for; None while some of it is left.

        What was pruned and what failed is paid for. A model that has nothing to search has one
        trial: its second would be the first again.
        """
        if trials and not self.space:
            return trials[:1]
        if budget.trials is not None:
            return trials[: budget.trials] if len(trials) >= budget.trials else None
        assert budget.seconds is not None
        spent = itertools.accumulate(trial.seconds for trial in trials)
        ends = (n for n, seconds in enumerate(spent, start=1) if seconds >= budget.seconds)
        end = next(ends, None)
        return None if end is None else trials[:end]

    def progress(self, budget: TuningSpec) -> tuple[int, int]:
        """Trials that have ended, and those of the whole budget.

        Where the budget is a time, one more is taken to follow while some of it is left.
        """
        trials = read_trials(self.folder)
        paid = self.within(trials, budget)
        if paid is not None:
            return len(paid), len(paid)
        most = budget.trials if self.space else 1
        return len(trials), most or len(trials) + 1

    def winner(self, budget: TuningSpec) -> Winner | None:
        """The best of the trials that the budget pays for, or None while some of it is left.

        Raises:
            ModelError: every one of them failed.
            StoreError: the list of trials is damaged.
        """
        trials = self.within(read_trials(self.folder), budget)
        if trials is None:
            return None
        best = best_trial(trials)
        if best is None or best.value is None:
            raise ModelError(
                f"None of the {len(trials)} trials of {self.candidate.title} on {self.dataset} "
                f"completed; the first: {trials[0].error}",
                remedy="Mend the model or its search space: a change of either starts a new study. "
                "`--resume retry-failed` tries this one again.",
            )
        states = [trial.state for trial in trials]
        return Winner(
            configuration={**self.candidate.defaults, **best.parameters},
            schedule=best.schedule,
            summary=TuningSummary(
                study=self.key,
                budget=len(trials),
                budget_seconds=budget.seconds,
                finished=states.count("complete"),
                pruned=states.count("pruned"),
                failed=states.count("failed"),
                best_trial=best.number,
                best_value=best.value,
                best_parameters=best.parameters,
                space=self.space,
                seconds=sum(trial.seconds for trial in trials),
            ),
        )

    @property
    def name(self) -> str:
        """Its name in Optuna's database."""
        return f"{self.dataset}/{self.candidate.spec.name}/{self.key[:12]}"

    @contextlib.contextmanager
    def opened(self, server: StudyServer | None = None) -> Iterator[OpenStudy]:
        """The study, ready for trials. The caller holds a lock on ``folder``.

        Args:
            server: the database that it is kept in; None for a file in ``folder``.

        Raises:
            Taken: another coordinator has it on the server.
            StoreError: the study's database cannot be read or written.
        """
        if server is not None:
            with server.lease(self.key) as lease:
                yield OpenStudy(self, server.storage, check=lease.check)
            return
        read_trials(self.folder)  # a damaged list is an error before anything is touched
        database = self.folder / "study.db"
        try:
            if not _is_whole(database):
                # What it held of trials that count, the lines hold too; of the trial under way,
                # the checkpoint is a file of its own.
                for leftover in self.folder.glob("study.db*"):
                    leftover.unlink()
        except (OSError, sqlite3.Error) as error:
            raise _unusable(database, error) from error
        try:
            yield OpenStudy(self, f"sqlite:///{database}")
        except (sqlalchemy.exc.SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
            raise _unusable(database, error) from error


class OpenStudy:
    """A study whose trials are being made; any trial found running was left by the dead.

    Args:
        study: what it is a study of.
        storage: Optuna's database, or its URL.
        check: raises where somebody else may have the study by now.
    """

    def __init__(
        self,
        study: Study,
        storage: str | optuna.storages.BaseStorage,
        *,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        self._of = study
        self._check = check
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._optuna = optuna.create_study(
            storage=storage,
            study_name=study.name,
            direction="maximize",
            load_if_exists=True,
        )
        for trial in self._optuna.get_trials(deepcopy=False, states=[TrialState.RUNNING]):
            self._optuna.tell(trial.number, state=TrialState.FAIL)
        self._asked: optuna.Trial | None = None
        self._repeat(read_trials(study.folder)[len(_ended(self._optuna)) :])
        self._note()

    def ask(self, budget: TuningSpec, *, limit_seconds: float | None = None) -> TrialTask | None:
        """The next trial, or None where nothing is left of the budget.

        Args:
            budget: for all trials, earlier ones included.
            limit_seconds: longest time of one trial; one that takes longer has failed.
        """
        of, ordinal = self._of, len(self._ended)
        if of.within(self._ended, budget) is not None:
            return None
        self._optuna.sampler = optuna.samplers.TPESampler(
            seed=seed_from(of.key, "sampler", ordinal), n_startup_trials=5
        )
        if ordinal == 0:
            self._enqueue({name: of.candidate.defaults[name] for name in of.space})
        self._asked = self._optuna.ask()
        configuration = suggest(self._asked, of.candidate.space, defaults=of.candidate.defaults)
        content = {**of.content, "configuration": configuration}
        return TrialTask(
            key=key_of(content),
            candidate=of.candidate,
            dataset=of.dataset,
            number=ordinal,
            budget=budget.trials,
            parameters=self._asked.params,
            configuration=configuration,
            seed=seed_from(content),
            earlier=tuple(trial for trial in self._ended if trial.state == "complete"),
            limit_seconds=limit_seconds,
        )

    def tell(self, task: TrialTask, trial: Trial, *, listen: Listener) -> None:
        """Store what came of the trial that was asked for last."""
        assert self._asked is not None
        self._check()
        self._keep(self._asked, trial)
        self._asked = None
        self._note()
        listen(
            TrialDone(
                dataset=task.dataset,
                entry=task.candidate.entry.name,
                number=task.number,
                budget=task.budget,
                state=trial.state,
                value=trial.value,
            )
        )

    def _repeat(self, trials: Iterable[Trial]) -> None:
        """Tell the database of trials that only the lines beside it know.

        There are some where the lines were copied without it. Such a study goes on as the one that
        they were copied from would have.
        """
        for trial in trials:
            self._enqueue(trial.parameters)
            asked = self._optuna.ask()
            suggest(asked, self._of.candidate.space, defaults=self._of.candidate.defaults)
            self._keep(asked, trial)

    def _enqueue(self, parameters: dict[str, Any]) -> None:
        """Make these the parameters of the next trial, unless a killed process has done so."""
        if not self._optuna.get_trials(deepcopy=False, states=[TrialState.WAITING]):
            self._optuna.enqueue_trial(parameters)

    def _keep(self, asked: optuna.Trial, trial: Trial) -> None:
        """Store in Optuna's database what came of a trial."""
        state = STATES[trial.state]
        for step, epoch in enumerate(trial.epochs, start=1):
            asked.report(epoch.value, step=step)
        asked.set_user_attr(COURSE, [epoch.epoch for epoch in trial.epochs])
        asked.set_user_attr(SCHEDULE, trial.schedule and trial.schedule.model_dump(mode="json"))
        asked.set_user_attr(SECONDS, trial.seconds)
        asked.set_user_attr(DEVICE, trial.device)
        asked.set_user_attr(ORDINAL, trial.number)
        if trial.error is not None:
            asked.set_user_attr(ERROR, trial.error)  # last: with it, the trial counts
        value = trial.value if state == TrialState.COMPLETE else None
        self._optuna.tell(asked, value, state=state)

    def _note(self) -> None:
        """Read which trials have ended, and write them down for planning and reports."""
        self._ended = _ended(self._optuna)
        write_trials(self._of.folder, self._ended)


def _unusable(database: Path, error: Exception) -> StoreError:
    reason = " ".join(str(error.__cause__ or error).split())
    return StoreError(
        f"The study {database} cannot be used ({reason}).",
        remedy="Free space or permissions there, and call again: it goes on from here.",
    )


def _is_whole(database: Path) -> bool:
    """Whether a database has Optuna's study in it, and no damage.

    A process killed while it made the database leaves a part of one.

    Raises:
        sqlite3.OperationalError: it cannot be opened, which says nothing of what it holds.
    """
    if not database.is_file():
        return False
    with contextlib.closing(sqlite3.connect(database)) as opened:
        try:
            sound = opened.execute("PRAGMA quick_check").fetchone() == ("ok",)
            tables = opened.execute("SELECT 1 FROM sqlite_master WHERE name = 'studies'").fetchall()
            return sound and bool(tables and opened.execute("SELECT 1 FROM studies").fetchall())
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:  # no database at all, or a malformed one
            return False


def _ended(study: optuna.Study) -> list[Trial]:
    """Trials that ended by themselves, in order; those cut off by a dead process do not count."""
    words = {state: word for word, state in STATES.items()}
    return [
        Trial(
            number=trial.user_attrs[ORDINAL],
            state=words[trial.state],
            value=trial.value if trial.state == TrialState.COMPLETE else None,
            parameters=trial.params,
            epochs=tuple(
                EpochValue(epoch=epoch, value=trial.intermediate_values[step])
                for step, epoch in enumerate(trial.user_attrs[COURSE], start=1)
            ),
            schedule=trial.user_attrs[SCHEDULE],
            seconds=trial.user_attrs[SECONDS],
            error=trial.user_attrs.get(ERROR),
            device=trial.user_attrs.get(DEVICE),
        )
        for trial in study.trials
        if trial.state in (TrialState.COMPLETE, TrialState.PRUNED) or ERROR in trial.user_attrs
    ]

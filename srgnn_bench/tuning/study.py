"""One Optuna study per dataset and model: it sees the validation stage, and nothing else.

The test sessions are not held back here: they are never handed in. A study's identity is the
hash of everything that can move its values, so a changed space, protocol or data set never
continues an old study. Every suggestion is drawn by a sampler seeded from that identity and the
number of trials that count, so an interrupted study goes on exactly as if it had not been.
"""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import optuna
from optuna.trial import TrialState

from srgnn_bench.configuration import Candidate
from srgnn_bench.data.sessions import Stage
from srgnn_bench.errors import BenchError, ModelError, StoreError
from srgnn_bench.events import EpochDone, Listener, TrialDone, TrialStarted
from srgnn_bench.recbole_bridge.ranking import OBJECTIVE, judge
from srgnn_bench.recbole_bridge.trainer import EpochResult, best_epoch, build, train
from srgnn_bench.schema import ProtocolSpec
from srgnn_bench.store.keys import key_of, seed_from
from srgnn_bench.store.record import TuningSummary
from srgnn_bench.store.trials import EpochValue, Trial, best_trial, read_trials, write_trials
from srgnn_bench.time_limit import time_limit
from srgnn_bench.tuning.space import suggest

# User attributes of a trial.
ORDINAL, BEST_EPOCH, SECONDS, ERROR = "ordinal", "best_epoch", "seconds", "error"


@dataclass(frozen=True)
class Winner:
    """The best trial of a finished study.

    Attributes:
        configuration: every parameter and training setting.
        epochs: the epoch with the best validation result; None for a fitted model, or where
            there was no tuning.
        summary: what the report says about the tuning; None where there was none.
    """

    configuration: dict[str, Any]
    epochs: int | None
    summary: TuningSummary | None


class Study:
    """The trials of one candidate on one validation stage.

    The caller holds a lock on ``folder``: any trial found running was left by a dead process.

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
        self._content = {
            "dataset": dataset,
            "fingerprint": fingerprint,
            # The final training's part of the protocol does not move a validation result.
            "protocol": protocol.model_dump(exclude={"kind"}),
            "model_class": candidate.spec.class_path,
            "defaults": candidate.defaults,
            "seed": seed,
        }
        self.key = key_of({**self._content, "space": self.space})
        self.folder = folder / self.key[:12]

    def finished(self) -> int:
        """Trials that count towards the budget."""
        return len(read_trials(self.folder))

    def winner(self, *, budget: int) -> Winner | None:
        """The best of the first ``budget`` trials, or None while fewer have ended.

        Raises:
            ModelError: every one of them failed.
            StoreError: the list of trials is damaged.
        """
        trials = read_trials(self.folder)[:budget]
        if len(trials) < budget:
            return None
        best = best_trial(trials)
        if best is None or best.value is None:
            raise ModelError(
                f"None of the {budget} trials of {self.candidate.title} on {self.dataset} "
                f"completed; the first: {trials[0].error}",
                remedy="Mend the model or its search space; a change starts a new study.",
            )
        states = [trial.state for trial in trials]
        return Winner(
            configuration={**self.candidate.defaults, **best.parameters},
            epochs=best.best_epoch,
            summary=TuningSummary(
                study=self.key,
                budget=budget,
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

    def run(
        self,
        stage: Stage,
        *,
        budget: int,
        listen: Listener,
        limit_seconds: float | None = None,
    ) -> None:
        """Run trials until ``budget`` of them have completed, been pruned or failed.

        Args:
            stage: the validation stage; judged prefixes are validation prefixes.
            budget: trials in all, earlier ones included.
            listen: told of every trial and epoch.
            limit_seconds: longest time of one trial; one that takes longer has failed.

        Raises:
            StoreError: the study's database cannot be written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"{self.folder} cannot be made ({error.strerror}).",
                remedy="Name another folder with --results.",
            ) from error
        if not read_trials(self.folder):
            # Nothing counts yet, and a process killed while it made the database leaves a part
            # of one. The trial under way is not lost: its checkpoint is a file of its own.
            for leftover in self.folder.glob("study.db*"):
                leftover.unlink()
        study = self._open()
        for trial in study.get_trials(deepcopy=False, states=[TrialState.RUNNING]):
            study.tell(trial.number, state=TrialState.FAIL)
        write_trials(self.folder, _ended(study))
        while (ordinal := len(_ended(study))) < budget:
            study.sampler = optuna.samplers.TPESampler(
                seed=seed_from(self.key, "sampler", ordinal), n_startup_trials=5
            )
            waiting = study.get_trials(deepcopy=False, states=[TrialState.WAITING])
            if ordinal == 0 and not waiting:
                study.enqueue_trial({name: self.candidate.defaults[name] for name in self.space})
            self._run_trial(
                study,
                stage,
                ordinal=ordinal,
                budget=budget,
                listen=listen,
                limit_seconds=limit_seconds,
            )
            write_trials(self.folder, _ended(study))

    def _run_trial(
        self,
        study: optuna.Study,
        stage: Stage,
        *,
        ordinal: int,
        budget: int,
        listen: Listener,
        limit_seconds: float | None,
    ) -> None:
        trial = study.ask()
        configuration = suggest(trial, self.candidate.space, defaults=self.candidate.defaults)
        content = {**self._content, "configuration": configuration}
        seed = seed_from(content)
        checkpoint = self.folder / f"{key_of(content)[:12]}.checkpoint"
        training = self.candidate.training(configuration)
        epochs = 1 if self.candidate.is_fitted else training.epochs
        who = {"dataset": self.dataset, "entry": self.candidate.entry.name}
        listen(TrialStarted(**who, number=ordinal, budget=budget, epochs=epochs))
        started = time.perf_counter()
        history: list[EpochResult] = []
        pruned = False

        def after_epoch(so_far: list[EpochResult]) -> bool:
            nonlocal pruned
            last = so_far[-1]
            value = _objective(last)
            listen(
                EpochDone(
                    **who,
                    epoch=last.epoch,
                    epochs=epochs,
                    loss=last.loss,
                    seconds=last.seconds,
                    value=value,
                )
            )
            trial.report(value, step=last.epoch)
            pruned = trial.should_prune()
            patience = last.epoch - best_epoch(so_far, OBJECTIVE).epoch
            return pruned or patience >= training.stopping_step

        state, value, error_text = TrialState.COMPLETE, None, None
        try:
            with time_limit(limit_seconds, what=f"Trial {ordinal + 1}"):
                model = build(self.candidate.model_class, configuration, stage, seed=seed)
                if self.candidate.is_fitted:
                    history = [
                        EpochResult(1, 0.0, time.perf_counter() - started, judge(model, stage))
                    ]
                    after_epoch(history)
                    pruned = False
                else:
                    history = train(
                        model,
                        stage,
                        training,
                        seed=seed,
                        epochs=epochs,
                        judge=partial(judge, stage=stage),
                        after_epoch=after_epoch,
                        checkpoint=checkpoint,
                    )
                value = _objective(best_epoch(history, OBJECTIVE))
                state = TrialState.PRUNED if pruned else TrialState.COMPLETE
        except (BenchError, RuntimeError, ArithmeticError, MemoryError) as error:
            state, error_text = TrialState.FAIL, str(error)
        trained = history and not self.candidate.is_fitted
        trial.set_user_attr(BEST_EPOCH, best_epoch(history, OBJECTIVE).epoch if trained else None)
        trial.set_user_attr(SECONDS, time.perf_counter() - started)
        trial.set_user_attr(ORDINAL, ordinal)
        if error_text is not None:
            trial.set_user_attr(ERROR, error_text)  # last: with it, the trial counts
        study.tell(trial, value if state == TrialState.COMPLETE else None, state=state)
        checkpoint.unlink(missing_ok=True)
        listen(
            TrialDone(
                **who,
                number=ordinal,
                budget=budget,
                state="failed" if state == TrialState.FAIL else state.name.lower(),
                value=value,
            )
        )

    @property
    def _database(self) -> Path:
        return self.folder / "study.db"

    def _open(self) -> optuna.Study:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        return optuna.create_study(
            storage=f"sqlite:///{self._database}",
            study_name=f"{self.dataset}/{self.candidate.spec.name}/{self.key[:12]}",
            direction="maximize",
            pruner=_pruner(),
            load_if_exists=True,
        )


def _pruner() -> optuna.pruners.BasePruner:
    """Stop a trial that has stalled below the median of the others at its epoch.

    The patience around the median rule is what spares slow starters: a trial that still
    improves, however low it stands, goes on. Only one that has just failed to improve is
    compared, which saves the epochs that early stopping would wait in vain.
    """
    median = optuna.pruners.MedianPruner(n_startup_trials=2, n_warmup_steps=1)
    with warnings.catch_warnings():  # it has been called experimental since 2021
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.pruners.PatientPruner(median, patience=1)


def _ended(study: optuna.Study) -> list[Trial]:
    """Trials that ended by themselves, in order; those cut off by a dead process do not count."""
    states: dict[TrialState, Literal["complete", "pruned", "failed"]] = {
        TrialState.COMPLETE: "complete",
        TrialState.PRUNED: "pruned",
        TrialState.FAIL: "failed",
    }
    return [
        Trial(
            number=trial.user_attrs[ORDINAL],
            state=states[trial.state],
            value=trial.value if trial.state == TrialState.COMPLETE else None,
            parameters=trial.params,
            epochs=tuple(
                EpochValue(epoch=step, value=value)
                for step, value in sorted(trial.intermediate_values.items())
            ),
            best_epoch=trial.user_attrs[BEST_EPOCH],
            seconds=trial.user_attrs[SECONDS],
            error=trial.user_attrs.get(ERROR),
        )
        for trial in study.trials
        if trial.state in (TrialState.COMPLETE, TrialState.PRUNED) or ERROR in trial.user_attrs
    ]


def _objective(epoch: EpochResult) -> float:
    assert epoch.judged is not None
    return epoch.judged[OBJECTIVE]

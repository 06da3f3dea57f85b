"""One study per dataset and model: which configuration is tried next, and what came of it.

A study's identity is the hash of everything that can move its values, so a changed space,
protocol or data set never continues an old study. Its trials are a chain: every suggestion is
drawn by a sampler seeded from that identity and the number of trials that count, and depends on
all trials before it. So an interrupted study goes on exactly as if it had not been, and it makes
no difference who runs its trials.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from srgnn_bench.errors import ModelError
from srgnn_bench.events import Listener, TrialDone
from srgnn_bench.specs.protocol import ProtocolSpec
from srgnn_bench.specs.suite import TuningSpec
from srgnn_bench.store.keys import RESULTS_VERSION, key_of, seed_from
from srgnn_bench.store.record import Schedule
from srgnn_bench.store.store import ResultStore
from srgnn_bench.store.study import Standing, StudyFacts, Trial, standing_of
from srgnn_bench.training.configuration import Candidate
from srgnn_bench.tuning.server import StudyServer
from srgnn_bench.tuning.space import next_parameters
from srgnn_bench.tuning.trial import TrialTask


@dataclass(frozen=True)
class Winner:
    """The best trial of a finished study.

    Attributes:
        configuration: every parameter and training setting.
        schedule: the course up to the best validation result; None for a fitted model, or where
            there was no tuning.
        study: key of the study; None where there was no tuning.
    """

    configuration: dict[str, Any]
    schedule: Schedule | None
    study: str | None


class Study:
    """The trials of one candidate on one validation stage.

    Args:
        candidate: the model and its search space.
        dataset: name of the dataset.
        fingerprint: fingerprint of the prepared data.
        protocol: how the stage was split.
        seed: root seed of the suite.
        store: where its trials are kept.
    """

    def __init__(
        self,
        candidate: Candidate,
        *,
        dataset: str,
        fingerprint: str,
        protocol: ProtocolSpec,
        seed: int,
        store: ResultStore,
    ) -> None:
        self.candidate = candidate
        self.dataset = dataset
        self.protocol = protocol
        self._fingerprint, self._seed, self._store = fingerprint, seed, store
        self.identity = {
            "dataset": dataset,
            "fingerprint": fingerprint,
            # The final training's part of the protocol does not move a validation result.
            "protocol": protocol.model_dump(exclude={"kind"}),
            "implementation": candidate.implementation,
            "defaults": candidate.defaults,
            "seed": seed,
            "results_version": RESULTS_VERSION,
        }
        space = {k: d.model_dump(mode="json") for k, d in candidate.space.items()}
        self.key = key_of({**self.identity, "space": space})
        self.facts = StudyFacts(
            key=self.key,
            dataset=dataset,
            model=candidate.spec.name,
            title=candidate.title,
            identity=self.identity,
            space=space,
        )
        self.stored = store.study(dataset=dataset, model=candidate.spec.name, key=self.key)

    def at_full_size(self, configuration: dict[str, Any]) -> Study:
        """A study of one trial: a configuration's schedule, on all but the newest sessions."""
        return Study(
            replace(self.candidate, defaults=configuration, space={}),
            dataset=self.dataset,
            fingerprint=self._fingerprint,
            protocol=self.protocol.with_all_sessions,
            seed=self._seed,
            store=self._store,
        )

    def standing(self, lines: Sequence[Trial], budget: TuningSpec) -> Standing:
        """How far it is with a budget, by its trials and finalists."""
        return standing_of(self.facts, lines, budget)

    def progress(self, budget: TuningSpec) -> tuple[int, int, int]:
        """Trials and finalists that have ended, both of the whole budget, and finalists of it.

        Where the budget is a time, one more trial is taken to follow while some of it is left.
        Before the trials are over, as many finalists are expected as there may be.
        """
        standing = self.standing(self.stored.trials(), budget)
        done = len(standing.trials) + len(standing.finalists)
        if standing.over:
            return done, len(standing.trials) + len(standing.chosen), len(standing.chosen)
        most = self.most_trials(budget)
        finalists = self._finalists_to_come(budget, trials=most)
        return done, (most or done + 1) + finalists, finalists

    def coming(self, budget: TuningSpec, *, most: int) -> list[dict[str, Any]]:
        """Configurations that the next trials try, as far as no result of theirs decides them.

        Where trials are over, the last ones again.

        Args:
            budget: for all trials, earlier ones included.
            most: so many at the most.
        """
        trials = [trial for trial in self.stored.trials() if not trial.finalist]
        whole = self.most_trials(budget) or len(trials) + 1
        first = max(0, min(len(trials), whole - most))
        trials = trials[:first]
        for number in range(first, min(whole, first + most)):
            parameters = self.parameters_after(trials)
            stub = Trial(
                number=number,
                state="complete",
                value=0.0,
                parameters=parameters,
                epochs=(),
                seconds=0,
            )
            trials.append(stub)
        return [{**self.candidate.defaults, **trial.parameters} for trial in trials[first:]]

    def parameters_after(self, trials: Sequence[Trial]) -> dict[str, Any]:
        """Values of the searched parameters for the trial after these."""
        return next_parameters(
            trials,
            self.candidate.space,
            defaults=self.candidate.defaults,
            seed=seed_from(self.key, "sampler", len(trials)),
        )

    def most_trials(self, budget: TuningSpec) -> int | None:
        """Trials of the whole budget; None where that is a time."""
        return budget.trials if self.candidate.space else 1

    def _finalists_to_come(self, budget: TuningSpec, *, trials: int | None) -> int:
        if not self.candidate.space or self.protocol.tuning_fraction == 1:
            return 0
        return min(budget.most_finalists, trials or budget.most_finalists)

    def has_failed(self, budget: TuningSpec) -> bool:
        """Whether every trial, or every finalist, that the budget pays for failed."""
        standing = self.standing(self.stored.trials(), budget)
        return standing.is_done and standing.best is None

    def winner(self, budget: TuningSpec) -> Winner | None:
        """The best finalist, or trial, that the budget pays for; None while some of it is left.

        Raises:
            ModelError: every one of them failed.
            StoreError: the list of trials is damaged.
        """
        standing = self.standing(self.stored.trials(), budget)
        if not standing.is_done:
            return None
        best = standing.best
        if best is None:
            ended = standing.finalists or standing.trials
            what = "finalists" if standing.finalists else "trials"
            error = next((trial.error for trial in ended if trial.error), "no better than chance")
            raise ModelError(
                f"None of the {len(ended)} {what} of {self.candidate.title} on {self.dataset} "
                f"completed; the first: {error}",
                remedy="Fix the model or its search space: a change of either starts a new study. "
                "`--resume retry-failed` tries this one again.",
            )
        return Winner(
            configuration={**self.candidate.defaults, **best.parameters},
            schedule=best.schedule,
            study=self.key,
        )

    @contextlib.contextmanager
    def opened(self, server: StudyServer | None = None) -> Iterator[OpenStudy]:
        """The study, ready for trials. The caller holds the lock of ``stored``.

        Args:
            server: the database that keeps its lines, too; None for the results folder alone.

        Raises:
            Taken: another coordinator has it on the server.
            StoreError: the study cannot be read or written.
        """
        here = self.stored.trials()
        if server is None:
            yield OpenStudy(self, here)
            return
        with server.lease(self.key) as lease:
            there = lease.trials()
            for trial in here[len(there) :]:  # lines that were copied without the database
                lease.keep(trial)
            trials = [*there, *here[len(there) :]]
            if trials != here:
                self.stored.write_trials(self.facts, trials)
            yield OpenStudy(self, trials, keep=lease.keep)


class OpenStudy:
    """A study whose trials are being made.

    Args:
        study: what it is a study of.
        trials: those that have ended.
        keep: stores a trial elsewhere, before it is stored here; raises where somebody else may
            have the study by now.
    """

    def __init__(
        self, study: Study, trials: list[Trial], *, keep: Callable[[Trial], None] | None = None
    ) -> None:
        self._of = study
        self._trials = trials
        self._keep = keep

    def ask(self, budget: TuningSpec, *, limit_seconds: float | None = None) -> TrialTask | None:
        """The next trial, or None where nothing is left of the budget.

        Args:
            budget: for all trials, earlier ones included.
            limit_seconds: longest time of one trial; one that takes longer has failed.
        """
        standing = self._of.standing(self._trials, budget)
        if not standing.over:
            return self._trial(budget, limit_seconds=limit_seconds)
        if standing.is_done:
            return None
        trial = standing.chosen[len(standing.finalists)]
        return self._task(
            trial.parameters,
            number=trial.number,
            budget=len(standing.trials),
            earlier=standing.finalists,
            limit_seconds=limit_seconds,
            finalist=True,
        )

    def _trial(self, budget: TuningSpec, *, limit_seconds: float | None) -> TrialTask:
        trials = [trial for trial in self._trials if not trial.finalist]
        return self._task(
            self._of.parameters_after(trials),
            number=len(trials),
            budget=self._of.most_trials(budget),
            earlier=trials,
            limit_seconds=limit_seconds,
        )

    def _task(
        self,
        parameters: dict[str, Any],
        *,
        number: int,
        budget: int | None,
        earlier: Sequence[Trial],
        limit_seconds: float | None,
        finalist: bool = False,
    ) -> TrialTask:
        of = self._of
        configuration = {**of.candidate.defaults, **parameters}
        content = {**of.identity, "configuration": configuration}
        if finalist:  # a trial that sees all training sessions
            content["protocol"] = of.protocol.with_all_sessions.model_dump(exclude={"kind"})
        return TrialTask(
            key=key_of(content),
            candidate=of.candidate,
            dataset=of.dataset,
            number=number,
            budget=budget,
            parameters=parameters,
            configuration=configuration,
            seed=seed_from(content),
            earlier=tuple(trial for trial in earlier if trial.state == "complete"),
            limit_seconds=limit_seconds,
            part="finalists" if finalist or of.protocol.tuning_fraction == 1 else "tuning",
            finalist=finalist,
        )

    def tell(self, task: TrialTask, trial: Trial, *, listen: Listener) -> None:
        """Store what came of the trial that was asked for last."""
        if self._keep is not None:
            self._keep(trial)
        self._trials = [*self._trials, trial]
        self._of.stored.write_trials(self._of.facts, self._trials)
        listen(
            TrialDone(
                dataset=task.dataset,
                entry=task.candidate.entry.name,
                number=task.number,
                budget=task.budget,
                state=trial.state,
                value=trial.value,
                finalist=task.finalist,
            )
        )

"""One study per dataset and model: which configuration is tried next, and what came of it.

A study's identity is the hash of everything that can move its values, so a changed space,
protocol or data set never continues an old study. Its trials are a chain: every suggestion is
drawn by a sampler seeded from that identity and the number of trials that count, and depends on
all trials before it. So an interrupted study goes on exactly as if it had not been, and it makes
no difference who runs its trials.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from srgnn_bench.configuration import Candidate
from srgnn_bench.errors import ModelError
from srgnn_bench.events import Listener, TrialDone
from srgnn_bench.schema import ProtocolSpec, TuningSpec
from srgnn_bench.store.keys import RESULTS_VERSION, key_of, seed_from
from srgnn_bench.store.record import Schedule
from srgnn_bench.store.store import ResultStore
from srgnn_bench.store.study import StudyFacts, Trial, best_trial, paid_for
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

    def within(self, trials: list[Trial], budget: TuningSpec) -> list[Trial] | None:
        """The trials that a budget pays for; None while some of it is left (see ``paid_for``)."""
        return paid_for(trials, budget, searches=bool(self.candidate.space))

    def progress(self, budget: TuningSpec) -> tuple[int, int]:
        """Trials that have ended, and those of the whole budget.

        Where the budget is a time, one more is taken to follow while some of it is left.
        """
        trials = self.stored.trials()
        paid = self.within(trials, budget)
        if paid is not None:
            return len(paid), len(paid)
        most = budget.trials if self.candidate.space else 1
        return len(trials), most or len(trials) + 1

    def winner(self, budget: TuningSpec) -> Winner | None:
        """The best of the trials that the budget pays for, or None while some of it is left.

        Raises:
            ModelError: every one of them failed.
            StoreError: the list of trials is damaged.
        """
        trials = self.within(self.stored.trials(), budget)
        if trials is None:
            return None
        best = best_trial(trials)
        if best is None:
            raise ModelError(
                f"None of the {len(trials)} trials of {self.candidate.title} on {self.dataset} "
                f"completed; the first: {trials[0].error}",
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
        of, ordinal = self._of, len(self._trials)
        if of.within(self._trials, budget) is not None:
            return None
        candidate = of.candidate
        parameters = next_parameters(
            self._trials,
            candidate.space,
            defaults=candidate.defaults,
            seed=seed_from(of.key, "sampler", ordinal),
        )
        configuration = {**candidate.defaults, **parameters}
        content = {**of.identity, "configuration": configuration}
        return TrialTask(
            key=key_of(content),
            candidate=candidate,
            dataset=of.dataset,
            number=ordinal,
            budget=budget.trials,
            parameters=parameters,
            configuration=configuration,
            seed=seed_from(content),
            earlier=tuple(trial for trial in self._trials if trial.state == "complete"),
            limit_seconds=limit_seconds,
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
            )
        )

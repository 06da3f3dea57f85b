"""One trial: what it is told, and training a configuration on the validation stage.

A trial is a function of its task alone, so it gives the same numbers in this process and on a
worker elsewhere. The study keeps all that is stored.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from srgnn_bench.data.sessions import Stage
from srgnn_bench.errors import BenchError, DeviceError, StoreError
from srgnn_bench.events import CheckpointDiscarded, Listener, TrialStarted
from srgnn_bench.plain_text import visible
from srgnn_bench.process.device import Device
from srgnn_bench.process.limits import time_limit
from srgnn_bench.store.record import Schedule
from srgnn_bench.store.study import EpochValue, Trial
from srgnn_bench.training.build import build
from srgnn_bench.training.checkpoints import Checkpoint
from srgnn_bench.training.configuration import Candidate
from srgnn_bench.training.fit import EpochResult, epoch_done, train
from srgnn_bench.training.ranking import chance_level, judge
from srgnn_bench.training.stopping import judged_rule
from srgnn_bench.tuning.pruning import Pruned


@dataclass(frozen=True)
class TrialTask:
    """All that a trial depends on, besides its stage.

    Attributes:
        key: hash of all that decides its numbers, pruning apart; names its checkpoint.
        candidate: the model.
        dataset: name of the dataset, for events.
        number: place among the trials that count, from 0.
        budget: trials in all, for events; None where the budget is a time.
        parameters: values of the searched parameters.
        configuration: every parameter and training setting.
        seed: seed of weights, order and dropout.
        earlier: the trials that completed before, with their values per epoch, for the pruner.
        limit_seconds: longest time it may take; None for no limit.
        finalist: whether it is one of the best trials, on all training sessions but the newest.
    """

    key: str
    candidate: Candidate
    dataset: str
    number: int
    budget: int | None
    parameters: dict[str, Any]
    configuration: dict[str, Any]
    seed: int
    earlier: tuple[Trial, ...]
    limit_seconds: float | None
    part: Literal["tuning", "finalists"] = "tuning"
    finalist: bool = False

    @property
    def what(self) -> str:
        """What it is, for errors."""
        return f"{'The finalist of trial' if self.finalist else 'Trial'} {self.number + 1}"

    def do(self, stage: Stage, *, listen: Listener, checkpoint: Path, device: Device) -> Trial:
        """Train and judge the configuration; a model that fails makes a failed trial.

        Arguments and errors are those of [Task][srgnn_bench.execution.tasks.Task].
        """
        candidate = self.candidate
        training = candidate.training(self.configuration)
        epochs = 1 if candidate.is_fitted else training.epochs
        who = {"dataset": self.dataset, "entry": candidate.entry.name}
        listen(
            TrialStarted(
                **who,
                number=self.number,
                budget=self.budget,
                epochs=epochs,
                finalist=self.finalist,
            )
        )
        started = time.perf_counter()
        chance = None if candidate.is_fitted else chance_level(stage)
        rule = Pruned(judged_rule(training), earlier=self.earlier, chance=chance)
        values: list[EpochValue] = []

        def tell(result: EpochResult) -> None:
            assert result.value is not None
            values.append(EpochValue(epoch=result.epoch, value=result.value, cuts=result.cuts))
            listen(epoch_done(result, epochs=epochs, seed=None, **who))

        try:
            with time_limit(self.limit_seconds, what=self.what):
                model = build(
                    candidate.model_class, self.configuration, stage, seed=self.seed, device=device
                )
                if candidate.is_fitted:
                    fitted = time.perf_counter() - started
                    judged = judge(model, stage)
                    ranked = time.perf_counter() - started - fitted
                    history = [EpochResult(1, 0.0, fitted, judged, ranked)]
                    tell(*history)
                else:
                    history = train(
                        model,
                        stage,
                        training,
                        rule,
                        seed=self.seed,
                        judge=partial(judge, stage=stage),
                        tell=tell,
                        checkpoint=Checkpoint(
                            checkpoint,
                            key=self.key,
                            discarded=lambda reason: listen(
                                CheckpointDiscarded(**who, path=str(checkpoint), reason=reason)
                            ),
                        ),
                    )
        except (StoreError, DeviceError):  # not the model's fault
            raise
        except Exception as error:  # a model from elsewhere may raise anything
            seconds = time.perf_counter() - started
            return self._ended(
                "failed", error=describe(error), epochs=values, seconds=seconds, device=device
            )
        return self._ended(
            rule.state,
            value=None if rule.state == "pruned" else max(epoch.value for epoch in values),
            epochs=values,
            schedule=None if candidate.is_fitted else rule.schedule,
            # Not by the clock: an interrupted trial is paid for as a whole.
            seconds=sum(epoch.seconds + epoch.judge_seconds for epoch in history),
            device=device,
        )

    def failed(self, error: str, *, seconds: float) -> Trial:
        """The trial as it is stored where it could not be run to its end."""
        return self._ended("failed", error=error, seconds=seconds)

    def _ended(
        self,
        state: Literal["complete", "pruned", "collapsed", "failed"],
        *,
        seconds: float,
        value: float | None = None,
        epochs: Iterable[EpochValue] = (),
        schedule: Schedule | None = None,
        error: str | None = None,
        device: Device | None = None,
    ) -> Trial:
        return Trial(
            number=self.number,
            finalist=self.finalist,
            state=state,
            value=value,
            parameters=self.parameters,
            epochs=tuple(epochs),
            schedule=schedule,
            seconds=seconds,
            error=error,
            device=None if device is None else device.kind,
        )


def describe(error: Exception) -> str:
    """What is stored about an error: its words, after its class where it is not one of ours."""
    words = str(error) if isinstance(error, BenchError) else f"{type(error).__name__}: {error}"
    return visible(words)

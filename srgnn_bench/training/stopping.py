"""When a training cuts its learning rate, goes back to its best epoch, and ends.

Trials, finalists and final runs are trained by one loop (``fit.train``) and differ in their stop
rule alone. A rule is told what validation says after each epoch; told the same again, as when a
training goes on from a checkpoint, it comes to the same place.
"""

from __future__ import annotations

import math
from enum import Enum
from typing import Protocol

from srgnn_bench.specs.model import TrainingSpec
from srgnn_bench.store.record import Schedule


class Next(Enum):
    """What follows an epoch."""

    EPOCH = "another one"
    BACK = "the weights of the best epoch, and another one from there"
    END = "nothing"


class StopRule(Protocol):
    """What decides a training's course."""

    @property
    def epoch(self) -> int:
        """Epochs of the course so far; what was taken back is not among them."""

    @property
    def best(self) -> int:
        """The epoch whose weights the training ends with, as far as is known."""

    @property
    def cuts(self) -> int:
        """How often the learning rate has been cut for the epoch to come."""

    @property
    def schedule(self) -> Schedule:
        """The course up to the best epoch."""

    def after(self, value: float | None) -> Next:
        """What follows an epoch.

        Args:
            value: what validation says after it, the higher the better; None where it is not
                asked.
        """


class Repeat:
    """A course that is known already: the final training, where nothing validates.

    Args:
        schedule: what to repeat.
    """

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule
        self.epoch = self.best = 0

    @property
    def cuts(self) -> int:
        """As ``StopRule.cuts``."""
        return self.schedule.cuts_until(self.epoch)

    def after(self, value: float | None) -> Next:  # noqa: ARG002 - nothing depends on it
        """As ``StopRule.after``."""
        self.epoch = self.best = self.epoch + 1
        return Next.END if self.epoch >= self.schedule.epochs else Next.EPOCH


class _Judged:
    """A course that validation decides.

    Args:
        epochs: most epochs, those taken back included.
        patience: epochs in a row without a better value before something is done about it.
    """

    def __init__(self, *, epochs: int, patience: int) -> None:
        self.epoch = self.best = self.trained = 0
        self._epochs, self._patience = epochs, patience
        self._best_value = -math.inf
        self._cuts: list[int] = []

    @property
    def cuts(self) -> int:
        """As ``StopRule.cuts``."""
        return len(self._cuts)

    @property
    def schedule(self) -> Schedule:
        """As ``StopRule.schedule``."""
        return Schedule(epochs=self.best, cuts=tuple(c for c in self._cuts if c < self.best))

    def _stalls(self, value: float | None) -> bool:
        """Count an epoch; say whether patience is at its end."""
        assert value is not None
        self.epoch += 1
        self.trained += 1
        if value > self._best_value:
            self.best, self._best_value = self.epoch, value
        return self.epoch - self.best >= self._patience


class Plateau(_Judged):
    """Cut the learning rate where validation no longer improves; after the last cut, end.

    The next epoch starts from the weights of the best one, so nothing that did harm is kept, and
    the course that a final training repeats is free of it. A training that still improves when few
    epochs are left is cut all the same, the first time with a quarter of them left and the second
    with an eighth, so that its value does not depend on whether the most epochs were enough.
    """

    MOST_CUTS = 2

    def after(self, value: float | None) -> Next:
        """As ``StopRule.after``."""
        stalls = self._stalls(value)
        left = self._epochs - self.trained
        last = self.cuts == self.MOST_CUTS
        if left == 0 or (stalls and last):
            return Next.END
        if stalls or (not last and left <= math.ceil(self._epochs / 2 ** (2 + self.cuts))):
            self._cuts.append(self.best)
            self.epoch = self.best
            return Next.BACK
        return Next.EPOCH


class Steps(_Judged):
    """Cut the learning rate every so many epochs, as the papers do; end where it stalls.

    Args:
        every: epochs between two cuts; None for no cut.
        epochs: most epochs.
        patience: epochs in a row without a better value before the end.
    """

    def __init__(self, every: int | None, *, epochs: int, patience: int) -> None:
        super().__init__(epochs=epochs, patience=patience)
        self._every = every

    def after(self, value: float | None) -> Next:
        """As ``StopRule.after``."""
        stalls = self._stalls(value)
        if self._every is not None and self.epoch % self._every == 0:
            self._cuts.append(self.epoch)
        return Next.END if stalls or self.trained == self._epochs else Next.EPOCH


def judged_rule(training: TrainingSpec) -> Plateau | Steps:
    """The rule of a training that validation judges, as its settings say."""
    most = {"epochs": training.epochs, "patience": training.stopping_step}
    if training.lr_schedule == "plateau":
        return Plateau(**most)
    return Steps(training.lr_decay_step, **most)


def usual_course(training: TrainingSpec) -> tuple[float, float]:
    """Epochs that a judged training usually takes, those taken back included, and that it keeps.

    A guess, for a forecast of the time. Of 15 epochs, tuned models took 8 to 14 on yoochoose1_64
    and Tmall and kept two thirds to three quarters; a short course takes all that it may and keeps
    nearly all.
    """
    judged = min(float(training.epochs), 4 + training.epochs / 2)
    return judged, max(1.0, 0.8 * judged)

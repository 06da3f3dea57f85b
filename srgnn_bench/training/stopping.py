"""When a training cuts its learning rate, goes back to an earlier epoch, and ends.

Trials, finalists and final runs are trained by one loop (``fit.train``) and differ in their stop
rule alone. A rule is told what validation says after each epoch; told the same again, as when a
training goes on from a checkpoint, it comes to the same place.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from enum import Enum
from typing import Protocol

from srgnn_bench.specs.model import TrainingSpec
from srgnn_bench.store.record import Schedule


class Next(Enum):
    """What follows an epoch."""

    EPOCH = "another one"
    BACK = "the weights of an earlier epoch, and another one from there"
    END = "nothing"


class StopRule(Protocol):
    """What decides a training's course.

    Trained epochs are counted from 1 as they come, those of the course by their place in it, which
    stands again where the training went back.
    """

    @property
    def epoch(self) -> int:
        """Epochs of the course so far; what was taken back is not among them."""

    @property
    def cuts(self) -> int:
        """How often the learning rate has been cut for the epoch to come."""

    @property
    def schedule(self) -> Schedule:
        """The course up to the best epoch."""

    @property
    def to(self) -> int:
        """The trained epoch whose weights come next: to go on from, or at the end to stay."""

    @property
    def wanted(self) -> Collection[int]:
        """The trained epochs whose weights may be wanted again."""

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

    wanted = ()

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule
        self.epoch = self.to = 0

    @property
    def cuts(self) -> int:
        """As ``StopRule.cuts``."""
        return self.schedule.cuts_until(self.epoch)

    def after(self, value: float | None) -> Next:  # noqa: ARG002 - nothing depends on it
        """As ``StopRule.after``."""
        self.epoch = self.to = self.epoch + 1
        return Next.END if self.epoch >= self.schedule.epochs else Next.EPOCH


class _Judged(ABC):
    """A course that validation decides.

    Args:
        epochs: most epochs, those taken back included.
        patience: epochs in a row without a better value before something is done about it.
    """

    def __init__(self, *, epochs: int, patience: int) -> None:
        self._epochs, self._patience = epochs, patience
        self._values: list[float] = []
        self._course: list[int] = []
        self._cuts: list[int] = []
        self._goes_back = False

    def after(self, value: float | None) -> Next:
        """As ``StopRule.after``."""
        assert value is not None
        self._values.append(value)
        self._course.append(len(self._values))
        following = self._following()
        self._goes_back = following is Next.BACK
        return following

    @abstractmethod
    def _following(self) -> Next:
        """What follows the epoch that was noted last; the way back is taken off the course."""

    @property
    def epoch(self) -> int:
        """As ``StopRule.epoch``."""
        return len(self._course)

    @property
    def cuts(self) -> int:
        """As ``StopRule.cuts``."""
        return len(self._cuts)

    @property
    def schedule(self) -> Schedule:
        """As ``StopRule.schedule``."""
        best = self._best(self._course)
        return Schedule(epochs=best, cuts=tuple(c for c in self._cuts if c < best))

    @property
    def to(self) -> int:
        """As ``StopRule.to``."""
        return self._course[-1 if self._goes_back else self._best(self._course) - 1]

    @property
    def wanted(self) -> Collection[int]:
        """As ``StopRule.wanted``."""
        return {self.to, self._course[self._best(self._course) - 1]}

    def _best(self, course: Sequence[int]) -> int:
        """Place of a course's best epoch, the first of equal ones."""
        values = [self._values[trained - 1] for trained in course]
        return 1 + values.index(max(values))

    @property
    def _stalls(self) -> bool:
        """Whether patience is at its end."""
        return self.epoch - self._best(self._course) >= self._patience

    @property
    def _left(self) -> int:
        """Epochs that may still be trained."""
        return self._epochs - len(self._values)


class Plateau(_Judged):
    """Cut the learning rate where validation no longer improves; after the last cut, end.

    The next epoch starts from the weights of the best one, so nothing that did harm is kept, and
    the course that a final training repeats is free of it. A training that still improves when few
    epochs are left is cut all the same, the first time with a quarter of them left and the second
    with an eighth, so that its value does not depend on whether the most epochs were enough.

    Where the first cut gains most is often before the best epoch, since the last epochs of a large
    learning rate fit the training sessions alone. So it is tried earlier, too: from one epoch
    before, judged after one epoch, and from two before where that was better. The best of these
    is gone on with.
    """

    MOST_CUTS = 2
    EARLIER = 2

    def __init__(self, *, epochs: int, patience: int) -> None:
        super().__init__(epochs=epochs, patience=patience)
        self._uncut: list[int] = []
        self._tried: dict[int, int] = {}
        self._trying = False

    @property
    def wanted(self) -> Collection[int]:
        """As ``StopRule.wanted``."""
        if self._cuts and not self._trying:
            return super().wanted
        uncut = self._uncut or self._course
        latest = self._best(uncut)
        kept = {*uncut[max(0, latest - 1 - self.EARLIER) : latest], *self._tried.values()}
        # With patience, a better epoch may come after some that were not: it asks for these.
        return kept if self._trying else {*kept, *self._course[-self.EARLIER :]}

    def _following(self) -> Next:
        return self._after_trying() if self._trying else self._after_epoch()

    def _after_epoch(self) -> Next:
        last = self.cuts == self.MOST_CUTS
        if self._left <= 0 or (self._stalls and last):
            return Next.END
        if not self._stalls and (last or self._left > self._reserve(self.cuts)):
            return Next.EPOCH
        best = self._best(self._course)
        if self._cuts:
            del self._course[best:]
            self._cuts.append(best)
            return Next.BACK
        self._uncut, self._trying = self._course, True
        return self._cut_at(best)

    def _cut_at(self, epoch: int) -> Next:
        self._course, self._cuts = self._uncut[:epoch], [epoch]
        return Next.BACK

    def _after_trying(self) -> Next:
        """The epoch after a first cut has been trained: try an earlier one, or choose."""
        [cut] = self._cuts
        self._tried[cut] = self._course[-1]
        chosen = max(self._tried, key=lambda each: (self._reached(each), each))
        more = len(self._tried) <= self.EARLIER and self._left > self._reserve(1)
        if chosen == cut > 1 and more:
            return self._cut_at(cut - 1)
        self._trying = False
        self._course, self._cuts = [*self._uncut[:chosen], self._tried[chosen]], [chosen]
        following = self._after_epoch()
        if following is Next.EPOCH and chosen != cut:
            return Next.BACK
        return following

    def _reached(self, cut: int) -> float:
        """The best value of the course with the first cut there."""
        return max(self._values[each - 1] for each in (*self._uncut[:cut], self._tried[cut]))

    def _reserve(self, cuts: int) -> int:
        """Epochs left at which the next cut comes whatever validation says."""
        return math.ceil(self._epochs / (4 << cuts))


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

    def _following(self) -> Next:
        if self._every is not None and self.epoch % self._every == 0:
            self._cuts.append(self.epoch)
        return Next.END if self._stalls or self._left <= 0 else Next.EPOCH


def judged_rule(training: TrainingSpec) -> Plateau | Steps:
    """The rule of a training that validation judges, as its settings say."""
    most = {"epochs": training.epochs, "patience": training.stopping_step}
    if training.lr_schedule == "plateau":
        return Plateau(**most)
    return Steps(training.lr_decay_step, **most)


def usual_course(training: TrainingSpec) -> tuple[float, float]:
    """Epochs that a judged training usually takes, those taken back included, and that it keeps.

    A guess, for a forecast of the time. Of 15 epochs, tuned models took 10 to 15 on yoochoose1_64
    and Diginetica and kept about two thirds; a short course takes all that it may and keeps most.
    """
    judged = min(float(training.epochs), 5.5 + training.epochs / 2)
    return judged, max(1.0, 0.7 * judged)

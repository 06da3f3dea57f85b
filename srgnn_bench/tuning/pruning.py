"""Ends trials that are not worth their time."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterable
from typing import Literal

import optuna
from optuna.trial import TrialState, create_trial

from srgnn_bench.store.record import Schedule
from srgnn_bench.store.study import Trial
from srgnn_bench.training.stopping import Next, Plateau, StopRule

COLLAPSED = 1.05
"""Up to how many times the value of popularity a trial counts as having learned that alone.

A model that learns nothing but the items' clicks ends a few percent beside them, either way.
"""


class Pruned:
    """A stop rule that also ends a trial whose plateau is at chance, or below the others' median.

    Trials are compared where they stand alike: each at the best value that it had when its learning
    rate was cut for the same time. Not at the first cut, which says too little: a large learning
    rate stands low there and gains most afterwards.

    Args:
        rule: what decides otherwise.
        earlier: the completed trials of the study.
        chance: the value of what says the same of every session; None: nothing collapses.
    """

    def __init__(
        self, rule: StopRule, *, earlier: Iterable[Trial], chance: float | None = None
    ) -> None:
        self._rule = rule
        self._value = float("-inf")
        self._chance = chance
        self._pruned = False
        with warnings.catch_warnings():
            optuna.logging.set_verbosity(optuna.logging.WARNING)
            pruner = optuna.pruners.MedianPruner(n_startup_trials=2, n_warmup_steps=1)
        study = optuna.create_study(direction="maximize", pruner=pruner)
        for trial in earlier:
            study.add_trial(
                create_trial(
                    state=TrialState.COMPLETE,
                    value=trial.value,
                    intermediate_values=dict(enumerate(plateaus(trial))),
                )
            )
        self._trial = study.ask()

    @property
    def epoch(self) -> int:
        """As ``StopRule.epoch``."""
        return self._rule.epoch

    @property
    def cuts(self) -> int:
        """As ``StopRule.cuts``."""
        return self._rule.cuts

    @property
    def schedule(self) -> Schedule:
        """As ``StopRule.schedule``."""
        return self._rule.schedule

    @property
    def to(self) -> int:
        """As ``StopRule.to``."""
        return self._rule.to

    @property
    def wanted(self) -> Collection[int]:
        """As ``StopRule.wanted``."""
        return self._rule.wanted

    @property
    def state(self) -> Literal["complete", "pruned", "collapsed"]:
        """How a trial has ended that this rule has brought to its end."""
        if self._collapsed:
            return "collapsed"
        return "pruned" if self._pruned else "complete"

    @property
    def _collapsed(self) -> bool:
        return self._chance is not None and self._value <= COLLAPSED * self._chance

    def after(self, value: float | None) -> Next:
        """As ``StopRule.after``."""
        assert value is not None
        self._value = max(self._value, value)
        before = self._rule.cuts
        following = self._rule.after(value)
        if following is Next.BACK and self._rule.cuts > before:
            self._trial.report(self._value, step=self._rule.cuts - 1)
            self._pruned = self._trial.should_prune()
            if self._pruned or self._collapsed:
                return Next.END
        return following


def plateaus(trial: Trial) -> list[float]:
    """The best value that a trial had had when its learning rate was cut, for each cut.

    Where there was none, its best value stands for it.
    """
    if trial.schedule is None or trial.value is None:
        return []
    return [
        max(epoch.value for epoch in trial.epochs if epoch.cuts <= cuts)
        for cuts in range(Plateau.MOST_CUTS)
    ]

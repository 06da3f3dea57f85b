"""Search spaces as Optuna knows them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import FrozenTrial, TrialState, create_trial

from srgnn_bench.specs.model import ChoiceDimension, Dimension, FloatDimension
from srgnn_bench.store.study import Trial

STATES: dict[Literal["complete", "pruned", "collapsed", "failed"], TrialState] = {
    "complete": TrialState.COMPLETE,
    "collapsed": TrialState.COMPLETE,  # with its low value: there is nothing to be found there
    "pruned": TrialState.PRUNED,
    "failed": TrialState.FAIL,
}


def next_parameters(
    trials: Sequence[Trial], space: dict[str, Dimension], *, defaults: dict[str, Any], seed: int
) -> dict[str, Any]:
    """Values of the searched parameters for the trial after these: the defaults, then TPE's.

    Optuna's study is made anew in memory from the trials, and the sampler draws from the seed
    alone. So it makes no difference who asks, and when.

    Args:
        trials: all that ended, in their order.
        space: the dimensions, in the order in which they are asked for.
        defaults: a value for every parameter; kept where nothing is suggested.
        seed: of the sampler.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=5)
    )
    study.add_trials(as_optuna(trials, space))
    if not trials:
        study.enqueue_trial({name: defaults[name] for name in space})
    asked = study.ask()
    suggest(asked, space, defaults=defaults)
    return asked.params


def as_optuna(trials: Iterable[Trial], space: dict[str, Dimension]) -> list[FrozenTrial]:
    """Trials as Optuna has them."""
    return [
        create_trial(
            state=STATES[trial.state],
            value=trial.value if STATES[trial.state] is TrialState.COMPLETE else None,
            params=trial.parameters,
            distributions={name: distribution(space[name]) for name in trial.parameters},
            intermediate_values={
                step: epoch.value for step, epoch in enumerate(trial.epochs, start=1)
            },
            user_attrs=trial.model_dump(
                mode="json", include={"schedule", "seconds", "error", "device"}
            ),
        )
        for trial in trials
    ]


def suggest(
    trial: optuna.Trial, space: dict[str, Dimension], *, defaults: dict[str, Any]
) -> dict[str, Any]:
    """The configuration of a trial: a suggestion for every dimension whose conditions hold.

    Args:
        trial: the trial that is asked.
        space: the dimensions, in the order in which they are asked for.
        defaults: a value for every parameter; kept where nothing is suggested.
    """
    values = dict(defaults)
    for name, dimension in space.items():
        if is_active(dimension, values):
            values[name] = _value(trial, name, dimension)
    return values


def is_active(dimension: Dimension, values: dict[str, Any]) -> bool:
    """Whether the conditions of a dimension hold for these values."""
    return all(
        values[name] in (wanted if isinstance(wanted, tuple) else (wanted,))
        for name, wanted in dimension.when.items()
    )


def distribution(dimension: Dimension) -> BaseDistribution:
    """A dimension as Optuna has it."""
    if isinstance(dimension, ChoiceDimension):
        return CategoricalDistribution(list(dimension.values))
    if isinstance(dimension, FloatDimension):
        return FloatDistribution(dimension.low, dimension.high, log=dimension.log)
    return IntDistribution(dimension.low, dimension.high, step=dimension.step, log=dimension.log)


def _value(trial: optuna.Trial, name: str, dimension: Dimension) -> Any:
    if isinstance(dimension, ChoiceDimension):
        return trial.suggest_categorical(name, list(dimension.values))
    if isinstance(dimension, FloatDimension):
        return trial.suggest_float(name, dimension.low, dimension.high, log=dimension.log)
    return trial.suggest_int(
        name, dimension.low, dimension.high, step=dimension.step, log=dimension.log
    )

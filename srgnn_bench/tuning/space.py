"""Asks Optuna for a value of every dimension of a search space."""

from __future__ import annotations

from typing import Any

import optuna

from srgnn_bench.schema import ChoiceDimension, Dimension, FloatDimension


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


def _value(trial: optuna.Trial, name: str, dimension: Dimension) -> Any:
    if isinstance(dimension, ChoiceDimension):
        return trial.suggest_categorical(name, list(dimension.values))
    if isinstance(dimension, FloatDimension):
        return trial.suggest_float(name, dimension.low, dimension.high, log=dimension.log)
    return trial.suggest_int(
        name, dimension.low, dimension.high, step=dimension.step, log=dimension.log
    )

"""Asks Optuna for a value of every dimension of a search space."""

from __future__ import annotations

from typing import Any

import optuna

from srgnn_bench.schema import ChoiceDimension, Dimension, FloatDimension


def suggest(trial: optuna.Trial, space: dict[str, Dimension]) -> dict[str, Any]:
    """One value per dimension, in the order of the space."""
    return {name: _value(trial, name, dimension) for name, dimension in space.items()}


def _value(trial: optuna.Trial, name: str, dimension: Dimension) -> Any:
    if isinstance(dimension, ChoiceDimension):
        return trial.suggest_categorical(name, list(dimension.values))
    if isinstance(dimension, FloatDimension):
        return trial.suggest_float(name, dimension.low, dimension.high, log=dimension.log)
    return trial.suggest_int(
        name, dimension.low, dimension.high, step=dimension.step, log=dimension.log
    )

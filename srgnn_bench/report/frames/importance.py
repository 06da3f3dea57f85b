"""How much of the spread between a study's trials each parameter explains."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

FEWEST_TRIALS = 8
"""Completed trials below which no importance is told."""


def importances(
    trials: Sequence[tuple[dict[str, Any], float]], *, space: dict[str, dict[str, Any]]
) -> dict[str, float]:
    """Share of each searched parameter in the variance of the objective.

    The functional ANOVA of Hutter, Hoos and Leyton-Brown (2014), as Optuna implements it, with
    a fixed seed. From a dozen trials it is a hint, no more.

    Args:
        trials: parameters and value of each completed trial.
        space: the searched dimensions, as their YAML says them.

    Returns:
        Parameter -> share, adding up to 1, for those that every trial set (conditional ones may
        be absent); empty with fewer than ``FEWEST_TRIALS`` trials, with one parameter only, or
        where all trials have the same value or the same parameters.
    """
    if len(trials) < FEWEST_TRIALS or len({value for _, value in trials}) < 2:
        return {}
    shared = [name for name in space if all(name in parameters for parameters, _ in trials)]
    if len(shared) < 2:
        return {}
    import optuna  # slow to import, and most reports have no use for it

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    distributions = {name: _distribution(space[name]) for name in shared}
    study = optuna.create_study(direction="maximize")
    study.add_trials(
        [
            optuna.trial.create_trial(
                params={name: parameters[name] for name in shared},
                distributions=distributions,
                value=value,
            )
            for parameters, value in trials
        ]
    )
    evaluator = optuna.importance.FanovaImportanceEvaluator(n_trees=16, seed=0)
    try:
        return dict(optuna.importance.get_param_importances(study, evaluator=evaluator))
    except RuntimeError:  # no forest: no parameter has two values
        return {}


def _distribution(dimension: dict[str, Any]) -> Any:
    from optuna.distributions import (
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    values = {key: value for key, value in dimension.items() if key not in ("type", "when")}
    if dimension["type"] == "choice":
        return CategoricalDistribution(values["values"])
    return (FloatDistribution if dimension["type"] == "float" else IntDistribution)(**values)

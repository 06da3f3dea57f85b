"""From a suite's entry to the full configuration of a model: every value, and where it may move.

Later sources win: defaults of the model's class and of training, the model's YAML, the suite's
training settings, the entry's own values, and the values that tuning suggests. A value fixed by
the suite or the entry leaves the search space.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from srgnn_bench.errors import SpecError
from srgnn_bench.models import FittedRecommender
from srgnn_bench.recbole_bridge.classes import foreign_code
from srgnn_bench.recbole_bridge.classes import model_class as model_class_of
from srgnn_bench.recbole_bridge.config import LOSS_TYPES, recbole_parameters
from srgnn_bench.recbole_bridge.recbole_models import recboles_word
from srgnn_bench.specs.model import (
    ChoiceDimension,
    Dimension,
    IntDimension,
    ModelSpec,
    TrainingSpec,
)
from srgnn_bench.specs.reading import did_you_mean, spec_of
from srgnn_bench.specs.resolving import ResolvedSuite
from srgnn_bench.specs.suite import ModelEntry, SuiteSpec

TRAINING = {
    "temporal": TrainingSpec(),
    "published": TrainingSpec(lr_schedule="step", stopping_step=3),
}
"""Training settings that nothing else states, by kind of protocol: the papers cut the learning rate
at epochs that they fix, and end when several in a row were no better."""


@dataclass(frozen=True)
class Candidate:
    """A model as one entry of a suite runs it.

    Attributes:
        entry: the suite's entry.
        spec: the model's specification.
        model_class: its class.
        implementation: what keys call its code.
        defaults: a value for every parameter and training setting.
        space: the parameters that tuning may move.
    """

    entry: ModelEntry
    spec: ModelSpec
    model_class: type[Any]
    implementation: str
    defaults: dict[str, Any]
    space: dict[str, Dimension]

    @property
    def title(self) -> str:
        """Title in tables and figures."""
        return self.entry.title or self.spec.title

    @property
    def is_fitted(self) -> bool:
        """Whether it is fitted in one pass rather than trained in epochs."""
        return issubclass(self.model_class, FittedRecommender)

    @property
    def has_chance(self) -> bool:
        """Whether another seed could give another model."""
        return not self.is_fitted or self.model_class.has_chance

    def training(self, configuration: dict[str, Any]) -> TrainingSpec:
        """The training settings among the values of a configuration."""
        chosen = {k: v for k, v in configuration.items() if k in TrainingSpec.model_fields}
        return TrainingSpec.model_validate(chosen)


def candidates(suite: ResolvedSuite, *, trust: bool = False) -> list[Candidate]:
    """Every entry of a suite, in their order; arguments and errors as of ``candidate``."""
    return [
        candidate(suite.spec, entry, spec, trust=trust)
        for entry, spec in zip(suite.spec.models, suite.models, strict=True)
    ]


def candidate(
    suite: SuiteSpec, entry: ModelEntry, spec: ModelSpec, *, trust: bool = False
) -> Candidate:
    """One entry of a suite with its class, all of its values and its search space.

    Args:
        suite: the suite.
        entry: one of its models.
        spec: the model that the entry names.
        trust: whether its class may come from any module.

    Raises:
        SpecError: an unknown or invalid parameter, or a search space that does not contain the
            default.
        ModelError: the class cannot be imported.
    """
    model_class = model_class_of(spec, trust=trust)
    fitted = issubclass(model_class, FittedRecommender)
    training = {} if fitted else TRAINING[suite.protocol.kind].model_dump()
    own, closed = _own_parameters(model_class)
    known = {**own, **training}
    suite_training = {} if fitted else suite.training
    given = {**spec.parameters, **suite_training, **entry.parameters}
    for name in given:
        if name not in known and closed:
            raise SpecError(
                f"Model '{spec.name}' has no parameter '{name}'.",
                remedy=did_you_mean(name, list(known)) or f"It has: {', '.join(known)}.",
            )
    values = {**known, **given}
    for name in spec.space:
        if name not in values:
            raise SpecError(
                f"The search space of model '{spec.name}' names '{name}', which is no parameter.",
                remedy=did_you_mean(name, list(values)) or f"It has: {', '.join(values)}.",
            )
    _check_values(spec, model_class, values)
    fixed = {*suite_training, *entry.parameters}
    space = {name: d for name, d in spec.space.items() if name not in fixed}
    # A model's file may state the step of its paper, which the published protocol trains with.
    plateau = values.get("lr_schedule") == "plateau" and "lr_schedule" not in space
    if plateau and "lr_decay_step" in {*fixed, *space}:
        raise SpecError(
            f"Model '{spec.name}': lr_decay_step does nothing where lr_schedule is plateau.",
            remedy="Leave it out, or set training.lr_schedule to step.",
        )
    for name, dimension in space.items():
        _check_conditions(spec, name, values)
        for text in _texts(dimension):
            _check_values(spec, model_class, {**values, name: text})
        if not _contains(dimension, values.get(name)):
            raise SpecError(
                f"Model '{spec.name}': the default of '{name}', {values.get(name)!r}, is outside "
                f"its search space.",
                remedy="The default is always the first trial: widen the space or move it.",
            )
    return Candidate(entry, spec, model_class, implementation_of(spec, model_class), values, space)


def implementation_of(spec: ModelSpec, model_class: type[Any]) -> str:
    """What keys call a model's code, so that its file may move and a change makes other runs.

    For a class of this package or RecBole that is the word of its file, or of the shipped file
    that names the same class. A class of the user's own has no version that one could rely on: its
    name is followed by a hash of the text of its modules.

    Raises:
        SpecError: the class is this package's, and has no word.
        ModelError: the text of the user's class cannot be had.
    """
    code = foreign_code(model_class)  # type: ignore[arg-type]  # a class is hashable
    if code is not None:
        return f"{spec.implementation or model_class.__name__}@{code}"
    word = spec.implementation or recboles_word(model_class)
    if word is None:
        raise SpecError(
            f"Model '{spec.name}': the implementation of {spec.class_path} is not named.",
            remedy="Name it in its YAML, as in `implementation: my-model/1`.",
        )
    return word


def _own_parameters(model_class: type[Any]) -> tuple[dict[str, Any], bool]:
    """A class's parameters with their defaults, and whether the list is known to be complete."""
    declared = getattr(model_class, "Parameters", None)
    if declared is not None:
        return declared().model_dump(mode="json"), True
    defaults = recbole_parameters(model_class)
    return ({}, False) if defaults is None else (defaults, True)


def _check_values(spec: ModelSpec, model_class: type[Any], values: dict[str, Any]) -> None:
    for name, value in values.items():
        if isinstance(value, float) and not math.isfinite(value):
            raise SpecError(
                f"Model '{spec.name}': {name} is {value}.", remedy="Give a finite number."
            )
    loss = values.get("loss_type", LOSS_TYPES[0])
    if loss not in LOSS_TYPES:
        raise SpecError(
            f"Model '{spec.name}': loss_type is {loss!r}.",
            remedy=f"It is {' or '.join(LOSS_TYPES)}.",
        )
    declared = getattr(model_class, "Parameters", None)
    for part in filter(None, (declared, TrainingSpec)):
        chosen = {k: v for k, v in values.items() if k in part.model_fields}
        read = spec_of(part, chosen, where=f"Model '{spec.name}'")
        for name, value in chosen.items():
            if isinstance(value, bool) and not isinstance(getattr(read, name), bool):
                raise SpecError(
                    f"Model '{spec.name}': {name} is {value}.", remedy="Give it a number."
                )
    if declared is None:
        _check_kinds(spec, recbole_parameters(model_class) or {}, values)


def _check_kinds(spec: ModelSpec, defaults: dict[str, Any], values: dict[str, Any]) -> None:
    """A value must be of the kind of RecBole's default: whole numbers pass for numbers."""
    for name, default in defaults.items():
        value = values[name]
        numeric = type(default) in (int, float) and type(value) in (int, float)
        if type(value) is not type(default) and not (numeric and type(default) is float):
            raise SpecError(
                f"Model '{spec.name}': {name} is {value!r}, but RecBole's default is {default!r}.",
                remedy="Give a value of that kind.",
            )


def _check_conditions(spec: ModelSpec, name: str, values: dict[str, Any]) -> None:
    """A condition must name a parameter, and one that is decided before."""
    searched = list(spec.space)
    for other in spec.space[name].when:
        if other not in values:
            raise SpecError(
                f"Model '{spec.name}': '{name}' depends on '{other}', which is no parameter.",
                remedy=did_you_mean(other, list(values)) or "Correct its `when`.",
            )
        if other in searched[searched.index(name) :]:
            raise SpecError(
                f"Model '{spec.name}': '{name}' depends on '{other}', which is searched after it.",
                remedy=f"Put '{other}' before '{name}' in the space.",
            )


def _texts(dimension: Dimension) -> list[str]:
    """The words among the values of a dimension: each must be valid by itself."""
    values = dimension.values if isinstance(dimension, ChoiceDimension) else ()
    return [value for value in values if isinstance(value, str)]


def _contains(dimension: Dimension, value: Any) -> bool:
    if isinstance(dimension, ChoiceDimension):
        return value in dimension.values
    if not isinstance(value, int if isinstance(dimension, IntDimension) else (int, float)):
        return False
    step = dimension.step if isinstance(dimension, IntDimension) else None
    on_step = step is None or (value - dimension.low) % step == 0
    return on_step and dimension.low <= value <= dimension.high

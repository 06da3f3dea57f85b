"""Typed, frozen specifications: what a suite, a dataset or a model file may say.

Every specification is a YAML file under ``properties/`` or one of the user's own. Unknown keys
are refused, so that a misspelt setting never runs as a silent default.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from srgnn_bench.errors import SpecError
from srgnn_bench.evaluation.metrics import Metric
from srgnn_bench.plain_text import checked_name, checked_text, checked_title
from srgnn_bench.yaml_text import DEEPEST

Scalar = bool | int | float | str

Name = Annotated[str, AfterValidator(checked_name)]
"""A name that files and folders may have."""

Title = Annotated[str, AfterValidator(checked_title)]
Text = Annotated[str, AfterValidator(checked_text)]


def _plain_values(values: dict[str, Any]) -> dict[str, Any]:
    """Values by name as YAML can say them; ``ValueError`` where one is none."""
    return {checked_text(name): _plain_value(value, 0) for name, value in values.items()}


def _plain_value(value: Any, deep: int) -> Any:
    """A value as YAML can say it; ``ValueError`` where it is none."""
    if deep > DEEPEST:
        raise ValueError(f"more than {DEEPEST} levels of lists and keys")
    if isinstance(value, str):
        return checked_text(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, list | tuple):
        return [_plain_value(each, deep + 1) for each in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {checked_text(key): _plain_value(each, deep + 1) for key, each in value.items()}
    raise ValueError(f"{type(value).__name__} is neither a text, a number, a list nor null")


Values = Annotated[dict[str, Any], AfterValidator(_plain_values)]
"""Parameters or settings and their values."""


class Spec(BaseModel):
    """Base of every specification: frozen, closed to unknown keys, all numbers finite."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class ProtocolSpec(Spec):
    """How sessions become training and test data, and what decides when training ends."""

    kind: Literal["temporal", "published"] = "temporal"
    """``temporal``: the newest training sessions validate and choose the configuration and the
    number of epochs; the winner is trained again on all training sessions; the test set is
    looked at once per seed. ``published``: as the papers do it, the best epoch is chosen on the
    test set. That is optimistic, serves only to compare with printed numbers, and is labelled so
    wherever it appears."""

    validation_fraction: float = Field(0.1, gt=0, lt=1)
    """Share of the training sessions, the newest, that validates."""

    tuning_fraction: float = Field(1.0, gt=0, le=1)
    """Share of the training sessions, the newest, that tuning may use (validation included).
    The final training always uses them all."""

    max_prefix_length: int | None = Field(None, ge=1)
    """Longest prefix that models see, in clicks, counted from its end; None: no limit."""


class TrainingSpec(Spec):
    """Training settings that every trained model shares, by RecBole's names where it has one."""

    epochs: int = Field(20, ge=1, le=1_000_000)
    """Most epochs of one training, those that it takes back included."""

    train_batch_size: int = Field(512, ge=1, le=10_000_000)
    """Prefixes per step."""

    learning_rate: float = Field(0.001, gt=0)
    """Step size of Adam."""

    weight_decay: float = Field(0.0, ge=0)
    """L2 penalty, added to the gradient as in the SR-GNN authors' code."""

    lr_schedule: Literal["plateau", "step"] = "plateau"
    """``plateau``: where validation no longer improves, training goes back to its best epoch and on
    with the learning rate cut; after the second cut it ends. ``step``: cut every ``lr_decay_step``
    epochs, as the papers do; the default of the ``published`` protocol."""

    lr_decay_step: int | None = Field(None, ge=1)
    """Epochs between two cuts of the schedule ``step``; None: no cut."""

    lr_decay_gamma: float = Field(0.1, gt=0, le=1)
    """Factor of a cut of the learning rate."""

    stopping_step: int = Field(1, ge=1)
    """Epochs in a row without a better validation result before the learning rate is cut
    (``plateau``) or training ends."""

    clip_grad_norm: float | None = Field(None, gt=0)
    """Largest L2 norm of the gradient; None: no clipping."""


class _Dimension(Spec):
    """What every dimension of a search space may say."""

    when: dict[str, Scalar | tuple[Scalar, ...]] = {}
    """Searched only where these other parameters have these values (or one of them); otherwise
    it keeps its default. A parameter that is searched itself must stand before this one."""


class FloatDimension(_Dimension):
    """A real hyper-parameter."""

    type: Literal["float"]
    low: float
    high: float
    log: bool = False

    @model_validator(mode="after")
    def _ordered(self) -> FloatDimension:
        if self.low > self.high or (self.log and self.low <= 0):
            raise ValueError("low must not exceed high, and must be positive on a log scale")
        return self


class IntDimension(_Dimension):
    """A whole-numbered hyper-parameter."""

    type: Literal["int"]
    low: int
    high: int
    step: int = Field(1, ge=1)
    log: bool = False

    @model_validator(mode="after")
    def _ordered(self) -> IntDimension:
        if self.low > self.high or (self.log and self.low <= 0):
            raise ValueError("low must not exceed high, and must be positive on a log scale")
        if self.log and self.step != 1:
            raise ValueError("a log scale has no step")
        return self


class ChoiceDimension(_Dimension):
    """A hyper-parameter that takes one of a few values."""

    type: Literal["choice"]
    values: tuple[Scalar | None, ...] = Field(min_length=1)


Dimension = Annotated[FloatDimension | IntDimension | ChoiceDimension, Field(discriminator="type")]


class SpaceSpec(Spec):
    """A part of the search space that several models share."""

    name: Name
    """Short name, as models' files use it."""

    dimensions: dict[str, Dimension]
    """Its dimensions, by the names of the parameters."""


class ModelSpec(Spec):
    """A model: its class, its fixed values and its search space."""

    name: Name
    """Short name, as the command line, folders of results and the tables' keys use it."""

    title: Title
    """Name as printed in tables and figures."""

    class_path: str = Field(alias="class", pattern=r"^[\w.]+:\w+$")
    """Where the class is, as ``module:Class``."""

    implementation: str | None = Field(None, pattern=r"^[a-z0-9-]+/[1-9][0-9]*$")
    """What the keys of runs call its code, wherever that lies: a word and a version, ``srgnn/1``.
    The version rises with a change of the model that moves its numbers. Every model of this package
    has one; a class of the user's own is known by the text of its modules besides."""

    citation: Text
    """The paper, and whose implementation this is."""

    parameters: Values = {}
    """Fixed values: the model's own parameters and training settings."""

    common_space: str | None = None
    """Name of a part of the search space that several models share. Its dimensions stand before the
    model's own, which take the place of those of the same name."""

    called: dict[str, str] = {}
    """What the model calls a parameter of the common part, where it has another name for it."""

    space: dict[str, Dimension] = {}
    """Search space. Each name must also be a parameter of the model or a training setting."""


class ModelEntry(Spec):
    """A model as a suite names it: by its name alone, or as a variant with values of its own."""

    model: str
    """Name of a model, or path of its YAML file."""

    name: Name
    """Name of this entry in the suite; the model's name unless it is a variant."""

    title: Title | None = None
    """Title in tables and figures; the model's own unless given."""

    parameters: Values = {}
    """Values that this entry fixes; they leave the search space."""


class TuningSpec(Spec):
    """The budget of tuning, the same for every model and dataset of a suite.

    It is a number of trials (10 unless given) or, in its place, a time.
    """

    trials: int | None = Field(None, ge=1, le=1_000_000)
    """Configurations tried; the model's defaults are always the first."""

    seconds: float | None = Field(None, gt=0)
    """Seconds that trials take together, failed and pruned ones included. A trial begins while
    some are left, and is not cut short; the defaults are always tried. Other machines, or another
    load, get through other numbers of trials."""

    finalists: int | None = Field(None, ge=0)
    """So many different configurations, the best of the trials, are then trained on all training
    sessions but the newest and judged on those; they choose the configuration and its schedule.
    None: 3, or one per trial where there are fewer. 0, or where trials see all training sessions
    anyway: the best trial chooses. Of a budget in seconds, trials get the first half."""

    @property
    def most_finalists(self) -> int:
        """Configurations that may become finalists."""
        if self.finalists is not None:
            return self.finalists
        return 3 if self.trials is None else min(3, self.trials)

    @model_validator(mode="before")
    @classmethod
    def _ten_trials(cls, values: Any) -> Any:
        if isinstance(values, dict) and all(values.get(k) is None for k in ("trials", "seconds")):
            return {**values, "trials": 10}
        return values

    @model_validator(mode="after")
    def _one_budget(self) -> TuningSpec:
        if self.trials is not None and self.seconds is not None:
            raise ValueError("give the budget in trials or in seconds, and null for the other")
        if self.trials is not None and (self.finalists or 0) > self.trials:
            raise ValueError(
                f"finalists ({self.finalists}) are chosen among the trials ({self.trials}): "
                "lower tuning.finalists or raise tuning.trials"
            )
        return self


def names_a_file(name: str) -> bool:
    """Whether a specification is given by the path of its file rather than by its name."""
    return name.endswith((".yaml", ".yml"))


def _entry_name(model: str) -> str:
    """The name of an entry that is a model alone: the model's, or its file's without the ending."""
    return Path(model).stem if names_a_file(model) else model


def _metric_name(name: str) -> str:
    """The one name of a metric of ranks."""
    try:
        return Metric.named(name).name
    except SpecError as error:
        raise ValueError(str(error)) from error


class SuiteSpec(Spec):
    """A benchmark: datasets x models, a protocol, a tuning budget, seeds."""

    name: Name
    """Short name, under which its results are stored and reported."""

    title: Title
    """Name as printed above tables and figures."""

    note: Text | None = None
    """A caution printed under every table and figure."""

    datasets: tuple[str, ...] = Field(min_length=1)
    """Names of datasets, or paths of their YAML files."""

    models: tuple[ModelEntry, ...] = Field(min_length=1)
    """Names of models, paths of their YAML files, or variants of them."""

    protocol: ProtocolSpec = ProtocolSpec()
    """What models may see, and what chooses."""

    tuning: TuningSpec | None = TuningSpec()
    """None: every model runs with the values of its YAML. Only the ``published`` protocol allows
    it, since otherwise validation must choose the number of epochs."""

    configurations_from: str | None = None
    """For suites of variants of one model: the name of that model. It is tuned once per dataset,
    without any variant's values, and every variant runs the configuration and the epochs that
    won, with its own values on top. None: every entry is tuned by itself."""

    training: Values = {}
    """Training settings fixed for every model of the suite; they leave the search spaces."""

    seeds: int = Field(1, ge=1, le=1_000)
    """Final trainings per dataset and model, each with a seed of its own."""

    metrics: tuple[Annotated[str, AfterValidator(_metric_name)], ...] = Field(
        ("recall@20", "mrr@20"), min_length=1
    )
    """Metrics of the main table, the comparisons and the slices: recall, mrr or ndcg at any K.
    The last also stands in figures that have room for one. No run depends on them."""

    cutoffs: tuple[Annotated[int, Field(ge=1)], ...] = Field((5, 10, 20), min_length=1)
    """The K of the tables of other lengths of the list. No run depends on them."""

    keep_lists: bool = False
    """Whether final runs keep their recommended lists, for exports to other tools."""

    time_limit_seconds: float | None = Field(None, gt=0)
    """Longest time that one trial or one final training may take; what takes longer fails, and
    the others go on. None: no limit."""

    seed: int = 2019
    """Root of every seed of the suite."""

    @model_validator(mode="before")
    @classmethod
    def _expand_names(cls, values: Any) -> Any:
        """A model given by name alone is an entry without values of its own."""
        if isinstance(values, dict) and isinstance(values.get("models"), (list, tuple)):
            entries = [
                {"model": m, "name": _entry_name(m)} if isinstance(m, str) else m
                for m in values["models"]
            ]
            return {**values, "models": entries}
        return values

    @model_validator(mode="after")
    def _epochs_are_chosen(self) -> SuiteSpec:
        if self.tuning is None and self.protocol.kind == "temporal":
            raise ValueError("the temporal protocol needs at least one tuning trial")
        return self

    @model_validator(mode="after")
    def _entries_are_variants(self) -> SuiteSpec:
        source = self.configurations_from
        others = [e.name for e in self.models if source is not None and e.model != source]
        if others:
            raise ValueError(
                f"configurations_from is '{source}', but {', '.join(others)} is not a variant of it"
            )
        return self

    @model_validator(mode="after")
    def _names_are_unique(self) -> SuiteSpec:
        for what, names in (
            ("dataset", list(self.datasets)),
            ("model", [entry.name for entry in self.models]),
            ("metric", list(self.metrics)),
            ("cutoff", [str(k) for k in self.cutoffs]),
        ):
            twice = sorted(name for name, times in Counter(names).items() if times > 1)
            if twice:
                raise ValueError(f"{what} named twice: {', '.join(twice)}")
        return self

"""What a suite's YAML may say: datasets x models, a protocol, a budget of tuning, seeds."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from srgnn_bench.errors import SpecError
from srgnn_bench.evaluation.metrics import Metric
from srgnn_bench.specs.fields import Name, Spec, Text, Title, Values
from srgnn_bench.specs.protocol import ProtocolSpec


class ModelEntry(Spec):
    """A model as a suite names it: by its name alone, or as a variant with values of its own."""

    model: str
    """Name of a model, or path of its YAML file."""

    name: Name
    """Name of this entry in the suite; the model's name unless it is a variant."""

    title: Title | None = None
    """Title in tables and figures; the model's own unless given."""

    parameters: Values = Field(default_factory=dict)
    """Values that this entry fixes; they leave the search space."""

    seeds: int | None = Field(None, ge=1, le=1_000)
    """Final trainings of this entry per dataset; as many as the suite says unless given."""


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
    without any variant's values, and every variant runs the configuration that won, with its own
    values on top. Its schedule is chosen by one training of its own on all training sessions but
    the newest. None: every entry is tuned by itself."""

    training: Values = Field(default_factory=dict)
    """Training settings fixed for every model of the suite; they leave the search spaces."""

    seeds: int = Field(1, ge=1, le=1_000)
    """Final trainings per dataset and model, each with a seed of its own; an entry may say another
    number."""

    metrics: tuple[Annotated[str, AfterValidator(_metric_name)], ...] = Field(
        ("recall@20", "mrr@20"), min_length=1
    )
    """Metrics of the main table, the comparisons and the slices: recall, mrr or ndcg at any K.
    The last also stands in figures that have room for one. No run depends on them."""

    cutoffs: tuple[Annotated[int, Field(ge=1)], ...] = Field((5, 10, 20), min_length=1)
    """The K of the tables of other lengths of the list. No run depends on them."""

    keep_lists: bool = False
    """Whether final runs keep their recommended lists, for exports to other tools."""

    keep_models: bool = False
    """Whether final runs keep their models, which can then be loaded and asked for items."""

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

    def seeds_of(self, entry: ModelEntry) -> int:
        """Final trainings of an entry per dataset."""
        return entry.seeds or self.seeds

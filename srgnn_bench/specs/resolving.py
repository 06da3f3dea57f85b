"""The door: whatever a caller names or says becomes a suite with all that it names, once.

Beyond it nothing is looked up by name: what runs a suite is handed the specifications.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from srgnn_bench.errors import SpecError
from srgnn_bench.specs import registry
from srgnn_bench.specs.changes import changed
from srgnn_bench.specs.dataset import DatasetSpec
from srgnn_bench.specs.fields import Spec
from srgnn_bench.specs.model import ModelSpec
from srgnn_bench.specs.reading import S, spec_of
from srgnn_bench.specs.suite import ModelEntry, SuiteSpec

T = TypeVar("T")

Content = Mapping[str, Any]
"""A specification as its YAML file would say it; `name` must be among its keys."""

Keep = Callable[[DatasetSpec | ModelSpec], str]
"""Writes a specification that came from no file, and returns the path that names it."""


@dataclass(frozen=True)
class ResolvedSuite:
    """A suite, and the specification of everything that it names.

    Attributes:
        spec: the suite.
        datasets: its datasets, in their order.
        models: the model of each entry, in their order.
        source: the model of ``configurations_from``; None where there is none.
    """

    spec: SuiteSpec
    datasets: tuple[DatasetSpec, ...]
    models: tuple[ModelSpec, ...]
    source: ModelSpec | None


def resolve(
    suite: str | Path | Content | SuiteSpec | ResolvedSuite,
    *,
    datasets: Sequence[str | Path | Content | DatasetSpec] = (),
    models: Sequence[str | Path | Content | ModelSpec | ModelEntry] = (),
    trials: int | None = None,
    seeds: int | None = None,
    settings: Sequence[str] = (),
    keep_models: bool = False,
    keep: Keep | None = None,
) -> ResolvedSuite:
    """A suite with a caller's choices in place of its own, and all that it names.

    Args:
        suite: name or path of a suite, or what its file would say; its datasets and models may
            then be given in any of the ways below.
        datasets: names, paths or contents of datasets; none keeps the suite's.
        models: names of the suite's entries, names, paths or contents of other models, or other
            entries; none keeps all.
        trials: tuning trials per dataset and model; 0 for none.
        seeds: final trainings per dataset and model.
        settings: single settings, as ``training.epochs=5``.
        keep_models: keep the final runs' models, whatever the suite says.
        keep: writes what came from no file; None where all comes from files.

    Raises:
        SpecError: something named does not exist or is not valid, or two datasets have one name.
    """
    door = _Door(keep)
    own = door.suite(suite)
    spec = changed(
        own,
        datasets=[door.dataset(each) for each in _several("datasets", datasets)],
        models=[door.entry(each, own) for each in _several("models", models)],
        trials=trials,
        seeds=seeds,
        settings=_several("settings", settings),
        keep_models=keep_models,
    )
    return door.resolved(spec)


class _Door:
    """Knows what names stand for, once they have been looked up or said."""

    def __init__(self, keep: Keep | None) -> None:
        self._keep = keep
        self._datasets: dict[str, DatasetSpec] = {}
        self._models: dict[str, ModelSpec] = {}

    def suite(self, given: str | Path | Content | SuiteSpec | ResolvedSuite) -> SuiteSpec:
        """The suite that is meant, its datasets and models by name."""
        if isinstance(given, (str, Path)):
            return registry.suite(str(given))
        if isinstance(given, ResolvedSuite):
            self._datasets.update(zip(given.spec.datasets, given.datasets, strict=True))
            named = (entry.model for entry in given.spec.models)
            self._models.update(zip(named, given.models, strict=True))
            return given.spec
        if isinstance(given, Mapping):
            parts = {"datasets": self.dataset, "models": self._entry_or_name}
            given = {
                key: [parts[key](each) for each in value]
                if key in parts and isinstance(value, (list, tuple))
                else value
                for key, value in given.items()
            }
        return _said(SuiteSpec, given, "The suite")

    def dataset(self, given: str | Path | Content | DatasetSpec) -> str:
        """The name of the dataset that is meant."""
        if isinstance(given, (str, Path)):
            return str(given)
        spec = _said(DatasetSpec, given, "A dataset")
        name = self._kept(spec)
        self._datasets[name] = spec
        return name

    def entry(
        self, given: str | Path | Content | ModelSpec | ModelEntry, suite: SuiteSpec
    ) -> ModelEntry:
        """The entry that is meant: the suite's of that name, or a model by itself."""
        meant = self._entry_or_name(given)
        if isinstance(meant, ModelEntry):
            return meant
        own = {entry.name: entry for entry in suite.models}
        return own.get(meant) or ModelEntry(model=meant, name=self._model(meant).name)

    def resolved(self, suite: SuiteSpec) -> ResolvedSuite:
        """The suite with all that it names."""
        datasets: dict[str, DatasetSpec] = {}
        for named in suite.datasets:
            spec = self._datasets.get(named) or registry.dataset(named)
            if spec.name in datasets:
                raise SpecError(
                    f"Two datasets of suite {suite.name} are named '{spec.name}'; one is {named}.",
                    remedy="Rename one of the files.",
                )
            datasets[spec.name] = spec
        windows = [window.name for spec in datasets.values() for window in spec.in_windows()]
        if len(set(windows)) < len(windows):
            twice = next(name for name in windows if windows.count(name) > 1)
            raise SpecError(
                f"Two datasets of suite {suite.name} are named '{twice}'; one is a window.",
                remedy="Rename the other's file.",
            )
        source = suite.configurations_from
        return ResolvedSuite(
            suite,
            tuple(datasets.values()),
            models=tuple(self._model(entry.model) for entry in suite.models),
            source=None if source is None else self._model(source),
        )

    def _model(self, name: str) -> ModelSpec:
        if name not in self._models:
            self._models[name] = registry.model(name)
        return self._models[name]

    def _entry_or_name(
        self, given: str | Path | Content | ModelSpec | ModelEntry
    ) -> str | ModelEntry:
        if isinstance(given, (str, Path)):
            return str(given)
        if isinstance(given, ModelEntry) or (isinstance(given, Mapping) and "model" in given):
            return _said(ModelEntry, given, "An entry")
        spec = _said(ModelSpec, given, "A model")
        name = self._kept(spec)
        self._models[name] = registry.completed(spec)
        return ModelEntry(model=name, name=spec.name)

    def _kept(self, spec: DatasetSpec | ModelSpec) -> str:
        return spec.name if self._keep is None else self._keep(spec)


def _several(name: str, given: Sequence[T]) -> Sequence[T]:
    """What must be a sequence: a name alone would be read letter by letter."""
    if isinstance(given, (str, Path, Mapping, Spec)):
        raise SpecError(
            f"{name} is one {type(given).__name__} and not a list.", remedy="Put it into [...]."
        )
    return given


def _said(spec_class: type[S], given: Any, what: str) -> S:
    """A specification that a caller gives as an object, or as what its file would say."""
    if isinstance(given, spec_class):
        return given
    name = given.get("name", "without a name") if isinstance(given, Mapping) else given
    return spec_of(spec_class, given, where=f"{what} ({name})")

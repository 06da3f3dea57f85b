"""Changes that a caller makes to a suite: other datasets, models, budgets, single settings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from srgnn_bench import registry
from srgnn_bench.errors import SpecError
from srgnn_bench.schema import ModelEntry, SuiteSpec
from srgnn_bench.yaml_text import parse_yaml


def select(
    suite: SuiteSpec,
    *,
    datasets: Sequence[str] = (),
    models: Sequence[str | ModelEntry] = (),
    trials: int | None = None,
    seeds: int | None = None,
    settings: Sequence[str] = (),
) -> SuiteSpec:
    """The suite with a caller's choices in place of its own.

    Args:
        suite: the suite as its file says it.
        datasets: names or paths; none keeps the suite's.
        models: names of the suite's entries, names or paths of other models, or other entries;
            none keeps all.
        trials: tuning trials; 0 means none, which only the ``published`` protocol allows.
        seeds: final trainings per dataset and model.
        settings: ``KEY=VALUE`` with a dotted key, as in ``training.epochs=5``,
            ``protocol.validation_fraction=0.2`` or ``models.srgnn.step=2``.

    Raises:
        SpecError: an unknown key, or a value that is not valid there.
    """
    content = suite.model_dump(mode="json")
    if datasets:
        content["datasets"] = list(datasets)
    if models:
        entries = {entry["name"]: entry for entry in content["models"]}
        content["models"] = [_entry(model, entries) for model in models]
    if trials is not None:
        finalists = None if suite.tuning is None else suite.tuning.finalists
        most = None if finalists is None else min(finalists, trials)
        content["tuning"] = {"trials": trials, "finalists": most} if trials != 0 else None
    if seeds is not None:
        content["seeds"] = seeds
    for setting in settings:
        _set(content, setting)
    try:
        return SuiteSpec.model_validate(content)
    except ValidationError as error:
        raise registry.invalid(f"Suite '{suite.name}' as chosen", SuiteSpec, error) from error


def look_up(suite: SuiteSpec) -> None:
    """Read the file of every dataset and model that a suite names.

    Raises:
        SpecError: one does not exist, or its file is not valid.
    """
    for dataset in suite.datasets:
        registry.dataset(dataset)
    for entry in suite.models:
        registry.model(entry.model)


def _entry(model: str | ModelEntry, entries: dict[str, dict[str, Any]]) -> dict[str, Any]:
    if isinstance(model, ModelEntry):
        return model.model_dump(mode="json")
    return entries.get(model) or {"model": model, "name": registry.model(model).name}


def _set(content: dict[str, Any], setting: str) -> None:
    key, equals, text = setting.partition("=")
    if not equals:
        raise SpecError(f"--set {setting} has no '='.", remedy="Write it as KEY=VALUE.")
    path = key.split(".")
    value = parse_yaml(text, source=f"--set {key}", remedy="Write a YAML value.")
    if path[0] == "models":
        entries = {entry["name"]: entry for entry in content["models"]}
        if len(path) != 3 or path[1] not in entries:
            raise SpecError(
                f"--set {key}: no such model of the suite.",
                remedy=f"Write models.NAME.PARAMETER=VALUE; names: {', '.join(entries)}.",
            )
        entries[path[1]]["parameters"][path[2]] = value
        return
    place = content
    for part in path[:-1]:
        if part not in place:
            raise SpecError(
                f"--set {key}: a suite has no '{part}' to set values in.",
                remedy=registry.did_you_mean(part, list(place)) or f"It has: {', '.join(place)}.",
            )
        if place[part] is None:
            place[part] = {}
        if not isinstance(place[part], dict):
            raise SpecError(
                f"--set {key}: '{part}' of a suite holds no keys.", remedy=f"Write {part}=VALUE."
            )
        place = place[part]
    place[path[-1]] = value

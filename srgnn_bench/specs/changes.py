"""Changes that a caller makes to a suite: other datasets, models, budgets, single settings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from srgnn_bench.errors import SpecError
from srgnn_bench.specs.reading import did_you_mean, spec_of
from srgnn_bench.specs.suite import ModelEntry, SuiteSpec
from srgnn_bench.specs.yaml_text import parse_yaml


def changed(
    suite: SuiteSpec,
    *,
    datasets: Sequence[str] = (),
    models: Sequence[ModelEntry] = (),
    trials: int | None = None,
    seeds: int | None = None,
    settings: Sequence[str] = (),
    keep_models: bool = False,
) -> SuiteSpec:
    """The suite with a caller's choices in place of its own.

    Args:
        suite: the suite as its file says it.
        datasets: names or paths; none keeps the suite's.
        models: entries; none keeps the suite's.
        trials: tuning trials; 0 means none, which only the ``published`` protocol allows.
        seeds: final trainings per dataset and model, of entries with a number of their own too.
        settings: ``KEY=VALUE`` with a dotted key, as in ``training.epochs=5``,
            ``protocol.validation_fraction=0.2`` or ``models.srgnn.step=2``.
        keep_models: keep the final runs' models, whatever the suite says.

    Raises:
        SpecError: an unknown key, or a value that is not valid there.
    """
    content = suite.model_dump(mode="json")
    if datasets:
        content["datasets"] = list(datasets)
    if models:
        content["models"] = [entry.model_dump(mode="json") for entry in models]
    if trials is not None:
        finalists = None if suite.tuning is None else suite.tuning.finalists
        most = None if finalists is None else min(finalists, trials)
        content["tuning"] = {"trials": trials, "finalists": most} if trials != 0 else None
    if seeds is not None:
        content["seeds"] = seeds
        for entry in content["models"]:
            entry["seeds"] = None
    if keep_models:
        content["keep_models"] = True
    for setting in settings:
        _set(content, setting)
    return spec_of(SuiteSpec, content, where=f"Suite '{suite.name}' as chosen")


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
                remedy=did_you_mean(part, list(place)) or f"It has: {', '.join(place)}.",
            )
        if place[part] is None:
            place[part] = {}
        if not isinstance(place[part], dict):
            raise SpecError(
                f"--set {key}: '{part}' of a suite holds no keys.", remedy=f"Write {part}=VALUE."
            )
        place = place[part]
    place[path[-1]] = value

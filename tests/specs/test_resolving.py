"""The door: every name is looked up once, and nothing beyond it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from tiny_world import TinyWorld

from srgnn_bench import Benchmark
from srgnn_bench.errors import SpecError
from srgnn_bench.specs import registry
from srgnn_bench.specs.resolving import resolve


@pytest.fixture
def looked_up(monkeypatch: pytest.MonkeyPatch) -> Counter[tuple[str, str]]:
    """How often the registry was asked for what."""
    asked: Counter[tuple[str, str]] = Counter()
    registry.implementations()  # once per process
    find = registry._find

    def count(kind: Any, name: str) -> Path:
        asked[kind, name] += 1
        return find(kind, name)

    monkeypatch.setattr(registry, "_find", count)
    return asked


def test_from_a_suite_to_its_records_every_name_is_looked_up_once(
    tiny_world: TinyWorld, looked_up: Counter[tuple[str, str]]
) -> None:
    benchmark = Benchmark(
        str(tiny_world.suite),
        models=["popularity", "markov"],
        trials=1,
        seeds=1,
        data_root=tiny_world.data_root,
        results=tiny_world.results,
    )
    assert looked_up == {
        ("suite", str(tiny_world.suite)): 1,
        ("dataset", str(tiny_world.dataset)): 1,
        ("model", "popularity"): 1,
        ("model", "markov"): 1,
    }
    looked_up.clear()
    assert benchmark.run().done == 2
    benchmark.status()
    assert not looked_up


def test_what_is_said_is_kept_as_a_file_and_not_read_again(
    tiny_world: TinyWorld, looked_up: Counter[tuple[str, str]]
) -> None:
    said = yaml.safe_load(tiny_world.dataset.read_text()) | {"name": "tiny"}
    markov = {
        "name": "mine",
        "title": "Mine",
        "class": "srgnn_bench.baselines.markov:FirstOrderMarkov",
        "citation": "made for tests",
    }
    benchmark = Benchmark(
        str(tiny_world.suite),
        datasets=[said],
        models=[markov],
        data_root=tiny_world.data_root,
        results=tiny_world.results,
    )
    assert looked_up == {("suite", str(tiny_world.suite)): 1}
    [dataset], [entry] = benchmark.suite.datasets, benchmark.suite.models
    # Whoever reads the files instead, as another process does, has the same suite.
    again = resolve(benchmark.suite)
    assert again.datasets == benchmark.resolved.datasets
    [model], [said_one] = again.models, benchmark.resolved.models
    assert model.model_dump() == said_one.model_dump()
    assert said_one.folder is None
    assert model.folder == Path(entry.model).parent.resolve()
    assert looked_up["dataset", dataset] == looked_up["model", entry.model] == 1


def test_what_is_resolved_can_be_changed_without_a_second_look(
    tiny_world: TinyWorld, looked_up: Counter[tuple[str, str]]
) -> None:
    whole = resolve(str(tiny_world.suite))
    looked_up.clear()
    part = resolve(whole, models=[whole.spec.models[0].name], seeds=1)
    assert not looked_up
    assert part.models == whole.models[:1]
    assert part.datasets == whole.datasets


def test_two_datasets_of_one_name_are_refused(tiny_world: TinyWorld) -> None:
    other = tiny_world.root / "other.yaml"
    other.write_text(f"name: tiny\n{tiny_world.dataset.read_text()}")
    with pytest.raises(SpecError, match="Two datasets of suite tinysuite are named 'tiny'"):
        resolve(str(tiny_world.suite), datasets=[str(tiny_world.dataset), str(other)])

from __future__ import annotations

import pytest
import yaml
from tiny_world import TinyWorld

from benchmarks import edges
from srgnn_bench.api import Benchmark
from srgnn_bench.store.store import ResultStore


@pytest.mark.parametrize(
    ("value", "space", "further"),
    [
        (0.00011, {"type": "float", "low": 0.0001, "high": 0.01, "log": True}, 0.00005),
        (0.0099, {"type": "float", "low": 0.0001, "high": 0.01, "log": True}, 0.02),
        (29.0, {"type": "float", "low": 0.0, "high": 30.0}, 36.0),
        (3, {"type": "int", "low": 1, "high": 3}, 4),
        (32, {"type": "int", "low": 32, "high": 256, "step": 16}, 16),
        (100, {"type": "int", "low": 1, "high": 100, "log": True}, 200),
        (50, {"type": "choice", "values": [50, 100, 200]}, 25),
        (1e-4, {"type": "choice", "values": [0.0, 1e-5, 1e-4]}, 2e-4),
    ],
)
def test_what_is_tried_lies_beyond_the_end(value, space, further) -> None:
    assert edges.beyond(value, space) == pytest.approx(further)


def test_a_value_inside_its_space_has_nothing_beyond() -> None:
    with pytest.raises(ValueError, match="at no end"):
        edges.beyond(2, {"type": "int", "low": 1, "high": 3})


def test_a_winner_at_an_end_is_trained_beyond_it(tiny_world: TinyWorld, monkeypatch) -> None:
    monkeypatch.setattr(edges, "WORK", tiny_world.root / "work")
    narrow = tiny_world.root / "narrow.yaml"
    content = {
        "title": "Narrow",
        "class": "srgnn_bench.baselines.sequential_rules:SequentialRules",
        "citation": "made for tests",
        "parameters": {"steps": 3},
        "space": {"steps": {"type": "int", "low": 3, "high": 4}},
    }
    narrow.write_text(yaml.safe_dump(content))
    suite = yaml.safe_load(tiny_world.suite.read_text())
    suite["models"] = [str(narrow), "popularity"]
    tiny_world.suite.write_text(yaml.safe_dump(suite))
    benchmark = Benchmark(
        str(tiny_world.suite), data_root=tiny_world.data_root, results=tiny_world.results
    )
    benchmark.run()
    store = ResultStore(tiny_world.results)

    [edge] = edges.edges(store, store.suites())
    assert (edge.dataset, edge.entry, edge.parameter) == ("tiny", "narrow", "steps")
    assert edge.beyond == {3: 2, 4: 5}[edge.best.parameters["steps"]]

    trial = edges.tried(edge, data_root=tiny_world.data_root, cache=tiny_world.results / "data")
    told = edges.row(edge, trial)
    assert told["validation"] == pytest.approx(100 * edge.best.value, abs=0.005)
    assert told["state"] == "complete"
    assert 0 < told["validation_beyond"] < 100
    assert trial.parameters == {**edge.best.parameters, "steps": edge.beyond}

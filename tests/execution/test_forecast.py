"""How long what is left will take: counted rightly, from stored runs or from a few steps."""

from __future__ import annotations

import pytest
from tiny_world import TinyWorld

from srgnn_bench.api import Benchmark
from srgnn_bench.execution import forecast as forecasts
from srgnn_bench.execution.plan import Resume
from srgnn_bench.specs.model import TrainingSpec
from srgnn_bench.training.stopping import usual_course


def benchmark(world: TinyWorld, **changes: object) -> Benchmark:
    options = {"trials": 2, "models": ["srgnn", "popularity"], **changes}
    return Benchmark(world.suite, data_root=world.data_root, results=world.results, **options)  # type: ignore[arg-type]


def test_every_unit_is_counted_and_has_a_time(tiny_world: TinyWorld) -> None:
    expected = benchmark(tiny_world, settings=["protocol.tuning_fraction=0.5"]).forecast()
    graph, popularity = expected.parts
    assert graph.units == {"trial": 2, "finalist": 2, "run": 2}
    assert popularity.units == {"trial": 1, "finalist": 0, "run": 1}
    for part in expected.parts:
        assert part.seconds is not None
        assert all(seconds > 0 for seconds in part.seconds.values())
        assert part.left == sum(n * part.seconds[kind] for kind, n in part.units.items())
    assert expected.units == 8
    assert expected.left == sum(part.left or 0 for part in expected.parts)
    assert expected.seconds("tiny", "srgnn", "run") == graph.seconds["run"]  # type: ignore[index]


def test_what_is_done_takes_no_time_and_stored_runs_tell_of_others(
    tiny_world: TinyWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    benchmark(tiny_world).run()
    again = benchmark(tiny_world).forecast()
    assert (again.units, again.left) == (0, 0.0)

    def measured(*_: object) -> None:
        raise AssertionError("stored runs say how long it takes")

    monkeypatch.setattr(forecasts, "_measured_pace", measured)
    more = benchmark(tiny_world, seeds=4).forecast()
    assert [part.units["run"] for part in more.parts] == [2, 0]
    assert more.left is not None
    assert more.left > 0


@pytest.mark.parametrize(
    ("resume", "units"),
    [("only-missing", 0), ("retry-failed", 0), ("only-cache", 0), ("overwrite", 6)],
)
def test_what_is_to_be_done_again_counts(resume: Resume, units: int, tiny_world: TinyWorld) -> None:
    benchmark(tiny_world).run()
    assert benchmark(tiny_world).forecast(resume=resume).units == units


def test_configurations_are_those_that_tuning_will_try(tiny_world: TinyWorld) -> None:
    own = benchmark(tiny_world, trials=3, models=["srgnn"])
    [job] = own.jobs
    assert job.study is not None
    assert job.suite.tuning is not None
    coming = job.study.coming(job.suite.tuning, most=3)
    assert len(coming) == 3
    own.run()
    tried = [trial for trial in job.study.stored.trials() if not trial.finalist]
    for configuration, trial in zip(coming, tried, strict=True):
        assert configuration == {**job.candidate.defaults, **trial.parameters}


def test_nothing_of_a_measurement_stays(tiny_world: TinyWorld) -> None:
    plain = benchmark(tiny_world, models=["srgnn"])
    plain.run()
    measured = benchmark(tiny_world, models=["srgnn"])
    measured.store.root = tiny_world.root / "measured"
    assert measured.forecast().left is not None
    measured.run()
    columns = ["recall@20", "mrr@20"]
    assert plain.results()[columns].equals(measured.results()[columns])


def test_a_model_that_cannot_be_built_has_no_time(tiny_world: TinyWorld) -> None:
    broken = {"name": "broken", "model": "srgnn", "parameters": {"embedding_size": 10**9}}
    expected = benchmark(tiny_world, models=["popularity", broken]).forecast()
    assert [part.seconds is None for part in expected.parts] == [False, True]
    assert expected.left is None
    assert expected.seconds("tiny", "popularity", "run") == 1.0  # no unit is longer than another


def test_a_time_budget_is_its_own_forecast(tiny_world: TinyWorld) -> None:
    settings = ["tuning.seconds=500", "tuning.trials=null"]
    timed = benchmark(tiny_world, trials=None, models=["srgnn"], settings=settings).forecast()
    assert timed.parts[0].seconds is not None
    assert timed.parts[0].seconds["trial"] == 500


@pytest.mark.parametrize("epochs", [1, 2, 6, 15, 20])
def test_a_usual_course_is_one_that_can_be(epochs: int) -> None:
    judged, kept = usual_course(TrainingSpec(epochs=epochs))
    assert 1 <= kept <= judged <= epochs


def test_a_workers_elsewhere_have_no_forecast(tiny_world: TinyWorld) -> None:
    expected = benchmark(tiny_world).forecast(device=None)
    assert expected.left is None
    assert expected.units > 0

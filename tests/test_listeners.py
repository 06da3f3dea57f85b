"""Trackers of experiments are told what happens, each under the name of what is trained."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from srgnn_bench.errors import BenchError
from srgnn_bench.events import (
    EpochDone,
    Event,
    Listener,
    RunDone,
    RunStarted,
    TrialDone,
    TrialStarted,
)
from srgnn_bench.listeners import mlflow, tensorboard, wandb

COURSE: list[Event] = [
    TrialStarted("shop", "srgnn", 0, 2, 3),
    EpochDone("shop", "srgnn", 1, 3, 0.5, 1.0, 0.25),
    TrialDone("shop", "srgnn", 0, 2, "complete", 0.25),
    TrialStarted("shop", "srgnn", 0, 2, 3, finalist=True),
    EpochDone("shop", "srgnn", 1, 3, 0.4, 1.0, 0.3),
    # Workers train several seeds of a model at once.
    RunStarted("shop", "srgnn", 0, 3),
    RunStarted("shop", "srgnn", 1, 3),
    EpochDone("shop", "srgnn", 1, 3, 0.4, 1.0, None, seed=0),
    EpochDone("shop", "srgnn", 2, 3, 0.3, 1.0, None, seed=0),
    EpochDone("shop", "srgnn", 1, 3, 0.6, 1.0, None, seed=1),
    RunDone("shop", "srgnn", 0, 0.7, 0.3),
]

TOLD = {
    "shop/srgnn/trial-1": {"loss": [0.5], "seconds": [1.0], "validation/mrr@20": [0.25]},
    "shop/srgnn/finalist-1": {"loss": [0.4], "seconds": [1.0], "validation/mrr@20": [0.3]},
    "shop/srgnn/seed-0": {
        "loss": [0.4, 0.3],
        "seconds": [1.0, 1.0],
        "test/recall@20": [0.7],
        "test/mrr@20": [0.3],
    },
    "shop/srgnn/seed-1": {"loss": [0.6], "seconds": [1.0]},
}


def test_tensorboard_has_a_run_for_each_training(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    listen = tensorboard(tmp_path)
    for event in COURSE:
        listen(event)
    found: dict[str, Any] = {}
    for folder in TOLD:
        events = EventAccumulator(str(tmp_path / folder)).Reload()
        found[folder] = {
            tag: [round(point.value, 6) for point in events.Scalars(tag)]
            for tag in events.Tags()["scalars"]
        }
    assert found == TOLD


class Run:
    """Stands in for a run of a tracker, and notes what it is told."""

    def __init__(self, name: str = "") -> None:
        self.info = ModuleType("info")
        self.info.run_id = name
        self.told: list[dict[str, float]] = []
        self.log = self.told.append

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *_: object) -> None:
        pass


def test_weights_and_biases_has_a_chart_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    module, run = ModuleType("wandb"), Run()
    module.init = lambda **_: run
    monkeypatch.setitem(sys.modules, "wandb", module)
    listen = wandb("shop", mode="offline")
    for event in COURSE:
        listen(event)
    assert run.told[0] == {
        "shop/srgnn/trial-1/epoch": 1,
        "shop/srgnn/trial-1/loss": 0.5,
        "shop/srgnn/trial-1/seconds": 1.0,
        "shop/srgnn/trial-1/validation/mrr@20": 0.25,
    }
    last = {"shop/srgnn/seed-0/test/recall@20": 0.7, "shop/srgnn/seed-0/test/mrr@20": 0.3}
    assert run.told[-1] == last


@pytest.mark.parametrize(
    ("tracker", "package"),
    [(tensorboard, "torch.utils.tensorboard"), (wandb, "wandb"), (mlflow, "mlflow")],
)
def test_a_tracker_that_is_not_installed_is_one_line(
    tracker: Callable[[str], Listener], package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(BenchError, match=r"srgnn-bench\[trackers\]"):
        tracker("x")


def test_mlflow_has_a_run_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    module, runs, current = ModuleType("mlflow"), dict[str, Run](), list[Run]()

    def start_run(*, run_id: str | None, run_name: str) -> Run:
        assert (run_id is None) == (run_name not in runs), "a run is begun once, and gone on with"
        current[:] = [runs.setdefault(run_name, Run(run_name))]
        return current[0]

    module.set_experiment = lambda _: None
    module.start_run = start_run
    module.log_metrics = lambda values, step: current[0].log(values)
    monkeypatch.setitem(sys.modules, "mlflow", module)
    listen = mlflow("shop")
    for event in COURSE:
        listen(event)
    assert set(runs) == set(TOLD)
    assert [each["loss"] for each in runs["shop/srgnn/seed-0"].told[:2]] == [0.4, 0.3]
    assert runs["shop/srgnn/seed-0"].told[2] == {"test/recall at 20": 0.7, "test/mrr at 20": 0.3}

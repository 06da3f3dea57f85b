from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import precision
from benchmarks.sessions import generated
from srgnn_bench.data.sessions import stage_of
from srgnn_bench.process import computing
from srgnn_bench.specs.resolving import resolve
from srgnn_bench.training.configuration import candidates

SESSIONS = generated(sessions=60, items=40, seed=0)
STAGE = stage_of("validation", SESSIONS.between(0, 50), SESSIONS.between(50, 60))


@pytest.fixture
def srgnn(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(computing, "has_bfloat16", lambda _: True)
    return candidates(resolve("standard", models=["srgnn"]))[0]


def test_both_precisions_are_trained_once_and_compared(srgnn, tmp_path: Path, capsys) -> None:
    runs = {
        kind: [tmp_path / f"0.25-{kind}-{seed}" for seed in range(2)]
        for kind in precision.PRECISIONS
    }
    for kind, each in runs.items():
        for seed, run in enumerate(each):
            precision.trained(srgnn, STAGE, precision=kind, seed=seed, run=run)
    assert "0.25-float32-0, epoch 1: " in capsys.readouterr().out
    assert len(list(tmp_path.glob("*.npy"))) == 4
    for row in precision.compared(srgnn, STAGE, runs):
        assert row["seeds"] == "2"
        assert row["difference"] == pytest.approx(row["bfloat16"] - row["float32"], abs=2e-3)
        assert row["low"] <= row["difference"] <= row["high"]
    precision.trained(srgnn, STAGE, precision="float32", seed=0, run=runs["float32"][0])
    assert capsys.readouterr().out == ""


def test_gradients_are_held_against_double_precision(srgnn) -> None:
    rows = precision.gradients(srgnn, STAGE)
    assert {"item_embedding.weight"} < {row["parameter"] for row in rows}
    for row in rows:
        assert 0 < row["float32"] < 1e-4 < row["bfloat16"] < 0.2

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import torch
from typer.testing import CliRunner

from benchmarks import losses
from srgnn_bench.process.device import CPU

SLOW_RATES = losses.Rates(operations=1e9, moved=1e9)


def test_the_command_writes_a_row_for_every_way(tmp_path: Path) -> None:
    app = losses.typer.Typer()
    app.command()(losses.main)
    asked = ["--device", "cpu", "--batch-size", "20", "--items", "300", "--repetitions", "1"]
    out = tmp_path / "new" / "losses.csv"
    done = CliRunner().invoke(app, [*asked, "--out", str(out)])
    assert done.exit_code == 0, done.output
    table = pd.read_csv(out).set_index("way")
    assert list(table.index) == list(losses.ways(CPU))
    assert (table["error of gradients"] < 1e-5).all()
    assert table["same bits"].all()
    assert (table["low"] <= table["milliseconds"]).all()


def test_the_floor_is_that_of_the_scarcer_rate() -> None:
    task = losses.Task(1, 1000, CPU)
    assert task.floor(SLOW_RATES) == pytest.approx(1000 * 1000 * losses.D * 12 / 1e9)
    task = losses.Task(1000, 1000, CPU)
    assert task.floor(SLOW_RATES) == pytest.approx(1000 * 6e6 * losses.D / 1e9)


def test_what_fails_and_what_is_wrong_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("not for this type\nmore")

    def halved(*leaves: torch.Tensor) -> torch.Tensor:
        return losses.plain(*leaves) / 2

    monkeypatch.setattr(losses, "ways", lambda device: {"fails": fails, "halved": halved})
    first, second = losses.rows_of(losses.Task(8, 50, CPU), SLOW_RATES, repetitions=1)
    assert first["trouble"] == "RuntimeError: not for this type"
    assert "milliseconds" not in first
    assert second["error of loss"] == pytest.approx(0.5)
    assert second["error of gradients"] == pytest.approx(0.5)

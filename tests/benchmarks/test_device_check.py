from __future__ import annotations

from itertools import count
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from benchmarks import device as checking
from benchmarks.sessions import generated
from srgnn_bench.process.device import CPU


@pytest.fixture(scope="module")
def part():
    return checking.small_stage(sessions=80, items=60)


def test_a_cpu_agrees_with_itself(part) -> None:
    trained, fitted = (checking.check(name, part, device=CPU) for name in ("srgnn", "markov"))
    assert trained.differences == dict.fromkeys(checking.TOLERANCES, 0.0)
    assert trained.same_bits
    assert trained.passes
    assert set(fitted.differences) == {"scores", "ranks"}
    assert fitted.passes


def test_other_weights_are_seen_in_everything(part, monkeypatch: pytest.MonkeyPatch) -> None:
    seeds = count()
    build = checking.build
    monkeypatch.setattr(
        checking, "build", lambda *args, seed, device: build(*args, seed=next(seeds), device=device)
    )
    found = checking.check("srgnn", part, device=CPU)
    assert all(found.differences[name] > most for name, most in checking.TOLERANCES.items())
    assert found.same_bits is False
    assert not found.passes
    assert checking.row(found)["verdict"] == "DIFFERS"


def test_a_model_that_fails_is_a_row_with_its_error(part, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise torch.cuda.OutOfMemoryError("CUDA out of memory.\nmore")

    monkeypatch.setattr(checking, "build", fail)
    found = checking.check("srgnn", part, device=CPU)
    assert checking.row(found)["verdict"] == "OutOfMemoryError: CUDA out of memory."
    assert not found.passes


def test_the_command_prints_and_writes_a_table(tmp_path: Path, monkeypatch) -> None:
    made = generated(sessions=80, items=60, seed=0)
    parts = ("made", made.between(0, 60), made.between(60, 80))
    monkeypatch.setattr(checking, "generated_like_diginetica", lambda: parts)
    app = checking.typer.Typer()
    app.command()(checking.main)
    asked = ["--device", "cpu", "--model", "stamp", "--model", "popularity", "--batch-size", "100"]
    done = CliRunner().invoke(app, [*asked, "--prefixes", "90", "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    table = (tmp_path / "device.md").read_text()
    assert table in done.stdout
    assert "| stamp | 0.0e+00 |" in table
    assert "prefixes/s, batch 100" in table
    assert '"deterministic": true' in (tmp_path / "device.json").read_text()

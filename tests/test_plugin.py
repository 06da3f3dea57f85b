"""A model from an installed package of another's runs by its name alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from tiny_world import TinyWorld

CHECKOUT = Path(__file__).resolve().parent.parent
PLUGIN = Path(__file__).resolve().parent / "plugin"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the package is installed."""
    folder = tmp_path_factory.mktemp("site")
    build = ["build", "--wheel", "--no-isolation", "--outdir", str(folder / "wheel"), str(PLUGIN)]
    subprocess.run([sys.executable, "-m", *build], check=True)
    (wheel,) = (folder / "wheel").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def srgnn_bench(site: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "srgnn_bench", *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": f"{CHECKOUT}:{site}", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_is_listed(site: Path) -> None:
    done = srgnn_bench(site, "models", "--json")
    assert done.returncode == 0, done.stderr
    [model] = (row for row in json.loads(done.stdout) if row["name"] == "last_item")
    assert model["class"] == "last_item_plugin.model:LastItem"
    assert model["can run"] == "yes"


def test_it_runs_without_being_trusted_by_hand(site: Path, tiny_world: TinyWorld) -> None:
    done = srgnn_bench(
        site, "run", "--suite", tiny_world.suite, "--data-root", tiny_world.data_root,
        "--results", tiny_world.results, "--model", "last_item", "--trials", "1", "--seeds", "1",
        "--forms", "none",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "tiny last_item seed 0 stored" in done.stdout


def test_a_name_that_is_taken_is_refused(site: Path) -> None:
    (site / "last_item_plugin" / "narm.yaml").write_text("title: Mine\n")
    done = srgnn_bench(site, "models")
    assert done.returncode == 2
    assert "Two files define the model 'narm'" in done.stderr

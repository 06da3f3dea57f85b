"""Which modules a model's file may name."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tiny_world import TinyWorld

import srgnn_bench
from srgnn_bench.errors import ModelError
from srgnn_bench.recbole_bridge import classes
from srgnn_bench.recbole_bridge.classes import model_class
from srgnn_bench.specs import registry
from srgnn_bench.specs.model import ModelSpec

FOLDER = registry.properties_folder().parent


def spec(path: str) -> ModelSpec:
    return ModelSpec.model_validate({"name": "m", "title": "M", "citation": "c", "class": path})


def test_nothing_beside_the_package_is_a_part_of_it() -> None:
    """Any module of a checkout would pass as the package's own, downloaded data included."""
    assert len(srgnn_bench.__path__) == 1
    beside = [path.name for path in FOLDER.iterdir() if path.is_dir()]
    for name in {*beside, "results", "tests", "docs"} - {"baselines", "srgnn_bench"}:
        code = f"import srgnn_bench, importlib.util as u; print(u.find_spec('srgnn_bench.{name}'))"
        if (Path(srgnn_bench.__file__).parent / name).exists() or not name.isidentifier():
            continue
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert done.stdout.strip() == "None", name


@pytest.mark.parametrize(
    "path",
    [
        "baselines.markov:FirstOrderMarkov",
        "srgnn_bench_of_mine.models:Mine",
        "srgnn_bench.results.mine:Mine",
        "srgnn_bench.modelsx:Mine",
        "srgnn_bench.__main__:main",
        "srgnn_bench.cli:main",
        "recbole.quick_start.quick_start:Mine",
        "recbole_of_mine.model:Mine",
        "os:system",
    ],
)
def test_a_module_outside_the_named_packages_is_not_imported(path: str) -> None:
    before = set(sys.modules)
    with pytest.raises(ModelError, match="--trust"):
        model_class(spec(path))
    assert path.split(":")[0] not in set(sys.modules) - before


MINE = """
from srgnn_bench.baselines.popularity import Popularity
import {helper}

class Mine(Popularity):
    word = {helper}.WORD

    def fit(self, stage):
        import {helper}_later
        super().fit(stage)
"""


def write_model(folder: Path, module: str, *, word: str = "own") -> Path:
    """A model's file in a folder of its own, and its class and what that imports beside it."""
    folder.mkdir()
    helper = f"{module}_helper"
    (folder / f"{module}.py").write_text(MINE.format(helper=helper))
    (folder / f"{helper}.py").write_text(f"WORD = '{word}'\n")
    (folder / f"{helper}_later.py").touch()
    path = folder / "mine.yaml"
    path.write_text(f"title: Mine\nclass: {module}:Mine\ncitation: tests\n")
    return path


@pytest.fixture
def own_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test adds to the path, and imports, is gone after it."""
    monkeypatch.setattr(sys, "path", sys.path.copy())
    monkeypatch.setattr(sys, "modules", sys.modules.copy())


@pytest.mark.usefixtures("own_path")
def test_a_trusted_class_may_lie_beside_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_model(tmp_path / "mine", "lies_beside")
    monkeypatch.chdir(tmp_path)
    found = registry.model(str(path.relative_to(tmp_path)))
    with pytest.raises(ModelError, match="--trust"):
        model_class(found)
    assert "lies_beside" not in sys.modules
    assert str(path.parent) not in sys.path
    assert model_class(found, trust=True).word == "own"


@pytest.mark.usefixtures("own_path")
def test_a_module_that_is_not_there_is_looked_for_in_places_that_are_named(tmp_path: Path) -> None:
    path = write_model(tmp_path / "mine", "not_here")
    (path.parent / "not_here.py").unlink()
    with pytest.raises(ModelError, match=f"{path.parent}, in PYTHONPATH and") as raised:
        model_class(registry.model(str(path)), trust=True)
    assert "No module named 'not_here'" in raised.value.problem


@pytest.mark.usefixtures("own_path")
def test_two_modules_of_one_name_are_not_taken_for_each_other(tmp_path: Path) -> None:
    first = write_model(tmp_path / "first", "one_name", word="first")
    second = write_model(tmp_path / "second", "one_name", word="second")
    assert model_class(registry.model(str(first)), trust=True).word == "first"
    with pytest.raises(ModelError, match=r"second/one_name\.py lies beside") as raised:
        model_class(registry.model(str(second)), trust=True)
    assert str(tmp_path / "first" / "one_name.py") in raised.value.problem


@pytest.mark.parametrize("workers", [[], ["--workers", "1"]])
def test_every_command_finds_it_from_any_folder(
    workers: list[str], tiny_world: TinyWorld, tmp_path: Path
) -> None:
    if workers:
        pytest.importorskip("distributed", reason="needs the extra 'distributed'")
    path = write_model(tmp_path / "mine", "found_anywhere")
    (tmp_path / "empty").mkdir()
    words = ["--suite", tiny_world.suite, "--data-root", tiny_world.data_root, "--trials", "1"]
    words += ["--results", tiny_world.results, "--model", path, "--trust"]
    run = [*words, "--forms", "none", *workers]
    calls: list[list[str | Path]] = [[FOLDER / "run_benchmark.py", *run]]
    if not workers:
        check = ["--data-root", tiny_world.data_root, "--model", path, "--trust"]
        calls += [["-m", "srgnn_bench", "status", *words]]
        calls += [["-m", "srgnn_bench", "check", tiny_world.results, *check]]
    for arguments in calls:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", *map(str, arguments)],
            cwd=tmp_path / "empty",
            env={**os.environ, "PYTHONPATH": str(FOLDER), "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_every_shipped_model_is_in_one_of_them() -> None:
    for name in registry.names("model"):
        module = registry.model(name).class_path.split(":")[0]
        assert any(module.startswith(f"{package}.") for package in classes.TRUSTED), name


def test_a_package_that_declares_models_is_trusted_by_that_name_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(classes, "providers", lambda: ["company.models"])
    for path in ("company.other:Mine", "company.models_of_mine:Mine", "company:Mine"):
        with pytest.raises(ModelError, match="--trust"):
            model_class(spec(path))
    with pytest.raises(ModelError, match="cannot be imported"):
        model_class(spec("company.models.net:Mine"))

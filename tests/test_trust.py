"""Which modules a model's file may name."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

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

"""RecBole finds our models and keeps its own."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import srgnn_bench
from srgnn_bench.recbole_bridge.compat import ALIASES
from srgnn_bench.recbole_bridge.config import recbole_config
from srgnn_bench.recbole_bridge.discovery import modules

srgnn_bench.register()


@pytest.mark.parametrize("name", modules())
def test_get_model_and_config_accept_ours(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from recbole.config import Config
    from recbole.utils import get_model

    monkeypatch.setattr(sys, "argv", ["a script"])
    found = get_model(name)
    assert found.__name__ == name
    assert found.__module__ == modules()[name]
    assert Config(model=found, dataset="ml-100k")["model"] == name
    assert Config(model=name, dataset="ml-100k").model_class is found


@pytest.mark.parametrize("name", ["SRGNN", "GRU4Rec", "NARM", "STAMP", "SASRec"])
def test_recboles_own_stay_reachable(name: str) -> None:
    from recbole.utils import get_model

    assert get_model(name).__module__ == f"recbole.model.sequential_recommender.{name.lower()}"


def test_unknown_names_are_still_refused_by_recbole() -> None:
    from recbole.utils import get_model

    # RecBole looks among its external models last, whose libraries need not be installed.
    with pytest.raises((ValueError, ModuleNotFoundError)):
        get_model("FastNothing")


def test_importing_the_package_loads_neither_torch_nor_recbole() -> None:
    code = "import sys, srgnn_bench; print({'torch', 'recbole', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_recbole_imports_on_this_numpy_in_a_fresh_process() -> None:
    code = (
        "import srgnn_bench; srgnn_bench.register()\n"
        "import recbole.trainer; from recbole.config import Config\n"
        "Config(model='FastSRGNN', dataset='ml-100k')"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True)


@pytest.mark.parametrize("name", ALIASES)
def test_the_aliases_mean_what_they_meant(name: str) -> None:
    assert getattr(np, name) is ALIASES[name]


def test_a_config_ignores_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    from srgnn_bench.models.srgnn import FastSRGNN

    monkeypatch.setattr(sys, "argv", ["x", "--embedding_size=7", "--seeds=3"])
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    config = recbole_config(FastSRGNN, {"embedding_size": 16, "readout": "max"}, longest_prefix=9)
    assert config["embedding_size"] == 16
    assert config["readout"] == "max"
    assert config["MAX_ITEM_LIST_LENGTH"] == 9
    import os

    assert os.environ["CUDA_VISIBLE_DEVICES"] == "3"

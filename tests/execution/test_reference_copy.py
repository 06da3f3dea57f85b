"""Stored results are copied, a model of one's own is added, and nothing else is trained."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
import yaml
from tiny_world import TinyWorld, make_tiny_world

from srgnn_bench import Benchmark
from srgnn_bench.errors import StoreError
from srgnn_bench.execution.reference import copy_reference, reference_folder
from srgnn_bench.store.store import ResultStore

OWN = {
    "title": "My chain",
    "class": "srgnn_bench.baselines.markov:FirstOrderMarkov",
    "citation": "Who, what, where",
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> TinyWorld:
    """A suite that has been run with two models."""
    world = make_tiny_world(tmp_path_factory.mktemp("reference"))
    own = world.root / "my_chain.yaml"
    own.write_text(yaml.safe_dump(OWN))
    assert bench(world, world.results, "popularity", "item_knn").run().trained == 2
    return world


def bench(world: TinyWorld, results: Path, *models: str) -> Benchmark:
    return Benchmark(
        world.suite, models=models, data_root=world.data_root, results=results, trials=2, seeds=1
    )


def stamps(folder: Path) -> dict[str, tuple[bytes, int]]:
    files = [path for path in (folder / "runs").rglob("*") if path.is_file()]
    return {str(p.relative_to(folder)): (p.read_bytes(), p.stat().st_mtime_ns) for p in files}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_only_the_model_of_ones_own_is_trained_and_compared_with_all(world, tmp_path):
    copy = tmp_path / "mine"
    assert copy_reference(copy, reference=world.results) == ["tinysuite"]
    before = stamps(copy)
    assert {name: content for name, (content, _) in before.items()} == {
        name: content for name, (content, _) in stamps(world.results).items()
    }
    mine = bench(world, copy, str(world.root / "my_chain.yaml"))
    outcome = mine.run()
    assert (outcome.trained, outcome.done) == (1, 1)
    after = stamps(copy)
    assert {name: after[name] for name in before} == before
    [record] = [name for name in after if name not in before and name.endswith("record.json")]
    assert "my_chain" in record
    assert list(mine.summary().reset_index()["entry"]) == ["popularity", "item_knn", "my_chain"]
    table = pd.read_csv(mine.report(forms=["svg"]).folder / "table.csv")
    assert set(table["entry"]) == {"popularity", "item_knn", "my_chain"}
    assert (
        ResultStore(world.results).manifest("tinysuite").cells
        != ResultStore(copy).manifest("tinysuite").cells
    )


def test_what_is_drawn_is_not_copied(world, tmp_path):
    bench(world, world.results, "popularity").report(forms=[])
    copy_reference(tmp_path / "mine", reference=world.results)
    assert names(tmp_path / "mine") == ["prefixes", "runs", "studies", "suites"]


def test_an_empty_folder_is_filled_and_another_is_left_alone(world, tmp_path):
    (tmp_path / "empty").mkdir()
    copy_reference(tmp_path / "empty", reference=world.results)
    assert ResultStore(tmp_path / "empty").suites() == ["tinysuite"]
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("mine")
    with pytest.raises(StoreError, match="is not empty"):
        copy_reference(tmp_path / "full", reference=world.results)
    assert names(tmp_path / "full") == ["thesis.txt"]
    assert names(tmp_path) == ["empty", "full"]


def test_results_that_no_model_of_today_compares_with_are_refused(world, tmp_path):
    old = tmp_path / "old"
    (old / "suites").mkdir(parents=True)
    store = ResultStore(world.results)
    manifest = store.manifest("tinysuite")
    spec = json.loads(json.dumps(manifest.spec)) | {"seed": 99}
    cells = [cell.model_copy(update={"key": None}) for cell in manifest.cells]
    ResultStore(old).write_manifest(
        manifest.model_copy(update={"suite": "quick", "spec": spec, "cells": tuple(cells)})
    )
    with pytest.raises(StoreError, match="earlier edition") as raised:
        copy_reference(tmp_path / "mine", reference=old)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "mine").exists()


def test_a_checkout_has_stored_results():
    assert (reference_folder() / "suites" / "standard.json").is_file()

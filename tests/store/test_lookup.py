"""A stored run is found by the words that name it, or one line says what is stored."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
import yaml
from tiny_world import TinyWorld, make_tiny_world

from srgnn_bench import Benchmark
from srgnn_bench.errors import SpecError, StoreError
from srgnn_bench.files import sealed
from srgnn_bench.store.lookup import find_run
from srgnn_bench.store.store import ResultStore


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> TinyWorld:
    """Two suites with runs of their own: the second has one of the first one's two models."""
    world = make_tiny_world(tmp_path_factory.mktemp("lookup"))
    models = {"first": ["popularity", "item_knn"], "second": ["popularity"]}
    for name, entries in models.items():
        benchmark = Benchmark(
            {"name": name, "title": name, "datasets": [str(world.dataset)], "models": entries},
            trials=1,
            data_root=world.data_root,
            results=world.results,
        )
        assert benchmark.run().done == len(entries)
    return world


@pytest.fixture
def store(world: TinyWorld) -> ResultStore:
    return ResultStore(world.results)


def test_what_is_alone_need_not_be_named(store: ResultStore) -> None:
    found = find_run(store, model="item_knn")
    assert (found.suite.name, found.source.name, found.seed) == ("first", "tiny", 0)
    assert found.entry.model == found.spec.name == "item_knn"
    assert found.seeds == (found.record,)
    assert find_run(store, suite="second").entry.name == "popularity"
    assert find_run(store, suite="second", seed=0).record.model == "popularity"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({}, "2 models in .* have such a run. Name one of popularity, item_knn."),
        ({"model": "popularity"}, "2 suites in .* Name one of first, second."),
        ({"model": "item_kn"}, "of model item_kn. Did you mean 'item_knn'?"),
        ({"dataset": "other"}, "no finished run of dataset other. Stored: tiny."),
        ({"suite": "secnd"}, "Did you mean 'second'?"),
        ({"suite": "second", "model": "item_knn"}, "of suite second, model item_knn. Stored: pop"),
        ({"model": "item_knn", "seed": 3}, "of model item_knn, seed 3. Stored: 0."),
        ({"dataset": "gone.yaml"}, "There is no file gone.yaml."),
    ],
)
def test_what_no_run_or_several_have_is_refused_in_one_line(
    store: ResultStore, words: dict[str, object], said: str
) -> None:
    with pytest.raises(SpecError, match=said.replace("?", r"\?")) as raised:
        find_run(store, **words)  # type: ignore[arg-type]
    assert "\n" not in str(raised.value)


def test_an_honest_suite_goes_before_one_of_the_papers_protocol(
    store: ResultStore, tmp_path: Path
) -> None:
    shutil.copytree(store.root, tmp_path / "copy")
    copy = ResultStore(tmp_path / "copy")
    manifest = copy.manifest("first")
    assert manifest is not None
    spec = {**manifest.spec, "protocol": {"kind": "published"}, "tuning": None}
    copy.write_manifest(manifest.model_copy(update={"spec": spec}))
    assert find_run(copy).suite.name == "second"
    assert find_run(copy, suite="first", model="popularity").suite.name == "first"


def test_a_folder_without_runs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="holds no finished run"):
        find_run(ResultStore(tmp_path / "nothing"))


def test_a_dataset_is_named_by_its_file_where_that_has_moved(
    world: TinyWorld, store: ResultStore, tmp_path: Path
) -> None:
    moved = tmp_path / "tiny.yaml"
    shutil.move(world.dataset, moved)
    try:
        with pytest.raises(SpecError, match=f"There is no file {re.escape(str(world.dataset))}"):
            find_run(store, model="item_knn")
        found = find_run(store, dataset=str(moved), model="item_knn")
        assert found.source.name == "tiny"
    finally:
        shutil.move(moved, world.dataset)


def test_what_the_folder_keeps_of_a_dataset_moves_with_it(world: TinyWorld, tmp_path: Path) -> None:
    content = {
        **yaml.safe_load(world.dataset.read_text()),
        "name": "said",
        "title": "Said",
        "folders": ["tiny"],
        "windows": 2,
    }
    benchmark = Benchmark(
        {"name": "said", "title": "Said", "datasets": [content], "models": ["popularity"]},
        trials=1,
        data_root=world.data_root,
        results=tmp_path / "before",
    )
    assert benchmark.run().done == 2
    shutil.move(tmp_path / "before", tmp_path / "after")
    found = find_run(ResultStore(tmp_path / "after"), dataset="said-2")
    assert (found.source.title, found.source.window_of) == ("Said, window 2", "Said")


def test_a_run_of_another_version_of_the_code_is_refused(world: TinyWorld, tmp_path: Path) -> None:
    shutil.copytree(world.results, tmp_path / "old")
    store = ResultStore(tmp_path / "old")
    found = find_run(store, model="item_knn")
    manifest = store.manifest("first")
    assert manifest is not None
    older = found.record.model_copy(
        update={"identity": found.record.identity.model_copy(update={"results_version": 1})}
    )
    older = older.model_copy(
        update={"key": older.identity.key, "environment": {"revision": "abc123"}}
    )
    store.write_run(
        older, prefixes=store.prefixes(found.record), ranks=store.ranks(found.record), epochs=[]
    )
    cells = [
        cell.model_copy(update={"key": older.key}) if cell.key == found.record.key else cell
        for cell in manifest.cells
    ]
    store.write_manifest(manifest.model_copy(update={"cells": tuple(cells)}))
    with pytest.raises(StoreError, match=r"^Version 1 of the code made .*revision abc123\.$"):
        find_run(store, model="item_knn")


def test_a_damaged_record_is_named(world: TinyWorld, tmp_path: Path) -> None:
    shutil.copytree(world.results, tmp_path / "copy")
    store = ResultStore(tmp_path / "copy")
    path = store.run_of(find_run(store, model="item_knn").record).record_file
    content = json.loads(path.read_text())
    path.write_text(json.dumps(sealed({**content, "key": "0" * 64})))
    with pytest.raises(StoreError, match=r"record\.json is damaged"):
        find_run(store, model="item_knn")

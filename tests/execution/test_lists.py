"""Runs that keep their lists: another evaluator finds in the export what the records say."""

from __future__ import annotations

from pathlib import Path

import ir_measures
import numpy as np
import pandas as pd
import pytest
from ir_measures import RR, Success, nDCG
from tiny_world import TinyWorld, make_tiny_world

from srgnn_bench import Benchmark
from srgnn_bench.execution.coordinator import execute
from srgnn_bench.execution.plan import plan
from srgnn_bench.report.export import export_results
from srgnn_bench.specs.resolving import resolve
from srgnn_bench.store.store import ResultStore

MEASURES = {
    Success @ 5: "recall@5",
    Success @ 20: "recall@20",
    RR @ 5: "mrr@5",
    RR @ 20: "mrr@20",
    nDCG @ 20: "ndcg@20",
}


def run(world: TinyWorld, *settings: str) -> ResultStore:
    suite = resolve(str(world.suite), trials=1, seeds=1, settings=settings)
    store = ResultStore(world.results)
    jobs = plan(suite, data_root=world.data_root, store=store)
    execute(jobs, store=store, resume="only-missing", listen=lambda event: None)
    return store


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[ResultStore, Path]:
    world = make_tiny_world(tmp_path_factory.mktemp("lists"))
    store = run(world, "keep_lists=true")
    export_results(store, suite="tinysuite", out=world.root / "export")
    return store, world.root / "export"


def test_another_evaluator_finds_the_metrics_of_real_runs(exported) -> None:
    store, out = exported
    qrels = list(ir_measures.read_trec_qrels(str(out / "tiny.qrels")))
    for record in store.records():
        assert len(qrels) == record.dataset.test_prefixes
        name = f"tiny.{record.model}.{record.short_key}.run"
        lists = list(ir_measures.read_trec_run(str(out / name)))
        found = ir_measures.calc_aggregate(list(MEASURES), qrels, lists)
        for measure, ours in MEASURES.items():
            if record.model == "popularity":
                # It scores many items alike, and our ranks count ties against the target.
                assert found[measure] >= record.metrics[ours] - 1e-9
            else:
                assert found[measure] == pytest.approx(record.metrics[ours], abs=1e-9)


def test_a_target_stands_in_its_list_where_its_rank_says(exported) -> None:
    _, out = exported
    frame = pd.read_parquet(out / "lists.parquet")
    ranks = pd.read_parquet(out / "ranks.parquet")
    columns = ["dataset", "entry", "seed", "key", "session", "length"]
    pd.testing.assert_frame_equal(frame[columns], ranks[columns])
    trained = (frame["entry"] != "popularity").to_numpy()
    items = np.stack(frame["items"].to_numpy())[trained]
    assert items.shape[1] == 20
    hit = items == frame["target"].to_numpy()[trained, None]
    place = np.where(hit.any(axis=1), hit.argmax(axis=1) + 1, 0)
    rank = ranks["rank"].to_numpy()[trained]
    np.testing.assert_array_equal(place, np.where(rank <= 20, rank, 0))


def test_numbers_in_lists_lead_back_to_the_ids_of_the_log(tmp_path: Path) -> None:
    """An item that only the test shows comes first among the ids, and shifts all others."""
    old = [
        f"{n},{item},{100 * n + k}" for n in range(20) for k, item in enumerate(("bread", "tea"))
    ]
    new = ["99,bread,9000", "99,aaa,9001", "99,milk,9002", "99,tea,9003"]
    (tmp_path / "log.csv").write_text(
        "\n".join(["session,item,time", "1,milk,50", *old, *new]) + "\n"
    )
    content = {
        "name": "shop", "title": "Shop", "citation": "none", "licence": "none", "obtain": "none",
        "sources": [{
            "name": "log", "kind": "table", "files": ["log.csv"], "time_format": "seconds",
            "columns": {"session": "session", "item": "item", "time": "time"},
        }],
        "preparation": {"filters": [], "split": {"kind": "newest_sessions", "fraction": 0.05}},
    }  # fmt: skip
    bench = Benchmark(
        "quick", datasets=[content], models=["markov"], trials=1, seeds=1,
        settings=["keep_lists=true"], data_root=tmp_path, results=tmp_path / "results",
    )  # fmt: skip
    assert bench.run().done == 1
    names = bench.jobs[0].dataset.item_names
    [record] = bench.store.records()
    lists = bench.store.lists(record)
    assert lists is not None
    target = [None if n == 0 else names[n - 1] for n in lists["target"]]
    assert target == [None, "milk", "tea"]
    recommended = {names[n - 1] for row in lists["items"] for n in row if n}
    assert recommended == {"bread", "milk", "tea"}
    assert names[lists["items"][0][0] - 1] == "tea"  # which always followed bread


def test_a_run_that_is_made_again_for_its_model_keeps_its_lists(tiny_world: TinyWorld) -> None:
    first = run(tiny_world, "keep_lists=true")
    before = {record.key: first.lists(record) for record in first.records()}
    store = run(tiny_world, "keep_models=true")
    after = {record.key: store.lists(record) for record in store.records()}
    assert before.keys() == after.keys()
    for key, lists in after.items():
        pd.testing.assert_frame_equal(lists, before[key])


def test_lists_are_kept_only_where_a_suite_asks(tiny_world: TinyWorld) -> None:
    store = run(tiny_world)
    assert all(store.lists(record) is None for record in store.records())

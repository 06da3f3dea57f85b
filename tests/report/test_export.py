from __future__ import annotations

import ir_measures
import numpy as np
import pandas as pd
import pytest
from ir_measures import RR, Success
from made_up import write_again, write_suite

from srgnn_bench.report.export import export_results


def add_lists(store) -> None:
    """Lists that agree with the stored ranks: the target in its place, others around it."""
    for record in store.records():
        ranks = store.ranks(record)
        generator = np.random.default_rng(len(record.key))
        targets = generator.integers(1, 900, size=len(ranks))
        items = generator.integers(1000, 9000, size=(len(ranks), 20)) * 20 + np.arange(20)
        for row, (rank, target) in enumerate(zip(ranks, targets, strict=True)):
            if rank <= 20:
                items[row, rank - 1] = target
        lists = pd.DataFrame({"target": targets, "items": list(items)})
        write_again(store, record, lists=lists)


def test_ranks_come_out_prefix_by_prefix_and_add_up(store, tmp_path):
    write_suite(store, datasets=2, models=2, seeds=2)
    [path] = export_results(store, suite="made-up", out=tmp_path)
    frame = pd.read_parquet(path)
    for record in store.records():
        mine = frame[frame["key"] == record.key[:12]]
        assert mine["recall@20"].mean() == pytest.approx(record.metrics["recall@20"])
        assert mine["mrr@20"].mean() == pytest.approx(record.metrics["mrr@20"])
        assert set(mine["dataset"]) == {record.identity.dataset}


def test_seeds_keep_their_numbers_where_one_is_missing(store, tmp_path):
    write_suite(
        store, datasets=1, models=1, seeds=3, missing=lambda dataset, entry, seed: seed == 0
    )
    [path] = export_results(store, suite="made-up", out=tmp_path)
    assert set(pd.read_parquet(path)["seed"]) == {1, 2}


def test_another_evaluator_finds_the_same_metrics_in_the_run_files(store, tmp_path):
    write_suite(store, datasets=1, models=2, seeds=1)
    add_lists(store)
    export_results(store, suite="made-up", out=tmp_path)
    qrels = list(ir_measures.read_trec_qrels(str(tmp_path / "diginetica.qrels")))
    for record in store.records():
        name = f"diginetica.{record.model}.{record.key[:12]}.run"
        run = list(ir_measures.read_trec_run(str(tmp_path / name)))
        found = ir_measures.calc_aggregate([Success @ 20, RR @ 20], qrels, run)
        assert found[Success @ 20] == pytest.approx(record.metrics["recall@20"])
        assert found[RR @ 20] == pytest.approx(record.metrics["mrr@20"])

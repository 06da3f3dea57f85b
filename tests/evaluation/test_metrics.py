"""Metrics against ir-measures, and against their edge cases."""

from __future__ import annotations

import ir_measures
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from srgnn_bench.evaluation.metrics import (
    average_popularity,
    coverage,
    mrr,
    ndcg,
    rank_metrics,
    recall,
    repeat_share,
)

N_ITEMS = 40

ranks_lists = st.lists(st.integers(1, N_ITEMS), min_size=1, max_size=20).map(np.array)


def oracle(measure: ir_measures.Measure, ranks: np.ndarray) -> float:
    """The measure of a run in which prefix p has its target at the given rank."""
    qrels = [ir_measures.Qrel(str(p), "target", 1) for p in range(len(ranks))]
    run = [
        ir_measures.ScoredDoc(str(p), "target" if place == rank else f"d{place}", -float(place))
        for p, rank in enumerate(ranks)
        for place in range(1, N_ITEMS + 1)
    ]
    return ir_measures.calc_aggregate([measure], qrels, run)[measure]


@given(ranks_lists, st.sampled_from([1, 5, 20]))
def test_they_agree_with_an_outside_evaluator(ranks: np.ndarray, k: int) -> None:
    assert recall(ranks, k=k) == pytest.approx(oracle(ir_measures.R @ k, ranks))
    assert mrr(ranks, k=k) == pytest.approx(oracle(ir_measures.RR @ k, ranks))
    assert ndcg(ranks, k=k) == pytest.approx(oracle(ir_measures.nDCG @ k, ranks))


@given(ranks_lists, st.integers(1, N_ITEMS))
def test_recall_bounds_the_others(ranks: np.ndarray, k: int) -> None:
    assert 0 <= mrr(ranks, k=k) <= ndcg(ranks, k=k) <= recall(ranks, k=k) <= 1


def test_a_miss_is_zero() -> None:
    ranks = np.array([21])
    assert recall(ranks, k=20) == mrr(ranks, k=20) == ndcg(ranks, k=20) == 0.0


@pytest.mark.parametrize("metric", [recall, mrr, ndcg])
@pytest.mark.parametrize(("ranks", "k"), [([], 5), ([0], 5), ([1], 0)])
def test_what_has_no_meaning_is_an_error(metric, ranks: list[int], k: int) -> None:
    with pytest.raises(ValueError, match=r"K must|no prefixes|count from 1"):
        metric(np.array(ranks, dtype=np.int64), k=k)


def test_every_cutoff_is_reported() -> None:
    metrics = rank_metrics(np.array([1, 7, 100]))
    assert metrics["recall@5"] == pytest.approx(1 / 3)
    assert metrics["recall@10"] == pytest.approx(2 / 3)
    assert set(metrics) == {f"{m}@{k}" for m in ("recall", "mrr", "ndcg") for k in (5, 10, 20)}


def test_coverage_counts_items_once_and_padding_never() -> None:
    assert coverage(np.array([[1, 2], [2, 3], [0, 0]]), n_items=6) == 0.5


def test_popularity_is_relative_to_the_most_clicked_item() -> None:
    clicks = np.array([0, 10, 4, 1])
    assert average_popularity(np.array([[1, 2], [0, 0]]), clicks=clicks) == pytest.approx(0.7)
    assert average_popularity(np.zeros((2, 2), np.int64), clicks=clicks) == 0.0


@given(st.data())
def test_repeats_are_counted_as_by_hand(data: st.DataObject) -> None:
    item = st.integers(1, 6)
    prefixes = data.draw(st.lists(st.lists(item, max_size=5), min_size=1, max_size=6))
    lists = [
        [0, 0, 0] if not prefix else data.draw(st.lists(item, min_size=3, max_size=3, unique=True))
        for prefix in prefixes
    ]
    shown = [(row, item) for row, prefix in enumerate(prefixes) for item in prefix]
    prefix, items = np.array(shown, dtype=np.int64).reshape(-1, 2).T
    pairs = [(i, p) for p, top in zip(prefixes, lists, strict=True) for i in top if i > 0]
    expected = sum(i in p for i, p in pairs) / len(pairs) if pairs else 0.0
    found = repeat_share(np.array(lists), prefix=prefix, items=items)
    assert found == pytest.approx(expected)

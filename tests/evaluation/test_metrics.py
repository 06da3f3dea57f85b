"""Metrics against ir-measures, and against their edge cases."""

from __future__ import annotations

import ir_measures
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from srgnn_bench.errors import SpecError
from srgnn_bench.evaluation.metrics import (
    MEASURES,
    Measure,
    Metric,
    average_popularity,
    coverage,
    metric_title,
    rank_metrics,
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
    outside = {"recall": ir_measures.R, "mrr": ir_measures.RR, "ndcg": ir_measures.nDCG}
    assert set(outside) == set(MEASURES)
    for name, measure in outside.items():
        assert Metric(name, k).mean(ranks) == pytest.approx(oracle(measure @ k, ranks))


@given(ranks_lists, st.integers(1, N_ITEMS))
def test_recall_bounds_the_others(ranks: np.ndarray, k: int) -> None:
    recall, mrr, ndcg = (Metric(name, k).mean(ranks) for name in ("recall", "mrr", "ndcg"))
    assert 0 <= mrr <= ndcg <= recall <= 1


def test_a_miss_is_zero() -> None:
    for name in MEASURES:
        assert Metric(name, 20).scores(np.array([[21, 1]])).tolist() == [[0.0, 1.0]]


@pytest.mark.parametrize("name", MEASURES)
@pytest.mark.parametrize("ranks", [[], [0], [3, -1]])
def test_what_has_no_meaning_is_an_error(name: str, ranks: list[int]) -> None:
    with pytest.raises(ValueError, match=r"no prefixes|count from 1"):
        Metric(name, 5).mean(np.array(ranks, dtype=np.int64))


def test_metrics_have_one_name_whatever_they_are_called() -> None:
    assert Metric.named("hit@20") == Metric.named("hr@20") == Metric.named("recall@20")
    assert Metric.named("ndcg@50").name == "ndcg@50"
    assert metric_title("ndcg@50") == "NDCG@50"
    assert metric_title("coverage@20") == "Coverage@20"


@pytest.mark.parametrize(
    "name", ["precision@20", "recall", "recall@", "recall@0", "mrr@-1", "mrr@2.5", "coverage@20"]
)
def test_what_is_no_metric_of_ranks_is_one_clear_error(name: str) -> None:
    with pytest.raises(SpecError, match=f"no metric '{name}'") as caught:
        Metric.named(name)
    assert "recall@K" in str(caught.value.remedy)


def test_one_entry_of_the_table_is_a_metric_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MEASURES, "square", Measure("Square", lambda ranks: ranks**-2.0))
    assert Metric.named("square@3").scores(np.array([1, 2, 4])).tolist() == [1.0, 0.25, 0.0]
    assert metric_title("square@3") == "Square@3"
    assert rank_metrics(np.array([2]))["square@5"] == 0.25


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

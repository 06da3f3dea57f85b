"""Ranks counted in bulk against a sort done by hand."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from srgnn_bench.errors import ModelError
from srgnn_bench.evaluation.ranks import ranks_of, top_items


@st.composite
def scored_prefixes(draw: st.DrawFn) -> tuple[list[list[float]], list[int]]:
    items = draw(st.integers(1, 12))
    rows = draw(st.integers(1, 6))
    score = st.integers(-2, 2).map(float)  # few values, so that ties are common
    scores = draw(
        st.lists(st.lists(score, min_size=items, max_size=items), min_size=rows, max_size=rows)
    )
    targets = draw(st.lists(st.integers(0, items), min_size=rows, max_size=rows))
    return scores, targets


@given(scored_prefixes())
def test_the_target_comes_last_among_its_equals(case: tuple[list[list[float]], list[int]]) -> None:
    scores, targets = case
    expected = []
    for row, target in zip(scores, targets, strict=True):
        if target == 0:
            expected.append(len(row) + 1)
            continue
        order = sorted(range(1, len(row) + 1), key=lambda i: (-row[i - 1], i == target))
        expected.append(order.index(target) + 1)
    assert ranks_of(torch.tensor(scores), torch.tensor(targets)).tolist() == expected


def test_a_model_that_scores_everything_alike_gains_nothing() -> None:
    assert ranks_of(torch.zeros(3, 50), torch.tensor([1, 25, 50])).tolist() == [50, 50, 50]


def test_nan_is_an_error_wherever_it_stands() -> None:
    scores = torch.zeros(2, 5)
    scores[1, 3] = float("nan")
    with pytest.raises(ModelError, match="NaN"):
        ranks_of(scores, torch.tensor([1, 1]))


@pytest.mark.parametrize("items", [1, 19, 20, 64, 20 * 64, 21 * 64, 5000])
def test_top_items_are_those_of_a_full_sort(items: int) -> None:
    scores = torch.stack([torch.randperm(items) for _ in range(7)]).float()
    k = min(20, items)
    expected = scores.argsort(dim=1, descending=True)[:, :k] + 1
    assert torch.equal(top_items(scores, k=20), expected)

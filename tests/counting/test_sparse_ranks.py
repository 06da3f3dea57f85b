"""Ranks and lists of sparse scores against those of the same scores written out."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from srgnn_bench.counting.sparse_ranks import sparse_ranks_of, sparse_top_items
from srgnn_bench.errors import ModelError
from srgnn_bench.evaluation.ranks import ranks_of


@st.composite
def sparse_scores(draw: st.DrawFn) -> np.ndarray:
    """Written out, with the padding item's column, which is empty."""
    items, rows = draw(st.integers(1, 12)), draw(st.integers(1, 6))
    score = st.sampled_from([0.0, 0.0, 1.0, 2.0, 2.5])  # few values, so that ties are common
    scores = draw(
        st.lists(st.lists(score, min_size=items, max_size=items), min_size=rows, max_size=rows)
    )
    return np.pad(np.array(scores, dtype=np.float32), [(0, 0), (1, 0)])


@given(sparse_scores(), st.data())
def test_ranks_are_those_among_all_scores(dense: np.ndarray, data: st.DataObject) -> None:
    rows, width = dense.shape
    target = st.integers(0, width - 1)
    targets = np.array(data.draw(st.lists(target, min_size=rows, max_size=rows)))
    expected = ranks_of(torch.from_numpy(dense[:, 1:]), torch.from_numpy(targets))
    assert sparse_ranks_of(csr_array(dense), targets).tolist() == expected.tolist()


@given(sparse_scores(), st.integers(1, 15))
def test_lists_are_sorted_by_score_and_then_by_number(dense: np.ndarray, k: int) -> None:
    expected = [
        sorted(range(1, len(row)), key=lambda item: (-row[item], item))[:k] for row in dense
    ]
    assert sparse_top_items(csr_array(dense), k=k).tolist() == expected


def test_nan_is_an_error() -> None:
    with pytest.raises(ModelError, match="NaN"):
        sparse_ranks_of(csr_array(np.array([[0.0, np.nan]])), np.array([1]))

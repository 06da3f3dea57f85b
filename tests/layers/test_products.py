from __future__ import annotations

import pytest
import torch
from packaging.version import Version

from srgnn_bench.layers import products
from srgnn_bench.layers.products import add_product, put_product, times_transposed


def laid_out(rows: int, columns: int, *, turned: bool) -> torch.Tensor:
    drawn = torch.randn(columns, rows).T if turned else torch.randn(rows, columns)
    assert drawn.is_contiguous() is not turned
    return drawn


@pytest.mark.parametrize("library", ["oneDNN", "MKL"])
@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(("m", "n", "k"), [(2, 3, 4), (100, 1001, 64), (37, 5, 2048)])
def test_products_are_those_in_double_precision(library, turned, m, n, k):
    if library == "oneDNN" and not products.HAS_ONEDNN:
        pytest.skip("this torch has no oneDNN")
    by = {"onednn": library == "oneDNN"}
    torch.manual_seed(m)
    a, b = laid_out(m, k, turned=turned), laid_out(n, k, turned=turned)
    exact = a.double() @ b.double().T
    tolerance = {"rtol": 0.0, "atol": 1e-6 + 2e-7 * k}
    torch.testing.assert_close(times_transposed(a, b, **by).double(), exact, **tolerance)
    kept = torch.full((m + 2, n), torch.nan)
    put_product(kept[1:-1], a, b, **by)
    torch.testing.assert_close(kept[1:-1].double(), exact, **tolerance)
    add_product(kept[1:-1], a, b, **by)
    torch.testing.assert_close(kept[1:-1].double() / 2, exact, **tolerance)
    assert kept[[0, -1]].isnan().all()


def test_products_in_half_precision_are_added_in_single():
    torch.manual_seed(0)
    a, b = torch.randn(5, 64).bfloat16(), torch.randn(9, 64).bfloat16()
    total = torch.empty(5, 9)
    put_product(total, a, b)
    assert torch.equal(total, (a @ b.T).float())
    add_product(total, a, b)
    assert torch.equal(total, 2 * (a @ b.T).float())


def test_double_precision_stays_double():
    a, b = torch.randn(3, 4, dtype=torch.float64), torch.randn(5, 4, dtype=torch.float64)
    torch.testing.assert_close(times_transposed(a, b), a @ b.T, rtol=1e-14, atol=1e-14)


@pytest.mark.skipif(
    Version(torch.__version__) < Version("2.12"),
    reason="the oneDNN of an older torch sums the last columns in another order",
)
@pytest.mark.parametrize("d", [32, 50, 64, 100])
def test_equal_items_score_alike_wherever_they_stand(d):
    items = torch.randn(1, d).repeat(2 * 2048 + 3, 1)
    for sessions in (1, 2, 7, 48, 100):
        for count in (1001, len(items)):
            scores = times_transposed(torch.randn(sessions, d), items[:count])
            assert (scores == scores[:, :1]).all()

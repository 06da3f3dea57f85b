"""Rows of length 1: torch's own as the oracle, and gradients by differences."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import normalize

from srgnn_bench.layers import unit_rows as module
from srgnn_bench.layers.unit_rows import unit_rows


def by_torch(vectors: torch.Tensor, *, centred: bool) -> torch.Tensor:
    return normalize(vectors - vectors.mean(1, keepdim=True) if centred else vectors, dim=1)


@pytest.mark.parametrize("centred", [False, True])
def test_values_and_gradients_are_those_of_torch(centred: bool) -> None:
    generator = torch.Generator().manual_seed(0)
    vectors = 3 * torch.randn(1000, 50, generator=generator)
    gradient = torch.randn(1000, 50, generator=generator)
    found = []
    for function in (unit_rows, by_torch):
        leaf = vectors.clone().requires_grad_()
        rows = function(leaf, centred=centred)
        rows.backward(gradient)
        found.append((rows.detach(), leaf.grad))
    torch.testing.assert_close(found[0], found[1], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("centred", [False, True])
@pytest.mark.parametrize("block_bytes", [1, 2 * 5 * 8, 2**20])
def test_the_gradient_is_right_in_blocks_of_any_size(
    centred: bool, block_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BLOCK_BYTES", block_bytes)
    vectors = torch.randn(7, 5, dtype=torch.double, requires_grad=True)
    assert torch.autograd.gradcheck(lambda each: unit_rows(each, centred=centred), vectors)


@pytest.mark.parametrize("centred", [False, True])
def test_a_row_of_zeros_stays_one_and_gets_nothing_where_nothing_is_given(centred: bool) -> None:
    vectors = torch.zeros(2, 4)
    vectors[1] = torch.arange(4)
    vectors.requires_grad_()
    rows = unit_rows(vectors, centred=centred)
    rows[1].sum().backward()
    assert not rows[0].any()
    assert vectors.grad is not None
    assert not vectors.grad[0].any()


def test_half_precision_under_autocast_keeps_the_gradient_of_its_input() -> None:
    vectors = torch.randn(6, 8).bfloat16().requires_grad_()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rows = unit_rows(vectors, centred=True)
    rows.float().square().sum().backward()
    assert vectors.grad is not None
    assert vectors.grad.dtype == torch.bfloat16
    assert torch.isfinite(vectors.grad).all()

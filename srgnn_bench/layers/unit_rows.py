"""Rows of length 1, with a gradient that passes over the rows twice."""

from __future__ import annotations

from typing import Any

import torch

SHORTEST = 1e-12
"""By what a shorter row is divided, so that a row of zeros stays one; as torch's ``normalize``."""

BLOCK_BYTES = 2**20
"""Rows that stay in a processor's cache while the gradient passes over them."""


def unit_rows(vectors: torch.Tensor, *, centred: bool = False) -> torch.Tensor:
    """Every row divided by its length.

    As ``torch.nn.functional.normalize``, whose gradient goes over the rows some twenty times. Over
    the vectors of a whole catalogue, at every step, that takes as long as the optimizer.

    Args:
        vectors: shape (n, d).
        centred: whether each row's mean is taken off before.

    Returns:
        Shape (n, d). A row of zeros stays one.
    """
    rows: torch.Tensor = _UnitRows.apply(vectors, centred)  # type: ignore[no-untyped-call]
    return rows


class _UnitRows(torch.autograd.Function):
    """The rows y = z / |z| of z = x, or of z = x less its mean.

    With the gradient g of y, that of x is (g - (g . y) y) / |z|. Its mean is taken off where x was
    centred; y has no mean then, so that it is the mean of g.
    """

    @staticmethod
    def forward(ctx: Any, vectors: torch.Tensor, centred: bool) -> torch.Tensor:
        moved = vectors - vectors.mean(1, keepdim=True) if centred else vectors
        lengths = torch.linalg.vector_norm(moved, dim=1, keepdim=True).clamp_min_(SHORTEST)
        rows = moved.div_(lengths) if centred else moved / lengths
        ctx.save_for_backward(rows, lengths)
        ctx.centred = centred
        return rows

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None]:
        rows, lengths = ctx.saved_tensors
        found = torch.empty_like(rows)
        block = max(1, BLOCK_BYTES // max(1, rows.shape[1] * rows.element_size()))
        for given, y, length, out in zip(
            *(each.split(block) for each in (gradient, rows, lengths, found)), strict=True
        ):
            along = torch.linalg.vecdot(given, y)[:, None]
            torch.addcmul(given, along, y, value=-1, out=out)
            if ctx.centred:
                out -= given.mean(1, keepdim=True)
            out /= length
        return found, None

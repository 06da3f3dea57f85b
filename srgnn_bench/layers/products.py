"""Matrix products by one of the two libraries that torch has on a CPU.

torch multiplies matrices of single precision with MKL, which keeps to AVX2 on processors that are
not Intel's. oneDNN, which comes with torch for its layers, uses all that the processor has. So
oneDNN is the faster one where MKL leaves AVX-512 unused, and MKL everywhere else, as the floors of
``python -m benchmarks --part training`` show. Both round differently, as two processors do.

Ranking asks that equal items score alike. MKL gives equal rows equal products on Intel's processors
unless one session is scored alone, oneDNN on all; before torch 2.12 it summed the last columns in
another order, so that they could differ there in the last digit.
"""

from __future__ import annotations

import torch

from srgnn_bench.process.environment import processor

HAS_ONEDNN = hasattr(torch.ops.mkldnn, "_linear_pointwise")
"""Whether this torch lets oneDNN, which it calls by its former name, be asked for a product."""

INTEL = "Intel" in processor()
"""What is faster is decided by what the processor is and not by a clock, so that the same machine
always computes the same."""

TRAINS_BY_ONEDNN = HAS_ONEDNN and torch.backends.cpu.get_cpu_capability() == "AVX512" and not INTEL
"""Whether training multiplies by oneDNN."""

RANKS_BY_ONEDNN = HAS_ONEDNN and not INTEL
"""Whether ranking does."""


def times_transposed(
    a: torch.Tensor, b: torch.Tensor, *, onednn: bool = RANKS_BY_ONEDNN
) -> torch.Tensor:
    """The product of a matrix and the transpose of another; no gradient flows through it.

    Args:
        a: shape (m, k).
        b: shape (n, k).
        onednn: whether oneDNN multiplies matrices of single precision on a CPU.

    Returns:
        a b^T, shape (m, n), in new memory. Equal rows of ``b`` have equal products.
    """
    if onednn and HAS_ONEDNN and a.device.type == "cpu" and a.dtype == torch.float32:
        product: torch.Tensor = torch.ops.mkldnn._linear_pointwise(a, b, None, "none", [], "")
        return product
    if len(a) == 1:  # a vector's product with a matrix is another one, which sums in parts
        return (a.expand(2, -1) @ b.T)[:1]
    return a @ b.T


def put_product(
    out: torch.Tensor, a: torch.Tensor, b: torch.Tensor, *, onednn: bool = TRAINS_BY_ONEDNN
) -> None:
    """Write the product of a matrix and the transpose of another, as ``times_transposed`` has it.

    Args:
        out: where it is written, shape (m, n); may be of more precision than the two.
        a: shape (m, k).
        b: shape (n, k).
        onednn: whether oneDNN multiplies matrices of single precision.
    """
    if onednn or out.dtype != a.dtype or len(a) == 1:
        out.copy_(times_transposed(a, b, onednn=onednn))
    else:
        torch.mm(a, b.T, out=out)


def add_product(
    to: torch.Tensor, a: torch.Tensor, b: torch.Tensor, *, onednn: bool = TRAINS_BY_ONEDNN
) -> None:
    """Add the product of a matrix and the transpose of another; arguments as ``put_product``."""
    if onednn or to.dtype != a.dtype:
        to += times_transposed(a, b, onednn=onednn)
    else:
        to.addmm_(a, b.T)

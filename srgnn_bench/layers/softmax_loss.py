"""Cross-entropy over the whole catalogue without ever holding the whole matrix of scores.

With session vectors h, item vectors w and targets y, over the items j of the catalogue,

    loss = mean_i log sum_j exp(h_i . w_j - h_i . w_{y_i}).

It takes three matrix products, and at the size of a catalogue they are nearly all that a training
step costs: h w^T for the scores, p w for the gradient of h and p^T h for that of w, where p are
the softmax probabilities. Here the gradients are formed along with the loss, a block of sessions
by a tile of items at a time, so that what is computed is used while it lies in the cache:

- scores are kept items x sessions, the layout in which all three products run fastest;
- they are taken relative to the target's score, as the loss has them, which spares the search for
  the highest one; where that could overflow, it is searched for all the same;
- their exponentials are never normalised: dividing the small matrices is the same;
- exponentials are powers of two of scores times log2(e), since exp2 is the faster of the two.

Under torch's autocast to bfloat16 the products take their operands so, and scores and exponentials
are kept so. A score is rounded after the target's has been taken off, so those near it keep their
digits. Sums, losses and gradients are in single precision.

The padding item, row 0 of the item vectors, is no item: it has no share in the softmax and gets no
gradient.
"""

from __future__ import annotations

import math
import threading
from functools import partial
from typing import Any

import torch
from torch.nn.functional import cross_entropy

from srgnn_bench.errors import ModelError
from srgnn_bench.layers.products import TRAINS_BY_ONEDNN, times_transposed

WORK_BYTES = 96 * 2**20
"""Most memory for the exponentials of one block of sessions against the whole catalogue."""

BLOCK_SESSIONS = 512
"""Most sessions in a block."""

TILE_BYTES = 2 * 2**20
"""Memory of the exponentials of one block against one tile of items: what the cores' own caches
hold."""

SAFE_TOTAL = 2.0**100
"""Sums of exponentials below this are far from the overflow of single precision."""

LOG2_E = 1 / math.log(2)


def full_softmax_loss(
    vectors: torch.Tensor,
    item_vectors: torch.Tensor,
    targets: torch.Tensor,
    *,
    block_sessions: int = BLOCK_SESSIONS,
    tile_bytes: int = TILE_BYTES,
) -> torch.Tensor:
    """Mean cross-entropy of the targets over the whole catalogue.

    Differentiable once, in ``vectors`` and ``item_vectors``; asking for second
    derivatives is an error.
    The same inputs and number of threads give the same bits. Autocast to bfloat16 is heeded. On a
    GPU, where memory for the whole
    matrix is the smaller worry, and where this code has not been tried, torch's own cross-entropy
    does the work.

    Args:
        vectors: one vector per session, shape (sessions, d).
        item_vectors: one vector per item, row 0 for the padding item, shape (items + 1, d).
        targets: item that followed each session, from 1, shape (sessions,).
        block_sessions: most sessions in a block.
        tile_bytes: memory of the exponentials of a block against one tile of items.

    Returns:
        The loss in nats, a scalar.

    Raises:
        ModelError: a target is no item of the catalogue.
    """
    if int(targets.min()) < 1 or int(targets.max()) >= len(item_vectors):
        raise ModelError(
            f"A target is not among the items 1 to {len(item_vectors) - 1}.",
            remedy="Train on prefixes whose target the catalogue holds; 0 is padding.",
        )
    if vectors.device.type != "cpu":
        return cross_entropy(vectors @ item_vectors[1:].T, targets - 1)
    low = torch.is_autocast_enabled("cpu") and torch.get_autocast_dtype("cpu") == torch.bfloat16
    if vectors.dtype == torch.bfloat16:  # what autocast leaves of the last layer
        vectors = vectors.float()
    if torch.is_grad_enabled() and (vectors.requires_grad or item_vectors.requires_grad):
        loss: torch.Tensor = _FullSoftmaxLoss.apply(  # type: ignore[no-untyped-call]
            vectors, item_vectors, targets, block_sessions, tile_bytes, low
        )
        return loss
    return _loss_alone(vectors, item_vectors, targets, block_sessions)


class _FullSoftmaxLoss(torch.autograd.Function):
    """Forms the gradients in the forward pass and hands them out in the backward pass."""

    @staticmethod
    def forward(
        ctx: Any,
        vectors: torch.Tensor,
        item_vectors: torch.Tensor,
        targets: torch.Tensor,
        *settings: Any,
    ) -> torch.Tensor:
        loss, *ctx.gradients = _loss_and_gradients(vectors, item_vectors, targets, *settings)
        ctx.settings = settings
        ctx.save_for_backward(vectors, item_vectors, targets)
        return loss

    @staticmethod
    def backward(ctx: Any, grad_loss: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        if torch.is_grad_enabled():
            raise ModelError(
                "The full-softmax loss has no second derivatives.",
                remedy="Call backward without create_graph=True.",
            )
        # The gradients are given away, so that the optimizer can keep them without a copy.
        # Whoever asks again (retain_graph=True) has them formed again.
        gradients = ctx.gradients or _loss_and_gradients(*ctx.saved_tensors, *ctx.settings)[1:]
        ctx.gradients = None
        if grad_loss != 1:
            for gradient in gradients:
                gradient.mul_(grad_loss)
        return *gradients, None, None, None, None


def _loss_and_gradients(
    vectors: torch.Tensor,
    item_vectors: torch.Tensor,
    targets: torch.Tensor,
    block_sessions: int,
    tile_bytes: int,
    low: bool,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Loss, gradient of the session vectors, gradient of the item vectors."""
    item_vectors = item_vectors.contiguous()
    factors = item_vectors.bfloat16() if low else item_vectors
    weight = 1 / len(vectors)
    losses, grad_vectors, grad_items = [], [], None
    size = _block_sessions(len(vectors), len(item_vectors), factors.element_size(), block_sessions)
    with torch.autocast("cpu", enabled=False):
        parts = zip(torch.split(vectors, size), torch.split(targets, size), strict=True)
        for block, items in parts:
            of_target = item_vectors[items]
            softmax = _Softmax(block, factors, items, of_target, tile_bytes=tile_bytes)
            losses.append(softmax.losses)
            grad_vectors.append(softmax.mean_item.sub_(of_target).mul_(weight))
            if grad_items is None:
                grad_items = softmax.gradient(weight=weight).to(item_vectors.dtype)
            else:  # in parts, since a second one of its size may not fit
                softmax.add_gradient(grad_items, weight=weight)
    assert grad_items is not None
    grad_items.index_add_(0, targets, vectors, alpha=-weight)
    return torch.cat(losses).mean(), torch.cat(grad_vectors), grad_items


class _Softmax:
    """A block of sessions against the whole catalogue.

    Args:
        vectors: session vectors, shape (b, d).
        factors: vectors of the items in the precision of the products, row 0 for the padding item,
            shape (items + 1, d).
        targets: item of each session, from 1, shape (b,).
        target_vectors: their vectors, shape (b, d).
        tile_bytes: memory of the exponentials against one tile of items.

    Attributes:
        losses: cross-entropy of each session, shape (b,).
        mean_item: the catalogue's mean weighted by each session's probabilities, shape (b, d).
    """

    def __init__(
        self,
        vectors: torch.Tensor,
        factors: torch.Tensor,
        targets: torch.Tensor,
        target_vectors: torch.Tensor,
        *,
        tile_bytes: int,
    ) -> None:
        self._vectors = vectors
        self._factors = factors
        self._scaled = (vectors * LOG2_E).to(factors.dtype)
        rows = len(factors)
        self._exponentials = _workspace(rows, len(vectors), factors.dtype)
        self._exponentials[0] = 0
        tile = max(1, tile_bytes // (len(vectors) * factors.element_size()))
        self._tiles = [slice(i, i + tile) for i in range(1, rows, tile)]
        target_score = (vectors * target_vectors).sum(1) * LOG2_E
        self._total, mixed = self._sums(target_score)
        if bool((self._total < SAFE_TOTAL).all()):
            # The score above and the one among the others may differ in the last digit.
            of_target = self._exponentials[targets, torch.arange(len(targets))]
            self.losses = torch.log2(self._total / of_target) / LOG2_E
        else:
            highest = self._highest_score()
            self._total, mixed = self._sums(highest)
            self.losses = (torch.log2(self._total) + highest - target_score) / LOG2_E
        self.mean_item = mixed / self._total[:, None]

    def gradient(self, *, weight: float) -> torch.Tensor:
        """What all but the targets contribute to the gradient of the items, shape (items + 1, d).

        Args:
            weight: weight of each session in the loss.
        """
        return _product(self._exponentials, self._shares(weight))

    def add_gradient(self, to: torch.Tensor, *, weight: float) -> None:
        """Add it to another, of the same shape."""
        shares = self._shares(weight)
        rows = max(1, TILE_BYTES // (to.shape[1] * to.element_size()))
        parts = torch.split(to, rows), torch.split(self._exponentials, rows)
        for part, e in zip(*parts, strict=True):
            part += _product(e, shares)

    def _shares(self, weight: float) -> torch.Tensor:
        """What each session adds to an item of exponential 1, shape (d, b)."""
        shares = (self._vectors * (weight / self._total)[:, None]).to(self._factors.dtype)
        return shares.T.contiguous()

    def _sums(self, reference: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Sums of e and of e w, shapes (b,) and (b, d), where e = 2 ** (score - reference)."""
        total, mixed = torch.zeros_like(reference), torch.zeros_like(self._vectors)
        for tile in self._tiles:
            items, e = self._factors[tile], self._exponentials[tile]
            torch.exp2(_product(items, self._scaled, plus=-reference), out=e)
            total += e.sum(0, dtype=total.dtype)
            mixed += _product(e.T, items.T)
        return total, mixed

    def _highest_score(self) -> torch.Tensor:
        """Each session's highest score times log2(e), shape (b,)."""
        scores = (_product(self._factors[tile], self._scaled) for tile in self._tiles)
        return torch.stack([tile.amax(0) for tile in scores]).amax(0).to(self._vectors.dtype)


_product = partial(times_transposed, onednn=TRAINS_BY_ONEDNN)


def _loss_alone(
    vectors: torch.Tensor, item_vectors: torch.Tensor, targets: torch.Tensor, block_sessions: int
) -> torch.Tensor:
    """The loss where no gradient is asked for."""
    rows = _block_sessions(len(vectors), len(item_vectors), vectors.element_size(), block_sessions)
    losses = [
        cross_entropy(block @ item_vectors[1:].T, items - 1, reduction="sum")
        for block, items in zip(torch.split(vectors, rows), torch.split(targets, rows), strict=True)
    ]
    return torch.stack(losses).sum() / len(vectors)


def _block_sessions(n_sessions: int, n_items: int, element_size: int, most: int) -> int:
    """Sessions per block: as many as the work memory takes, in blocks of like size."""
    most = min(most, max(1, WORK_BYTES // (n_items * element_size)))
    return math.ceil(n_sessions / math.ceil(n_sessions / most))


_kept = threading.local()


def _workspace(rows: int, n_sessions: int, dtype: torch.dtype) -> torch.Tensor:
    """Uninitialised memory, shape (rows, n_sessions), the same at every call of a thread.

    It is kept between steps, since to get tens of megabytes anew from the system costs about as
    much as a matrix product.
    """
    size = rows * n_sessions * dtype.itemsize
    buffer: torch.Tensor | None = getattr(_kept, "buffer", None)
    if buffer is None or len(buffer) < size:
        buffer = _kept.buffer = torch.empty(size, dtype=torch.uint8)
    return buffer[:size].view(dtype).view(rows, n_sessions)

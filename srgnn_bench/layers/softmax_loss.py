"""Cross-entropy over the whole catalogue without ever holding the whole matrix of scores.

With session vectors h, item vectors w and targets y, over the items j of the catalogue,

    loss = mean_i log sum_j exp(h_i . w_j - h_i . w_{y_i}).

It takes three matrix products, and at the size of a catalogue they are nearly all that a training
step costs: h w^T for the scores, p w for the gradient of h and p^T h for that of w, where p are
the softmax probabilities. Here the gradients are formed along with the loss, a block of sessions
by a tile of items at a time, so that what is computed is used while it lies in the cache:

- scores are kept items x sessions, the layout in which all three products run fastest;
- they are taken as they are, which spares the search for the highest one; where that could overflow
  or leave nothing of a target's, it is searched for all the same and taken off;
- their exponentials are never normalised: dividing the small matrices is the same;
- exponentials are powers of two of scores times log2(e), since exp2 is the faster of the two.

Under torch's autocast to bfloat16 the products take their operands so, and scores and exponentials
are kept so: half the memory, in which tiles bring nothing. A score is rounded after the target's
has been taken off, so those near it keep their digits. Both that and the sum of the exponentials
are part of the products: each item has, beside its vector, a one in one of several columns. With
minus the target's score in those columns of a session, the first product takes it off; the second
gives the sum in as many parts. They are added, as losses and gradients are, in single precision.

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
from srgnn_bench.layers.products import (
    INTEL,
    TRAINS_BY_ONEDNN,
    add_product,
    put_product,
    times_transposed,
)

WORK_BYTES = 96 * 2**20
"""Most memory for the exponentials of one block of sessions against the whole catalogue."""

BLOCK_SESSIONS = 192 if INTEL else 512
"""Most sessions in a block. MKL slows down where rows of 512 scores, two kilobytes apart, compete
for the same places of a cache."""

LOW_BLOCK_SESSIONS = 512
"""Most sessions in a block in half precision."""

TILE_BYTES = WORK_BYTES if INTEL else 2 * 2**20
"""Memory of the exponentials of one block against one tile of items: what the cores' own caches
hold, but for Intel's processors, whose larger caches gain less from it than MKL loses."""

PART_BYTES = 2 * 2**20
"""Memory of a part of the items' gradient where it is computed apart from where it is added."""

LEAST_MARKS = 16
"""Parts of a sum of exponentials in half precision, at least: each is rounded to three digits."""

SAFE = 2.0**100
"""Exponentials below this and above its inverse are far from the limits of single precision."""

LOG2_E = 1 / math.log(2)


def full_softmax_loss(
    vectors: torch.Tensor,
    item_vectors: torch.Tensor,
    targets: torch.Tensor,
    *,
    block_sessions: int | None = None,
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
        block_sessions: most sessions in a block; None for what suits processor and precision.
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
    if block_sessions is None:
        block_sessions = LOW_BLOCK_SESSIONS if low else BLOCK_SESSIONS
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
    factors = _marked(item_vectors) if low else item_vectors
    weight = 1 / len(vectors)
    losses: list[torch.Tensor] = []
    grad_vectors: list[torch.Tensor] = []
    grad_items = torch.empty_like(item_vectors)
    size = _block_sessions(len(vectors), len(item_vectors), factors.element_size(), block_sessions)
    kind = partial(_LowSoftmax, factors) if low else partial(_Softmax, factors, tile_bytes)
    with torch.autocast("cpu", enabled=False):
        parts = zip(torch.split(vectors, size), torch.split(targets, size), strict=True)
        for block, items in parts:
            of_target = item_vectors[items]
            softmax = kind(block, items, of_target)
            softmax.put_gradient(grad_items, weight=weight, add=bool(losses))
            losses.append(softmax.losses)
            grad_vectors.append(softmax.mean_item.sub_(of_target).mul_(weight))
    grad_items.index_add_(0, targets, vectors, alpha=-weight)
    return torch.cat(losses).mean(), torch.cat(grad_vectors), grad_items


class _Softmax:
    """A block of sessions against the whole catalogue.

    Args:
        factors: vectors of the items, row 0 for the padding item, shape (items + 1, d).
        tile_bytes: memory of the exponentials against one tile of items.
        vectors: session vectors, shape (b, d).
        targets: item of each session, from 1, shape (b,).
        target_vectors: their vectors, shape (b, d).

    Attributes:
        losses: cross-entropy of each session, shape (b,).
        mean_item: the catalogue's mean weighted by each session's probabilities, shape (b, d).
    """

    RELATIVE = False
    """Whether scores are taken less the target's at first, and not as they are."""

    def __init__(
        self,
        factors: torch.Tensor,
        tile_bytes: int,
        vectors: torch.Tensor,
        targets: torch.Tensor,
        target_vectors: torch.Tensor,
    ) -> None:
        self._factors, self._vectors = factors, vectors
        self._scaled = vectors * LOG2_E
        rows = len(factors)
        self._exponentials = _workspace(rows, len(vectors), factors.dtype)
        self._exponentials[0] = 0
        tile = max(1, tile_bytes // (len(vectors) * factors.element_size()))
        self._tiles = [slice(i, i + tile) for i in range(1, rows, tile)]
        target_score = (self._scaled * target_vectors).sum(1)
        self._total, mixed = self._sums(target_score if self.RELATIVE else None)
        of_target = self._exponentials[targets, torch.arange(len(targets))]
        if bool(((self._total < SAFE) & (of_target > 1 / SAFE)).all()):
            # The score above and the one among the others may differ in the last digit. Both are
            # safe, their quotient is not.
            self.losses = (torch.log2(self._total) - torch.log2(of_target)) / LOG2_E
        else:
            highest = self._highest_score()
            self._total, mixed = self._sums(highest)
            self.losses = (torch.log2(self._total) + highest - target_score) / LOG2_E
        self.mean_item = mixed / self._total[:, None]

    def put_gradient(self, to: torch.Tensor, *, weight: float, add: bool) -> None:
        """Write what all but the targets contribute to the gradient of the items.

        Args:
            to: where it is written, shape (items + 1, d).
            weight: weight of each session in the loss.
            add: whether it is added to what is there.
        """
        shares = self._vectors * (weight / self._total)[:, None]
        shares = shares.T.to(self._factors.dtype).contiguous()
        put = add_product if add else put_product
        rows = len(to)
        if not INTEL or self._factors.dtype != to.dtype:
            rows = max(1, PART_BYTES // (to.shape[1] * to.element_size()))
        parts = torch.split(to, rows), torch.split(self._exponentials, rows)
        for part, e in zip(*parts, strict=True):
            put(part, e, shares)

    def _sums(self, reference: torch.Tensor | None) -> tuple[torch.Tensor, torch.Tensor]:
        """Sums of e and of e w, shapes (b,) and (b, d), where e = 2 ** (score - reference)."""
        vectors = self._vectors
        total, mixed = torch.zeros_like(vectors[:, 0]), torch.zeros_like(vectors)
        for tile in self._tiles:
            items, e = self._factors[tile], self._exponentials[tile]
            scores = self._scores(items, room=e)
            if reference is not None:
                scores -= reference
            torch.exp2(scores, out=e)
            total.addmv_(e.T, torch.ones_like(items[:, 0]))
            add_product(mixed, e.T, items.T)
        return total, mixed

    def _scores(self, items: torch.Tensor, *, room: torch.Tensor) -> torch.Tensor:
        """Scores of a tile of items times log2(e), in the room for them where MKL multiplies."""
        if TRAINS_BY_ONEDNN:
            return times_transposed(items, self._scaled, onednn=True)
        return torch.mm(items, self._scaled.T, out=room)

    def _highest_score(self) -> torch.Tensor:
        """Each session's highest score times log2(e), shape (b,)."""
        d = self._vectors.shape[1]
        scaled = self._scaled.to(self._factors.dtype)
        scores = (self._factors[tile, :d] @ scaled.T for tile in self._tiles)
        return torch.stack([tile.amax(0) for tile in scores]).amax(0).to(self._vectors.dtype)


class _LowSoftmax(_Softmax):
    """The same in half precision; the factors are those of ``_marked``."""

    RELATIVE = True

    def __init__(self, factors: torch.Tensor, *block: torch.Tensor) -> None:
        super().__init__(factors, factors.element_size() * len(factors) * len(block[0]), *block)

    def _sums(self, reference: torch.Tensor | None) -> tuple[torch.Tensor, torch.Tensor]:
        assert reference is not None
        (tile,), d = self._tiles, self._vectors.shape[1]
        items, e = self._factors[tile], self._exponentials[tile]
        taken_off = -reference[:, None].expand(-1, items.shape[1] - d)
        put_product(e, items, torch.cat([self._scaled, taken_off], dim=1).to(e.dtype))
        sums = (e.exp2_().T @ items).to(self._vectors.dtype)
        return sums[:, d:].sum(1), sums[:, :d]


def _marked(item_vectors: torch.Tensor) -> torch.Tensor:
    """The item vectors in half precision, each with a one among columns of zeros after it.

    As many columns as the products take at no cost: they work on multiples of 32. The memory, with
    its ones, is kept between steps.
    """
    rows, d = item_vectors.shape
    marks = LEAST_MARKS + -(d + LEAST_MARKS) % 32
    factors: torch.Tensor | None = getattr(_kept, "factors", None)
    if factors is None or factors.shape != (rows, d + marks):
        factors = _kept.factors = torch.zeros(rows, d + marks, dtype=torch.bfloat16)
        each = torch.arange(rows)
        factors[each, d + each % marks] = 1
    factors[:, :d] = item_vectors
    return factors


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

"""Cross-entropy over the whole catalogue without ever holding the whole matrix of scores.

With session vectors h, item vectors w and targets y, over the n items of the catalogue,

    loss = mean_i ( log sum_j exp(h_i . w_j) - h_i . w_{y_i} ).

It takes three matrix products, and at the size of a catalogue they are nearly all that a training
step costs: h w^T for the scores, p w for the gradient of h and p^T h for that of w, where p are
the softmax probabilities. Here the gradients are formed along with the loss, a block of sessions
by a tile of items at a time, so that what is computed is used while it lies in the cache:

- scores are kept items x sessions, the layout in which all three products run fastest;
- exponentials are taken relative to the highest score so far (Milakov and Gimelshein, "Online
  normalizer calculation for softmax", 2018), so they never overflow;
- they are never normalised: dividing the small matrices (h, and the sum of e w) is the same;
- exponentials are powers of two of scores times log2(e), since exp2 is the faster of the two.

The padding item, row 0 of the item vectors, is no item: it has no share in the softmax and gets no
gradient.
"""

from __future__ import annotations

import math
import threading
from typing import Any

import torch
from torch.nn.functional import cross_entropy

from srgnn_bench.errors import ModelError

WORK_BYTES = 64 * 2**20
"""Most memory for the exponentials of one block of sessions against the whole catalogue."""

BLOCK_SESSIONS = 256
"""Most sessions in a block."""

TILE_ITEMS = 4096
"""Items in a tile; 256 sessions by 4096 items are 4 MiB, which two cores hold in their caches."""

LOG2_E = 1 / math.log(2)


def full_softmax_loss(
    vectors: torch.Tensor, item_vectors: torch.Tensor, targets: torch.Tensor
) -> torch.Tensor:
    """Mean cross-entropy of the targets over the whole catalogue.

    Differentiable once, in ``vectors`` and ``item_vectors``; asking for second
    derivatives is an error.
    The same inputs and number of threads give the same bits. On a GPU, where memory for the whole
    matrix is the smaller worry, and where this code has not been tried, torch's own cross-entropy
    does the work.

    Args:
        vectors: one vector per session, shape (sessions, d).
        item_vectors: one vector per item, row 0 for the padding item, shape (items + 1, d).
        targets: item that followed each session, from 1, shape (sessions,).

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
    if torch.is_grad_enabled() and (vectors.requires_grad or item_vectors.requires_grad):
        loss: torch.Tensor = _FullSoftmaxLoss.apply(  # type: ignore[no-untyped-call]
            vectors, item_vectors, targets
        )
        return loss
    return _loss_alone(vectors, item_vectors, targets)


class _FullSoftmaxLoss(torch.autograd.Function):
    """Forms the gradients in the forward pass and hands them out in the backward pass."""

    @staticmethod
    def forward(
        ctx: Any, vectors: torch.Tensor, item_vectors: torch.Tensor, targets: torch.Tensor
    ) -> torch.Tensor:
        loss, *ctx.gradients = _loss_and_gradients(vectors, item_vectors, targets)
        ctx.save_for_backward(vectors, item_vectors, targets)
        return loss

    @staticmethod
    def backward(ctx: Any, grad_loss: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, None]:
        if torch.is_grad_enabled():
            raise ModelError(
                "The full-softmax loss has no second derivatives.",
                remedy="Call backward without create_graph=True.",
            )
        # The gradients are given away, so that the optimizer can keep them without a copy.
        # Whoever asks again (retain_graph=True) has them formed again.
        gradients = ctx.gradients or _loss_and_gradients(*ctx.saved_tensors)[1:]
        ctx.gradients = None
        if grad_loss != 1:
            for gradient in gradients:
                gradient.mul_(grad_loss)
        return gradients[0], gradients[1], None


def _loss_and_gradients(
    vectors: torch.Tensor, item_vectors: torch.Tensor, targets: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Loss, gradient of the session vectors, gradient of the item vectors."""
    item_vectors = item_vectors.contiguous()
    catalogue = item_vectors[1:]
    n_sessions, n_items = len(vectors), len(catalogue)
    grad_items = torch.zeros_like(item_vectors)
    grad_vectors, log_totals = [], []
    size = _block_sessions(n_sessions, n_items, vectors.element_size())
    for block in torch.split(vectors, size):
        gradient, log_total = _block(block, catalogue, grad_items[1:], weight=1 / n_sessions)
        grad_vectors.append(gradient)
        log_totals.append(log_total)
    target_vectors = item_vectors[targets]
    grad_items.index_add_(0, targets, vectors, alpha=-1 / n_sessions)
    loss = (torch.cat(log_totals) - (vectors * target_vectors).sum(1)).mean()
    return loss, torch.cat(grad_vectors).sub_(target_vectors, alpha=1 / n_sessions), grad_items


def _block(
    vectors: torch.Tensor, catalogue: torch.Tensor, grad_items: torch.Tensor, *, weight: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """The part of the loss and gradients that does not depend on the targets.

    Args:
        vectors: a block of session vectors, shape (b, d).
        catalogue: item vectors without padding, shape (items, d).
        grad_items: gradient of the catalogue, to which this block's is added.
        weight: weight of each session in the loss.

    Returns:
        Gradient of ``vectors``, shape (b, d), and log sum_j exp(h . w_j), shape (b,).
    """
    scaled = (vectors * LOG2_E).T.contiguous()
    exponentials = _workspace(len(catalogue), len(vectors), vectors.dtype)
    tiles = [slice(start, start + TILE_ITEMS) for start in range(0, len(catalogue), TILE_ITEMS)]
    highest = vectors.new_full((len(vectors),), -math.inf)
    total = vectors.new_zeros(len(vectors))
    mixed = torch.zeros_like(vectors)
    references = []
    for tile in tiles:
        e = torch.mm(catalogue[tile], scaled, out=exponentials[tile])
        reference = torch.maximum(highest, e.amax(0))
        shrink = torch.exp2(highest - reference)
        e.sub_(reference).exp2_()
        total.mul_(shrink).add_(e.sum(0))
        mixed.mul_(shrink[:, None]).addmm_(e.T, catalogue[tile])
        highest = reference
        references.append(reference)
    for tile, reference in zip(tiles, references, strict=True):
        share = torch.exp2(reference - highest) / total
        grad_items[tile].addmm_(exponentials[tile], vectors * share[:, None], alpha=weight)
    return mixed * (weight / total)[:, None], (highest + total.log2()) / LOG2_E


def _loss_alone(
    vectors: torch.Tensor, item_vectors: torch.Tensor, targets: torch.Tensor
) -> torch.Tensor:
    """The loss where no gradient is asked for."""
    rows = _block_sessions(len(vectors), len(item_vectors), vectors.element_size())
    losses = [
        cross_entropy(block @ item_vectors[1:].T, items - 1, reduction="sum")
        for block, items in zip(torch.split(vectors, rows), torch.split(targets, rows), strict=True)
    ]
    return torch.stack(losses).sum() / len(vectors)


def _block_sessions(n_sessions: int, n_items: int, element_size: int) -> int:
    """Sessions per block: as many as the work memory takes, in blocks of like size."""
    most = min(BLOCK_SESSIONS, max(1, WORK_BYTES // (n_items * element_size)))
    return math.ceil(n_sessions / math.ceil(n_sessions / most))


_kept = threading.local()


def _workspace(n_items: int, n_sessions: int, dtype: torch.dtype) -> torch.Tensor:
    """Uninitialised memory, shape (n_items, n_sessions), the same at every call of a thread.

    It is kept between steps, since to get tens of megabytes anew from the system costs about as
    much as a matrix product.
    """
    size = n_items * n_sessions * dtype.itemsize
    buffer: torch.Tensor | None = getattr(_kept, "buffer", None)
    if buffer is None or len(buffer) < size:
        buffer = _kept.buffer = torch.empty(size, dtype=torch.uint8)
    return buffer[:size].view(dtype).view(n_items, n_sessions)

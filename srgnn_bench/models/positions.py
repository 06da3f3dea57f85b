"""Learning from every position of a session at once.

A transformer whose clicks see none but those up to themselves has the vectors of all prefixes of a
session in one pass. Sources: Kang and McAuley, "Self-Attentive Sequential Recommendation", ICDM
2018, which trains on a sequence shifted by one; Tikhonovich et al., "eSASRec: Enhancing
Transformer-based Recommendations in a Modular Fashion", RecSys 2025, which keeps that.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import torch

from srgnn_bench.data.sessions import Integers, Sessions, Stage
from srgnn_bench.layers.ragged import OrderedClicks, ordered_clicks
from srgnn_bench.layers.softmax_loss import full_softmax_loss
from srgnn_bench.models.full_softmax import FullSoftmax, encoding
from srgnn_bench.models.parameters import ModelParameters
from srgnn_bench.models.training import TrainingBatches


class PositionsParameters(ModelParameters):
    """Parameters of a model that may learn from every position of a session at once."""

    training_positions: Literal["last", "all"] = "last"
    """From what it learns: ``last``, every prefix is an example of its own, as for other models;
    ``all``, a session is one row, in which every position has its target. All prefixes then cost
    what the longest one does beside the softmax, and come in one batch."""


@dataclass(frozen=True)
class ShiftedSessions:
    """A batch of sessions, and what followed each of their clicks.

    Attributes:
        clicks: the sessions without their last clicks.
        targets: the item clicked after each of them, shape (clicks,).
    """

    clicks: OrderedClicks
    targets: torch.Tensor


class ShiftedBatches:
    """Shuffled sessions, in batches of about as many targets as other models have prefixes.

    A session that is longer than the model sees is cut into rows, all but the oldest of them full,
    so that every target counts once. Sessions of one click have no target and are left out.

    Args:
        sessions: the training sessions.
        batch_size: targets of a batch; as rows stay whole, the last of them may go beyond it.
        longest: most clicks that the model sees.
        device: where the batches go.
    """

    def __init__(
        self, sessions: Sessions, *, batch_size: int, longest: int, device: torch.device
    ) -> None:
        self._items = torch.from_numpy(sessions.items)
        start, length = _rows(sessions, longest=longest)
        self._start, self._length = torch.from_numpy(start), torch.from_numpy(length)
        self._batch_size = batch_size
        self._device = device

    def epoch(self, seed: int) -> Iterator[ShiftedSessions]:
        """All targets once; the order of the rows depends on the seed alone."""
        generator = torch.Generator().manual_seed(seed)
        order = torch.randperm(len(self._start), generator=generator)
        lengths = self._length[order]
        batch = (lengths.cumsum(0) - lengths) // self._batch_size
        sizes = torch.unique_consecutive(batch, return_counts=True)[1]
        for rows in torch.split(order, sizes.tolist()):
            yield self._batch(rows)

    def _batch(self, rows: torch.Tensor) -> ShiftedSessions:
        lengths = self._length[rows]
        place = torch.arange(int(lengths.sum()))
        place += (self._start[rows] - (lengths.cumsum(0) - lengths)).repeat_interleave(lengths)
        items, targets = (self._items[at].to(self._device) for at in (place, place + 1))
        return ShiftedSessions(OrderedClicks.of(items, lengths.to(self._device)), targets)


def _rows(sessions: Sessions, *, longest: int) -> tuple[Integers, Integers]:
    """Where each row begins among all clicks, and how many it has, each of shape (rows,)."""
    targets = sessions.lengths - 1
    rows = -(-targets // longest)
    session = np.repeat(np.arange(len(sessions)), rows)
    # Counted from the newest: row r ends r * longest clicks before the session's last one.
    from_newest = np.arange(len(session)) - np.repeat(np.cumsum(rows) - rows, rows)
    stop = sessions.offsets[1:][session] - 1 - from_newest * longest
    start = np.maximum(sessions.offsets[:-1][session], stop - longest)
    return start, stop - start


class CausalSoftmax(FullSoftmax):
    """``FullSoftmax`` for a model whose clicks see none but those up to themselves.

    The model gives ``states``, and has every prefix of a session in one pass, from which it learns
    where ``training_positions`` is ``all``.
    """

    Parameters: ClassVar[type[PositionsParameters]]
    max_seq_length: int
    device: torch.device

    def __init__(self, config: Any, dataset: Any) -> None:
        super().__init__(config, dataset)
        self.training_positions = self.Parameters.read(config).training_positions

    def states(self, clicks: OrderedClicks, *, every: bool) -> torch.Tensor:
        """The vectors that sessions have after their clicks.

        Args:
            clicks: the clicks of a batch.
            every: whether after every click, shape (clicks, d), or after the last one of each
                session alone, shape (sessions, d).
        """
        raise NotImplementedError

    def forward(self, item_seq: torch.Tensor, item_seq_len: torch.Tensor) -> torch.Tensor:
        """Vectors of a batch of sessions, shape (sessions, d)."""
        return self.states(ordered_clicks(item_seq, item_seq_len), every=False)

    def calculate_loss(self, interaction: Any) -> torch.Tensor:
        """Mean cross-entropy of a batch's targets over all items, shape ()."""
        if not isinstance(interaction, ShiftedSessions):
            return super().calculate_loss(interaction)
        with encoding():
            item_vectors = self.item_vectors_of_the_loss()
            vectors = self.states(interaction.clicks, every=True)
        return full_softmax_loss(vectors, item_vectors, interaction.targets)

    def own_batches(self, stage: Stage, *, batch_size: int) -> TrainingBatches | None:
        """Whole sessions, where it learns from all positions; see ``HasOwnBatches``."""
        if self.training_positions == "last":
            return None
        return ShiftedBatches(
            stage.train,
            batch_size=batch_size,
            longest=self.max_seq_length,
            device=torch.device(self.device),
        )

"""Session-parallel batches: one click of many sessions at a time, each in a row of its own.

Sources: Hidasi et al., "Session-based Recommendations with Recurrent Neural Networks", ICLR 2016,
figure 2; for the negatives that a whole batch shares, Hidasi and Karatzoglou, "Recurrent Neural
Networks with Top-k Gains for Session-based Recommendations", CIKM 2018.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from srgnn_bench.data.sessions import Integers, Sessions


@dataclass(frozen=True)
class ParallelBatch:
    """One click of each of many sessions, and what followed it.

    Attributes:
        items: the item clicked in each row's session, shape (rows,).
        targets: the item clicked next, shape (rows,).
        continues: the row of the batch before in which each session had its click before; -1 for
            a session that begins, shape (rows,).
        negatives: items drawn for all rows together, targets perhaps among them, shape (n,).
        full_size: rows of a full batch; when the sessions run out, batches become smaller.
    """

    items: torch.Tensor
    targets: torch.Tensor
    continues: torch.Tensor
    negatives: torch.Tensor
    full_size: int


class SessionParallelBatches:
    """Sessions side by side, oldest first; where one ends, the next one takes its row.

    The sessions are not shuffled: what an epoch draws are the negatives. Sessions of one click are
    left out. Without negatives, a single row has nothing to be told from, and ends the epoch.

    Args:
        sessions: the training sessions.
        batch_size: sessions side by side, fewer where there are fewer.
        negatives: items that every batch draws.
        alpha: they are drawn by (clicks in the training sessions)^alpha, with replacement: 0 draws
            all items alike, 1 by popularity.
        device: where the batches go.
    """

    def __init__(
        self,
        sessions: Sessions,
        *,
        batch_size: int,
        negatives: int = 0,
        alpha: float = 0.0,
        device: torch.device,
    ) -> None:
        self._sessions = sessions
        self._batch_size = batch_size
        self._negatives = negatives
        self._device = device
        clicks = np.bincount(sessions.items).astype(np.float64)
        # Item 0 is padding, and no item: 0^0 would be 1.
        weight = np.where(clicks > 0, np.maximum(clicks, 1) ** alpha, 0)
        up_to = np.cumsum(weight)
        self._share_up_to = torch.from_numpy(up_to / up_to[-1])

    def epoch(self, seed: int) -> Iterator[ParallelBatch]:
        """All targets once, but for those that a last row alone would leave without negatives.

        Args:
            seed: of the negatives.
        """
        generator = torch.Generator().manual_seed(seed)
        items = torch.from_numpy(self._sessions.items)
        for click, continues in self._rows():
            place = torch.from_numpy(click)
            yield ParallelBatch(
                items=items[place].to(self._device),
                targets=items[place + 1].to(self._device),
                continues=torch.from_numpy(continues).to(self._device),
                negatives=self._drawn(generator).to(self._device),
                full_size=self._batch_size,
            )

    def _drawn(self, generator: torch.Generator) -> torch.Tensor:
        drawn = torch.rand(self._negatives, generator=generator, dtype=torch.float64)
        return torch.searchsorted(self._share_up_to, drawn, right=True)

    def _rows(self) -> Iterator[tuple[Integers, Integers]]:
        """The place of each row's click among all clicks, and the row that it continues."""
        offsets = self._sessions.offsets
        first, last = offsets[:-1], offsets[1:] - 1
        long_enough = first < last
        waiting = iter(zip(first[long_enough], last[long_enough], strict=True))
        rows = min(self._batch_size, int(long_enough.sum()))
        click, end = np.array([next(waiting) for _ in range(rows)], dtype=np.int64).reshape(-1, 2).T
        continues = np.full(rows, -1)
        while len(click) > (0 if self._negatives else 1):
            yield click, continues
            click = click + 1
            continues = np.arange(len(click))
            for row in np.flatnonzero(click == end):
                click[row], end[row] = next(waiting, (-1, -1))
                continues[row] = -1
            left = click >= 0
            click, end, continues = click[left], end[left], continues[left]

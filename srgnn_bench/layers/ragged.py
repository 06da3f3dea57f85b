"""Sessions of different lengths without padding: the clicks of a batch, one after another.

RecBole hands a model padded sequences. Everything below the first line of a model works on flat
clicks instead, so its cost grows with the clicks of the batch and not with its longest session.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.nn.utils.rnn import PackedSequence

from srgnn_bench.errors import ModelError


@dataclass(frozen=True)
class Clicks:
    """The clicks of a batch of sessions.

    Attributes:
        items: item of each click, shape (clicks,).
        session: row of the batch that each click belongs to, shape (clicks,).
        lengths: clicks of each session, shape (sessions,).
    """

    items: torch.Tensor
    session: torch.Tensor
    lengths: torch.Tensor

    def spread(self, of_session: torch.Tensor) -> torch.Tensor:
        """Give every click the vector of its session: (sessions, d) -> (clicks, d)."""
        return of_session.index_select(0, self.session)

    def sum(self, of_click: torch.Tensor) -> torch.Tensor:
        """Add up each session's clicks: (clicks, d) -> (sessions, d)."""
        return sum_by(of_click, self.session, groups=len(self.lengths))


@dataclass(frozen=True)
class OrderedClicks(Clicks):
    """Clicks session after session, oldest first within a session.

    Attributes:
        last: place of each session's last click among the clicks, shape (sessions,).
    """

    last: torch.Tensor

    @classmethod
    def of(cls, items: torch.Tensor, lengths: torch.Tensor) -> OrderedClicks:
        """The clicks of sessions with so many clicks each, shapes (clicks,) and (sessions,)."""
        rows = torch.arange(len(lengths), device=lengths.device)
        return cls(
            items=items,
            session=torch.repeat_interleave(rows, lengths),
            lengths=lengths,
            last=lengths.cumsum(0) - 1,
        )

    @property
    def place(self) -> torch.Tensor:
        """Place of each click in its session, from 0 for the first, shape (clicks,)."""
        click = torch.arange(len(self.items), device=self.items.device)
        return click - self.spread(self.last + 1 - self.lengths)

    @property
    def causal_pairs(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Every click with each click of its session up to itself: the one, the other.

        Both are places among the clicks, of shape (pairs,), where a session of n clicks has
        n (n + 1) / 2 pairs.
        """
        click = torch.arange(len(self.items), device=self.items.device)
        up_to = self.place + 1
        later = torch.repeat_interleave(click, up_to)
        # A click's pairs end where those before it and its own are counted, with itself.
        pair = torch.arange(len(later), device=later.device)
        to_its_last = up_to.cumsum(0)[later] - 1 - pair
        return later, later - to_its_last

    @property
    def all_pairs(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Every click with each click of its session: the one, the other.

        Both are places among the clicks, of shape (pairs,), where a session of n clicks has n * n
        pairs.
        """
        click = torch.arange(len(self.items), device=self.items.device)
        lengths = self.spread(self.lengths)
        one = torch.repeat_interleave(click, lengths)
        # A click's pairs begin where those of the clicks before it end.
        pair = torch.arange(len(one), device=one.device)
        number = pair - (lengths.cumsum(0) - lengths)[one]
        return one, (click - self.place)[one] + number

    @property
    def clicks_after(self) -> torch.Tensor:
        """Clicks of its session after each click, shape (clicks,)."""
        return self.spread(self.lengths) - 1 - self.place


@dataclass(frozen=True)
class PackedClicks(Clicks):
    """Clicks step after step, longest session first within a step, as recurrent layers take them.

    Attributes:
        batch_sizes: sessions that have a click at each step, shape (steps,), on the CPU.
        order: row of the batch at each place of the first step, shape (sessions,).
    """

    batch_sizes: torch.Tensor
    order: torch.Tensor

    def sequence(self, of_click: torch.Tensor) -> PackedSequence:
        """The clicks' vectors, shape (clicks, d), as a packed sequence of the batch."""
        return PackedSequence(of_click, self.batch_sizes, self.order, torch.argsort(self.order))


def ordered_clicks(item_seq: torch.Tensor, lengths: torch.Tensor) -> OrderedClicks:
    """Take the padding off a batch.

    Args:
        item_seq: items, padded at the end, shape (sessions, steps).
        lengths: clicks of each session, at least 1, shape (sessions,).

    Raises:
        ModelError: a session without clicks.
    """
    return OrderedClicks.of(item_seq[_inside(item_seq, lengths)], lengths)


def packed_clicks(item_seq: torch.Tensor, lengths: torch.Tensor) -> PackedClicks:
    """Take the padding off a batch and turn it step by step; see ``ordered_clicks``."""
    order = torch.argsort(lengths, descending=True, stable=True)
    steps = _inside(item_seq, lengths)[order].T
    return PackedClicks(
        items=item_seq[order].T[steps],
        session=order.expand_as(steps)[steps],
        lengths=lengths,
        batch_sizes=steps[: int(lengths.max())].sum(1).cpu(),
        order=order,
    )


def sum_by(values: torch.Tensor, group: torch.Tensor, *, groups: int) -> torch.Tensor:
    """Add up the rows of each group.

    Args:
        values: shape (rows, d).
        group: group of each row, from 0, shape (rows,).
        groups: number of groups.

    Returns:
        Shape (groups, d); zero for a group without rows.
    """
    return values.new_zeros(groups, values.shape[1]).index_add(0, group, values)


def softmax_by(values: torch.Tensor, group: torch.Tensor, *, groups: int) -> torch.Tensor:
    """Softmax over the rows of each group, column by column.

    Arguments and shapes as for ``sum_by``; the result has the shape of ``values``.
    """
    index = group[:, None].expand_as(values)
    highest = values.detach().new_full((groups, values.shape[1]), float("-inf"))
    highest = highest.scatter_reduce(0, index, values.detach(), "amax")
    exponentials = torch.exp(values - highest.index_select(0, group))
    return exponentials / sum_by(exponentials, group, groups=groups).index_select(0, group)


def _inside(item_seq: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """Which places of the padded batch hold a click, shape (sessions, steps)."""
    if int(lengths.min()) < 1:
        raise ModelError(
            "A batch holds a session without clicks.",
            remedy="Leave such sessions out: a session model has nothing to read there.",
        )
    return torch.arange(item_seq.shape[1], device=item_seq.device) < lengths[:, None]

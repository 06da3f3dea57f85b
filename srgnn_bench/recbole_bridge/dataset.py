"""Sessions in the shape that RecBole's models expect: a dataset and batches."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from recbole.data.interaction import Interaction

from srgnn_bench.data.sessions import Prefixes, Stage
from srgnn_bench.recbole_bridge.batch_form import BatchForm
from srgnn_bench.recbole_bridge.config import (
    ITEM_FIELD,
    LENGTH_FIELD,
    LIST_SUFFIX,
    SESSION_FIELD,
)

THE_USER = 1
"""Number of the one user that all sessions have; 0 is padding."""


class SessionDataset:
    """What a RecBole sequential model asks of its dataset: how many items there are.

    Sessions are anonymous: to models with a vector per user they are all of one user. A vector per
    session would be learnt of training sessions alone, and say nothing of any other.

    Args:
        stage: the stage that the model is trained and judged on.
        longest: what RecBole calls MAX_ITEM_LIST_LENGTH.

    Attributes:
        training_sessions: the sessions that the stage trains on, for models that need them whole.
        field2seqlen: RecBole's name for the length of the longest sequence, by field.
    """

    def __init__(self, stage: Stage, *, longest: int) -> None:
        self.uid_field = SESSION_FIELD
        self.iid_field = ITEM_FIELD
        self.training_sessions = stage.train
        self.field2seqlen = {ITEM_FIELD + LIST_SUFFIX: longest}
        self._counts = {ITEM_FIELD: stage.n_items + 1, SESSION_FIELD: 1 + THE_USER}

    def num(self, field: str) -> int:
        """Number of values of a field, the padding value 0 included.

        Raises:
            KeyError: sessions have no such field.
        """
        return self._counts[field]

    @property
    def item_num(self) -> int:
        """Items, the padding item included."""
        return self.num(self.iid_field)

    @property
    def user_num(self) -> int:
        """Users, the padding value included."""
        return self.num(self.uid_field)


class PrefixBatches:
    """Batches of prefixes, gathered from the flat array of clicks when they are asked for.

    A batch is as wide as its own longest prefix, so nothing is padded further than it must be,
    unless its form asks for a fixed width.

    Args:
        prefixes: what to batch; prefixes without a known click are refused.
        batch_size: prefixes per batch; the last batch may hold fewer.
        device: where the batches go.
        form: what the model wants in its batches.
        pairs: about the most pairs of clicks in a batch to be ranked, n * n for a prefix of n
            clicks, which attention forms; the last prefix may go beyond it. None: any number.
    """

    def __init__(
        self,
        prefixes: Prefixes,
        *,
        batch_size: int,
        device: torch.device,
        form: BatchForm = BatchForm(),  # noqa: B008 - it is frozen
        pairs: int | None = None,
    ) -> None:
        if np.any(prefixes.start >= prefixes.stop):
            raise ValueError("a prefix without a known click cannot be shown to a model")
        self.batch_size = batch_size
        self.device = device
        self.form = form
        self._pairs = pairs
        self._items = torch.from_numpy(np.ascontiguousarray(prefixes.items))
        start = prefixes.start
        if form.longest is not None:
            start = np.maximum(start, prefixes.stop - form.longest)
        self._start = torch.from_numpy(np.ascontiguousarray(start))
        self._length = torch.from_numpy(np.ascontiguousarray(prefixes.stop - start))
        self._target = torch.from_numpy(np.ascontiguousarray(prefixes.target))

    @property
    def size(self) -> int:
        """Prefixes in all."""
        return len(self._target)

    def __iter__(self) -> Iterator[Interaction]:
        """All prefixes in their order, to be ranked."""
        for chunk in self._chunks(torch.arange(self.size)):
            for chosen in self._parts(chunk):
                yield self.form.judged_on(self._batch(chosen)).to(self.device)

    def epoch(self, seed: int) -> Iterator[Interaction]:
        """All prefixes, to be learnt from; their order and negatives depend on the seed alone."""
        generator = torch.Generator().manual_seed(seed)
        order = torch.randperm(self.size, generator=generator)
        for chosen in self._chunks(order):
            yield self.form.trained_on(self._batch(chosen), generator).to(self.device)

    def _chunks(self, order: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """The order in batches; none where there is no prefix, of which torch would make one."""
        return torch.split(order, self.batch_size) if self.size else ()

    def _parts(self, chunk: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """A chunk in parts that have no more pairs than they may."""
        if self._pairs is None:
            return (chunk,)
        pairs = self._length[chunk] ** 2
        part = (pairs.cumsum(0) - pairs) // self._pairs
        sizes = torch.unique_consecutive(part, return_counts=True)[1]
        return torch.split(chunk, sizes.tolist())

    def _batch(self, chosen: torch.Tensor) -> Interaction:
        length = self._length[chosen]
        place = torch.arange(self.form.width(length))
        inside = place < length[:, None]
        click = (self._start[chosen][:, None] + place).clamp_(max=len(self._items) - 1)
        return Interaction(
            {
                SESSION_FIELD: torch.full_like(length, THE_USER),
                ITEM_FIELD + LIST_SUFFIX: self._items[click] * inside,
                LENGTH_FIELD: length,
                ITEM_FIELD: self._target[chosen],
            }
        )

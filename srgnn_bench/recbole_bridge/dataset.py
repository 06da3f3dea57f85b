"""Sessions in the shape that RecBole's models expect: a dataset and batches."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
from recbole.data.interaction import Interaction

from srgnn_bench.data.sessions import Prefixes, Stage
from srgnn_bench.recbole_bridge.config import (
    ITEM_FIELD,
    LENGTH_FIELD,
    LIST_SUFFIX,
    SESSION_FIELD,
)


class SessionDataset:
    """What a RecBole sequential model asks of its dataset: how many items there are.

    Args:
        stage: the stage that the model is trained and judged on.

    Attributes:
        training_sessions: the sessions that the stage trains on, for models that need them whole.
    """

    def __init__(self, stage: Stage) -> None:
        self.uid_field = SESSION_FIELD
        self.iid_field = ITEM_FIELD
        self.training_sessions = stage.train
        self._counts = {ITEM_FIELD: stage.n_items + 1, SESSION_FIELD: len(stage.train) + 1}

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
        """Training sessions, the padding value included."""
        return self.num(self.uid_field)


class PrefixBatches:
    """Batches of prefixes, gathered from the flat array of clicks when they are asked for.

    A batch is as wide as its own longest prefix, so nothing is padded further than it must be.

    Args:
        prefixes: what to batch; prefixes without a known click are refused.
        batch_size: prefixes per batch; the last batch may hold fewer.
        device: where the batches go.
    """

    def __init__(self, prefixes: Prefixes, *, batch_size: int, device: torch.device) -> None:
        if np.any(prefixes.start >= prefixes.stop):
            raise ValueError("a prefix without a known click cannot be shown to a model")
        self.batch_size = batch_size
        self.device = device
        self._items = torch.from_numpy(np.ascontiguousarray(prefixes.items))
        self._start = torch.from_numpy(np.ascontiguousarray(prefixes.start))
        self._length = torch.from_numpy(np.ascontiguousarray(prefixes.stop - prefixes.start))
        self._target = torch.from_numpy(np.ascontiguousarray(prefixes.target))
        self._session = torch.from_numpy(np.ascontiguousarray(prefixes.session))

    @property
    def size(self) -> int:
        """Prefixes in all."""
        return len(self._target)

    def __len__(self) -> int:
        return math.ceil(self.size / self.batch_size)

    def __iter__(self) -> Iterator[Interaction]:
        """All prefixes in their order."""
        return self._batches(torch.arange(self.size))

    def shuffled(self, seed: int) -> Iterator[Interaction]:
        """All prefixes in an order that depends on the seed alone."""
        generator = torch.Generator().manual_seed(seed)
        return self._batches(torch.randperm(self.size, generator=generator))

    def _batches(self, order: torch.Tensor) -> Iterator[Interaction]:
        for chosen in torch.split(order, self.batch_size):
            yield self._batch(chosen)

    def _batch(self, chosen: torch.Tensor) -> Interaction:
        length = self._length[chosen]
        place = torch.arange(int(length.max()))
        inside = place < length[:, None]
        click = (self._start[chosen][:, None] + place).clamp_(max=len(self._items) - 1)
        batch = Interaction(
            {
                # RecBole numbers from 1; 0 is padding.
                SESSION_FIELD: self._session[chosen] + 1,
                ITEM_FIELD + LIST_SUFFIX: self._items[click] * inside,
                LENGTH_FIELD: length,
                ITEM_FIELD: self._target[chosen],
            }
        )
        return batch.to(self.device)

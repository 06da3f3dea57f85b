"""Models over small catalogues and batches of sessions, for tests that need no data set."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import torch
from recbole.data.interaction import Interaction

from srgnn_bench.data.sessions import Sessions
from srgnn_bench.recbole_bridge.config import ITEM_FIELD, LENGTH_FIELD, LIST_SUFFIX, recbole_config

LONGEST = 12


def tiny_model(
    model_class: type[Any],
    *,
    n_items: int,
    seed: int = 0,
    training_sessions: list[list[int]] | None = None,
    **parameters: Any,
) -> Any:
    """A model over the items 1 to ``n_items``, its weights drawn from the seed."""
    torch.manual_seed(seed)
    dataset = SimpleNamespace(num=lambda field: n_items + 1, iid_field=ITEM_FIELD)
    if training_sessions is not None:
        dataset.training_sessions = Sessions.from_lists(training_sessions)
    return model_class(recbole_config(model_class, parameters, longest_prefix=LONGEST), dataset)


def tiny_batch(
    sessions: list[list[int]], targets: list[int] | None = None, *, width: int = LONGEST
) -> Interaction:
    """Sessions padded to ``width``, as RecBole hands them to a model."""
    return Interaction(
        {
            ITEM_FIELD + LIST_SUFFIX: torch.tensor([s + [0] * (width - len(s)) for s in sessions]),
            LENGTH_FIELD: torch.tensor([len(s) for s in sessions]),
            ITEM_FIELD: torch.tensor(targets if targets is not None else [1] * len(sessions)),
        }
    )

"""The training sessions, for models that need them whole."""

from __future__ import annotations

from typing import Any

from srgnn_bench.data.sessions import Sessions
from srgnn_bench.errors import ModelError


def training_sessions(dataset: Any, *, needed_by: str) -> Sessions:
    """The sessions that a model's dataset trains on.

    Args:
        dataset: what the model is built with.
        needed_by: what asks for them, for the error.

    Raises:
        ModelError: it is RecBole's own dataset, which has none.
    """
    sessions: Sessions | None = getattr(dataset, "training_sessions", None)
    if sessions is None:
        raise ModelError(
            f"{needed_by} needs the training sessions, which RecBole's own dataset lacks.",
            remedy="Run it with srgnn-bench.",
        )
    return sessions

"""What models of a suite may see, and what chooses."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from srgnn_bench.specs.fields import Spec


class ProtocolSpec(Spec):
    """How sessions become training and test data, and what decides when training ends."""

    kind: Literal["temporal", "published"] = "temporal"
    """``temporal``: the newest training sessions validate and choose the configuration and the
    number of epochs; the winner is trained again on all training sessions; the test set is
    looked at once per seed. ``published``: as the papers do it, the best epoch is chosen on the
    test set. That is optimistic, serves only to compare with printed numbers, and is labelled so
    wherever it appears."""

    validation_fraction: float = Field(0.1, gt=0, lt=1)
    """Share of the sessions that ``tuning_fraction`` leaves, the newest, that validates."""

    tuning_fraction: float = Field(1.0, gt=0, le=1)
    """Share of the training sessions, the newest, that tuning may use (validation included).
    The final training always uses them all."""

    max_prefix_length: int | None = Field(None, ge=1)
    """Longest prefix that models see, in clicks, counted from its end; None: no limit."""

    @property
    def with_all_sessions(self) -> ProtocolSpec:
        """The protocol of finalists, which see all training sessions."""
        return self.model_copy(update={"tuning_fraction": 1.0})

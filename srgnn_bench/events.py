"""What happens during a benchmark, as values; the command line draws them, others may listen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class TrialStarted:
    """Tuning tries a configuration."""

    dataset: str
    entry: str
    number: int
    budget: int | None
    """Trials in all; None where the budget is a time."""
    epochs: int
    """Most epochs it may take; 1 for a fitted model."""
    finalist: bool = False
    """Whether it is one of the best trials, now trained at full size."""


@dataclass(frozen=True)
class EpochDone:
    """One epoch of a trial or of a final run is over."""

    dataset: str
    entry: str
    epoch: int
    epochs: int
    loss: float
    seconds: float
    value: float | None
    """MRR@20 on the judged part; None where it was not looked at."""
    seed: int | None = None
    """Number of the seed of a final run; None for a trial, of which a study makes one at a time."""


@dataclass(frozen=True)
class TrialDone:
    """A trial has ended."""

    dataset: str
    entry: str
    number: int
    budget: int | None
    """Trials in all; None where the budget is a time."""
    state: str
    """``complete``, ``pruned``, ``collapsed`` or ``failed``."""
    value: float | None
    finalist: bool = False


@dataclass(frozen=True)
class RunStarted:
    """A final run begins."""

    dataset: str
    entry: str
    seed: int
    epochs: int


@dataclass(frozen=True)
class RunDone:
    """A final run is stored."""

    dataset: str
    entry: str
    seed: int
    recall: float
    """Recall@20 on the test sessions."""
    mrr: float
    """MRR@20 on the test sessions."""


@dataclass(frozen=True)
class CheckpointDiscarded:
    """What a training would have gone on from is damaged; it begins again."""

    dataset: str
    entry: str
    path: str
    reason: str


@dataclass(frozen=True)
class Failed:
    """Tuning or a final run failed; the others go on."""

    dataset: str
    entry: str
    error: str


Event = TrialStarted | EpochDone | TrialDone | RunStarted | RunDone | CheckpointDiscarded | Failed
Listener = Callable[[Event], None]

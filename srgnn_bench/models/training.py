"""What a model may bring for its own training; one that brings nothing trains as all others do.

The training loop asks for these by name, so a model needs no base class: it has the method, or not.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol, runtime_checkable

import torch

from srgnn_bench.data.sessions import Stage
from srgnn_bench.specs.model import TrainingSpec


class TrainingBatches(Protocol):
    """The batches of a training, made anew for every epoch."""

    def epoch(self, seed: int) -> Iterator[Any]:
        """Batches of one pass over the training sessions, as ``calculate_loss`` takes them.

        Args:
            seed: of all that is drawn; the same seed gives the same batches.
        """


@runtime_checkable
class HasOwnBatches(Protocol):
    """A model that does not learn from shuffled prefixes, or not with every configuration."""

    def own_batches(self, stage: Stage, *, batch_size: int) -> TrainingBatches | None:
        """Its batches, on its own device; None where it learns from shuffled prefixes after all.

        Args:
            stage: the stage to train on; what is judged is not to be looked at.
            batch_size: targets of a batch.
        """


@runtime_checkable
class HasOwnOptimizer(Protocol):
    """A model that is not trained with Adam."""

    def own_optimizer(self, training: TrainingSpec) -> torch.optim.Optimizer:
        """Its optimizer; the training loop sets ``lr`` before every epoch, cuts included.

        Its state must be in its ``state_dict``, from which interrupted trainings go on.

        Args:
            training: the settings, of which it takes what it has.
        """

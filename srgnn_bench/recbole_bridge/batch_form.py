"""What RecBole's models want in their batches beyond sessions and targets."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from recbole.data.interaction import Interaction
from recbole.data.transform import InverseItemSequence, MaskItemSequence, construct_transform
from recbole.utils import InputType
from torch.nn.functional import pad

from srgnn_bench.data.sessions import Stage
from srgnn_bench.errors import ModelError
from srgnn_bench.recbole_bridge.config import (
    ITEM_FIELD,
    LENGTH_FIELD,
    LIST_SUFFIX,
    LONGEST_SEQUENCE,
    NEGATIVE_PREFIX,
)
from srgnn_bench.recbole_bridge.recbole_models import needs_fixed_width

Batch = Interaction
"""A batch of prefixes, as models are handed it."""

SEQUENCE = ITEM_FIELD + LIST_SUFFIX

INVERSE, MASKED = "inverse_itemseq", "mask_itemseq"
"""RecBole's names of the transforms that models can have."""


@dataclass(frozen=True)
class BatchForm:
    """The form of a model's batches; without arguments that of most models.

    Attributes:
        longest: most clicks of a prefix that the model sees, the last ones; None: all.
        fixed_width: whether every batch is ``longest`` wide, not as wide as its longest prefix.
        negatives_among: number of items, the padding item included, of which one that is not the
            target joins every training prefix; 0: none does.
        transform: RecBole's transform of sequences; None for models without one.
    """

    longest: int | None = None
    fixed_width: bool = False
    negatives_among: int = 0
    transform: Any = None

    def width(self, lengths: torch.Tensor) -> int:
        """Width of a batch of prefixes with so many clicks, shape (prefixes,)."""
        if self.fixed_width and self.longest is not None:
            return self.longest
        return int(lengths.max())

    def trained_on(self, batch: Interaction, generator: torch.Generator) -> Interaction:
        """A batch as the model's loss reads it.

        Masked training (RecBole's ``mask_itemseq``) is shown the target as the last click, since
        what is masked is what it learns; RecBole leaves every session's last click out of it.

        Args:
            batch: prefixes and targets on the CPU.
            generator: source of the negatives.
        """
        if self.negatives_among:
            negatives = self._negatives(batch[ITEM_FIELD], generator)
            batch.update(Interaction({NEGATIVE_PREFIX + ITEM_FIELD: negatives}))
        if isinstance(self.transform, MaskItemSequence):
            items, lengths = pad(batch[SEQUENCE], (0, 1)), batch[LENGTH_FIELD]
            items[torch.arange(len(items)), lengths] = batch[ITEM_FIELD]
            batch.update(Interaction({SEQUENCE: items, LENGTH_FIELD: lengths + 1}))
            return self._masked(batch)
        return batch if self.transform is None else self.transform(None, batch)

    def judged_on(self, batch: Interaction) -> Interaction:
        """A batch as the model's ``full_sort_predict`` reads it; two slips of RecBole are evened.

        BERT4Rec appends the mask and drops the first place, also where there was room: so the
        first place is left empty. SHAN learns from sequences padded at the front, but predicts from
        ones padded at the end: so it gets the former in place of the latter.
        """
        if isinstance(self.transform, MaskItemSequence):
            moved = pad(batch[SEQUENCE], (1, 0))
            batch.update(Interaction({SEQUENCE: moved, LENGTH_FIELD: batch[LENGTH_FIELD] + 1}))
        if isinstance(self.transform, InverseItemSequence):
            batch = self.transform(None, batch)
            batch.update(Interaction({SEQUENCE: batch[self.transform.INVERSE_ITEM_SEQ]}))
        return batch

    def _negatives(self, targets: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """An item per prefix, uniform among all but its target, shape (prefixes,)."""
        drawn = torch.randint(1, self.negatives_among - 1, targets.shape, generator=generator)
        return drawn + (drawn >= targets).long()

    def _masked(self, batch: Interaction) -> Interaction:
        """Mask clicks, again where nothing came of it: RecBole's loss would then be 0 / 0."""
        catalogue = _Catalogue(self.negatives_among)
        while True:
            masked = self.transform(catalogue, Interaction(dict(batch.interaction)))
            if bool((masked[self.transform.MASK_INDEX] > 0).any()):
                return masked


@dataclass(frozen=True)
class _Catalogue:
    """What RecBole's masking asks of a dataset."""

    n_items: int

    def num(self, field: str) -> int:  # noqa: ARG002 - RecBole calls it so
        return self.n_items


def longest_sequence(configuration: dict[str, Any], stage: Stage) -> int:
    """What RecBole calls MAX_ITEM_LIST_LENGTH.

    It is what the stage's training prefixes need, or less where the configuration sets a limit.
    Judged prefixes have no say: the weights would depend on them, and positions that training never
    reaches would have vectors that are as they were drawn.
    """
    prefixes = stage.train_prefixes
    needed = int((prefixes.stop - prefixes.start).max())
    needed += _beside_prefix(configuration.get("transform"))
    limits: list[int] = [configuration[name] for name in LONGEST_SEQUENCE if name in configuration]
    return min([needed, *limits])


def batch_form(model_class: type[Any], config: Any, *, stage: Stage) -> BatchForm:
    """The form that a model needs.

    Args:
        model_class: its class.
        config: its configuration; a transform adds the names of its fields to it.
        stage: the stage that it is trained and judged on.

    Raises:
        ModelError: the model asks for a transform that sessions are not given, or for one that
            would mask nothing.
    """
    transform = config["transform"]
    if transform not in (None, INVERSE, MASKED):
        raise ModelError(
            f"{model_class.__name__} needs RecBole's transform {transform}.",
            remedy=f"Only {INVERSE} and {MASKED} are supported: run another model.",
        )
    places = config["MAX_ITEM_LIST_LENGTH"]
    if transform == MASKED and config["mask_ratio"] * places < 1:
        raise ModelError(
            f"{model_class.__name__} would mask no click: mask_ratio is {config['mask_ratio']}, "
            f"and sequences have {places} places.",
            remedy=f"Set mask_ratio to {math.ceil(100 / places) / 100} or more.",
        )
    pairwise = config["MODEL_INPUT_TYPE"] == InputType.PAIRWISE
    any_length = getattr(model_class, "any_length", False)
    return BatchForm(
        longest=None if any_length else places - _beside_prefix(transform),
        fixed_width=needs_fixed_width(model_class),
        negatives_among=stage.n_items + 1 if pairwise or transform == MASKED else 0,
        transform=None if transform is None else construct_transform(config),
    )


def form_of(model: Any) -> BatchForm:
    """The form of a model's batches; that of most models for one that was not built here."""
    form: BatchForm = getattr(model, "batch_form", BatchForm())
    return form


def _beside_prefix(transform: str | None) -> int:
    """Places of a sequence that a model needs beside the prefix: one for BERT4Rec's mask."""
    return 1 if transform == MASKED else 0

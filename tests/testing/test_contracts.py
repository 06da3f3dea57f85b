"""Every model of the package keeps the contract; models that break it are found out."""

from __future__ import annotations

import itertools
from typing import Any, ClassVar

import pytest
import torch

from srgnn_bench.models import FittedRecommender
from srgnn_bench.models.srgnn import FastSRGNN
from srgnn_bench.recbole_bridge.classes import model_class
from srgnn_bench.recbole_bridge.config import recbole_parameters
from srgnn_bench.specs import registry
from srgnn_bench.specs.fields import Spec
from srgnn_bench.specs.model import TrainingSpec
from srgnn_bench.testing import ModelContract

SMALL = {
    "embedding_size": 16,
    "hidden_size": 16,
    "inner_size": 16,
    "dropout_prob": 0.1,
    "hidden_dropout_prob": 0.0,
    "attn_dropout_prob": 0.0,
    "n_sample": 16,
}

OTHERWISE: dict[str, dict[str, Any]] = {
    # Three layers of sessions' means make 36 items nearly one.
    "dhcn": {"layers": 1},
}
"""Parameters of single models that are not those of their files."""

TRAINING = {
    # At the rate of the others, rounding decides whether its few masked clicks suffice.
    "bert4rec": TrainingSpec(epochs=60, train_batch_size=64, learning_rate=0.003),
    "gru4rec_original": TrainingSpec(epochs=25, train_batch_size=32, learning_rate=0.1),
}
"""Of models that do not learn as the others do."""


def contract_of(name: str) -> type[ModelContract]:
    """A test class for a shipped model, made small."""
    spec = registry.model(name)
    found = model_class(spec)
    if hasattr(found, "Parameters"):
        fields, given = found.Parameters.model_fields, {}
    else:
        fields = recbole_parameters(found)
        given = {k: v for k, v in spec.parameters.items() if k in fields}

    class Contract(ModelContract):
        __test__ = False
        model_class: ClassVar[type[Any]] = found
        configuration: ClassVar[dict[str, Any]] = {
            **given,
            **{k: v for k, v in SMALL.items() if k in fields},
            **OTHERWISE.get(name, {}),
        }
        training: ClassVar[TrainingSpec] = TRAINING.get(name, ModelContract.training)

    return Contract


CHECKS = [name for name in vars(ModelContract) if name.startswith("test_")]


@pytest.mark.parametrize("name", registry.names("model"))
@pytest.mark.parametrize("check", CHECKS)
def test_the_shipped_models_keep_it(name: str, check: str) -> None:
    getattr(contract_of(name)(), check)()


class LooksAhead(FastSRGNN):
    def full_sort_predict(self, interaction):
        scores = super().full_sort_predict(interaction).clone()
        scores[torch.arange(len(scores)), interaction[self.ITEM_ID]] += 1
        return scores


class ReadsPadding(FastSRGNN):
    def full_sort_predict(self, interaction):
        return super().full_sort_predict(interaction) + interaction[self.ITEM_SEQ].shape[1]


class GivesNan(FastSRGNN):
    def full_sort_predict(self, interaction):
        return super().full_sort_predict(interaction) * float("nan")


class HasTooFewPlaces(FastSRGNN):
    """It says ``any_length``, as SR-GNN does, and has a vector for every position all the same."""

    def __init__(self, config, dataset):
        super().__init__(config, dataset)
        self.position_embedding = torch.nn.Embedding(self.max_seq_length, config["embedding_size"])

    def forward(self, item_seq, item_seq_len):
        return super().forward(item_seq, item_seq_len) + self.position_embedding(item_seq_len - 1)


class ForgetsState(FittedRecommender):
    Parameters = Spec

    def fit(self, sessions):
        clicks = torch.bincount(torch.as_tensor(sessions.items), minlength=self.n_items)
        self.scores = clicks.float()

    def full_sort_predict(self, interaction):
        return self.scores.expand(len(interaction), -1)


class DrawsFromElsewhere(ForgetsState):
    """Every model has the next numbers, whatever its seed."""

    numbers = itertools.count()

    def fit(self, sessions):
        self.scores = torch.arange(self.n_items).float().roll(next(self.numbers))


class LikesHighNumbers(FittedRecommender):
    """Popularity with ties decided by the number of the item."""

    Parameters = Spec

    def fit(self, sessions):
        clicks = torch.bincount(torch.as_tensor(sessions.items), minlength=self.n_items)
        self.register_buffer("clicks", (clicks // 8).float())

    def full_sort_predict(self, interaction):
        return (self.clicks + 1e-3 * torch.arange(self.n_items)).expand(len(interaction), -1)


class RemembersTheLastSession(LikesHighNumbers):
    def fit(self, sessions):
        self.register_buffer("clicks", torch.zeros(self.n_items))
        self.clicks[torch.as_tensor(sessions.items[sessions.offsets[-2] :])] = 1


BROKEN: list[tuple[type[Any], str]] = [
    (LikesHighNumbers, "test_the_numbers_of_items_change_nothing"),
    (RemembersTheLastSession, "test_the_order_of_sessions_of_equal_time_changes_nothing"),
    (LooksAhead, "test_a_prefix_is_scored_by_itself"),
    (ReadsPadding, "test_padding_does_not_change_scores"),
    (HasTooFewPlaces, "test_a_prefix_longer_than_any_in_training_is_scored"),
    (GivesNan, "test_scores_are_finite_one_per_item_and_one_for_padding"),
    (ForgetsState, "test_a_state_dict_carries_the_whole_model"),
    (DrawsFromElsewhere, "test_the_same_seed_gives_the_same_model"),
    (LikesHighNumbers, "test_it_learns_a_planted_pattern"),
]


@pytest.mark.parametrize(("broken", "check"), BROKEN)
def test_a_model_that_breaks_it_is_found_out(broken: type[Any], check: str) -> None:
    class Contract(ModelContract):
        __test__ = False
        model_class: ClassVar[type[Any]] = broken
        configuration: ClassVar[dict[str, Any]] = {"embedding_size": 16}

    with pytest.raises((AssertionError, IndexError)):
        getattr(Contract(), check)()


def test_every_check_finds_a_model_that_breaks_it() -> None:
    assert sorted(check for _, check in BROKEN) == sorted(CHECKS)

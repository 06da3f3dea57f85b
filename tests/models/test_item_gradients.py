"""The loss forms the gradient of all item vectors, and that very memory is what Adam reads."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch

from srgnn_bench.data.sessions import Sessions, stage_of
from srgnn_bench.layers import softmax_loss
from srgnn_bench.models import CausalSoftmax, FullSoftmax, ItemProducts
from srgnn_bench.recbole_bridge.classes import model_class
from srgnn_bench.specs import registry
from srgnn_bench.specs.model import TrainingSpec
from srgnn_bench.testing.planted import planted_sessions
from srgnn_bench.training.build import build
from srgnn_bench.training.fit import batches_of

CLASSES = {name: model_class(registry.model(name)) for name in registry.names("model")}
PLAIN = [
    name
    for name, kind in CLASSES.items()
    if issubclass(kind, FullSoftmax)
    and kind.item_vectors is ItemProducts.item_vectors
    and kind.calculate_loss in (FullSoftmax.calculate_loss, CausalSoftmax.calculate_loss)
]
ALL_POSITIONS = [name for name in PLAIN if issubclass(CLASSES[name], CausalSoftmax)]


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        *((name, {}) for name in PLAIN),
        *((name, {"training_positions": "all"}) for name in ALL_POSITIONS),
    ],
)
def test_the_gradient_of_the_loss_is_not_copied(
    name: str, parameters: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions = Sessions.from_lists(planted_sessions(count=200, items=30, seed=1))
    stage = stage_of("validation", sessions, sessions)
    given = {**registry.model(name).parameters, **parameters}
    model = build(CLASSES[name], given, stage, seed=0)
    formed, form = set[int](), softmax_loss._loss_and_gradients

    def noted(*given: Any) -> tuple[torch.Tensor, ...]:
        found = form(*given)
        formed.add(found[2].data_ptr())
        return found

    monkeypatch.setattr(softmax_loss, "_loss_and_gradients", noted)
    batches = batches_of(model, stage, TrainingSpec(train_batch_size=64)).epoch(0)
    for batch in itertools.islice(batches, 2):
        model.zero_grad()
        model.calculate_loss(batch).backward()
        gradient = model.item_embedding.weight.grad
        assert gradient.data_ptr() in formed
        assert gradient.abs().sum() > 0

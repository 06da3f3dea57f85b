"""A model from its class and configuration, with weights drawn from a seed."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch

from srgnn_bench.data.sessions import Stage
from srgnn_bench.errors import ModelError
from srgnn_bench.models import FittedRecommender, FullSoftmax, clear_padding
from srgnn_bench.process.computing import limits_named
from srgnn_bench.process.device import CPU, Device
from srgnn_bench.recbole_bridge.batch_form import batch_form, longest_sequence
from srgnn_bench.recbole_bridge.classes import with_full_softmax
from srgnn_bench.recbole_bridge.config import recbole_config
from srgnn_bench.recbole_bridge.dataset import SessionDataset
from srgnn_bench.store.keys import seed_from


def build(
    model_class: type[Any],
    configuration: dict[str, Any],
    stage: Stage,
    *,
    seed: int,
    device: Device = CPU,
) -> Any:
    """A model with its weights drawn from the seed; fitted ones are fitted.

    Weights are drawn on the CPU, so they are the same on every device.

    Args:
        model_class: a RecBole sequential model.
        configuration: its parameters.
        stage: the stage whose catalogue and training sessions it gets.
        seed: seed of the weights.
        device: where it computes.

    Raises:
        ModelError: the class does not accept the configuration, or the device lacks the memory.
    """
    longest = longest_sequence(configuration, stage)
    seed_all(seed_from(seed, "weights"))
    try:
        config = recbole_config(
            model_class, configuration, longest_prefix=longest, device=device.torch
        )
        form = batch_form(model_class, config, stage=stage)
        kind = with_full_softmax(model_class, loss=config["loss_type"])
        with limits_named(
            f"{model_class.__name__} with its weights alone",
            device=device.torch,
            remedy="Lower embedding_size, or use a device with more memory.",
        ):
            model = kind(config, SessionDataset(stage, longest=longest)).to(device.torch)
    except (TypeError, KeyError, ValueError, NotImplementedError) as error:
        raise ModelError(
            f"{model_class.__name__} cannot be built from {configuration}: {error!r}.",
            remedy="Correct the parameters in the model's YAML.",
        ) from error
    model.batch_form = form
    if kind is not model_class:
        clear_padding(model.item_embedding)
    if isinstance(model, FullSoftmax) and device.kind == "cpu":
        # The loss's gradient holds every item: a lookup's is added to it row by row, and no second
        # one of its size is made. On a GPU that would be at the price of the same bits.
        model.item_embedding.sparse = True
    if isinstance(model, FittedRecommender):
        model.fit(stage.train)
    return model


def seed_all(seed: int) -> None:
    """Seed every generator that a model may draw from."""
    torch.manual_seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - models from elsewhere draw from the global generator
    random.seed(seed)

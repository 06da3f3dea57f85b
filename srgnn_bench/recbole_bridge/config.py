"""A RecBole ``Config`` that depends on nothing but what it is given."""

from __future__ import annotations

from typing import Any

import torch
from recbole.config import Config

from srgnn_bench.errors import ModelError
from srgnn_bench.recbole_bridge.compat import restore_numpy_aliases
from srgnn_bench.recbole_bridge.recbole_models import is_recboles
from srgnn_bench.specs.registry import package_folders
from srgnn_bench.specs.yaml_text import read_yaml

# Names that models look up in a Config and that batches and the dataset use.
SESSION_FIELD = "session_id"
ITEM_FIELD = "item_id"
LENGTH_FIELD = "item_length"
LIST_SUFFIX = "_list"
NEGATIVE_PREFIX = "neg_"

LONGEST_SEQUENCE = {"MAX_ITEM_LIST_LENGTH": 50}
"""RecBole's most clicks of a sequence, and its default. RecBole's own models have it as a
parameter; others see whole prefixes."""

LOSS_TYPES = ("CE", "BPR")
"""What RecBole's ``loss_type`` may be: cross-entropy, or one sampled negative per target."""


class _OwnConfig(Config):  # type: ignore[misc]  # RecBole has no types
    """RecBole's Config without the parts that look beyond what it is given."""

    def _convert_config_dict(self, config_dict: dict[str, Any]) -> dict[str, Any]:
        """Keep every string a string: RecBole evaluates it as Python."""
        return config_dict

    def _load_cmd_line(self) -> dict[str, Any]:
        """Read no command line: RecBole gives it top priority."""
        return {}

    def _init_device(self) -> None:
        """Leave the device to the caller.

        RecBole sets ``CUDA_VISIBLE_DEVICES`` and then asks torch for a GPU. The answer fixes what
        this process sees for as long as it lives, so putting the variable back comes too late.
        """


def recbole_config(
    model_class: type[Any],
    configuration: dict[str, Any],
    *,
    longest_prefix: int,
    device: torch.device | None = None,
) -> Config:
    """The Config from which a model is built.

    Parameters that ``configuration`` does not name keep the defaults of RecBole's own file for
    that class, where it has one.

    Args:
        model_class: class of the model.
        configuration: parameters of the model.
        longest_prefix: places of a sequence; it wins over ``configuration``.
        device: where the model is to compute; the CPU unless given.

    Raises:
        ModelError: its ``loss_type`` is none of ``LOSS_TYPES``.
    """
    restore_numpy_aliases()
    defaults = recbole_parameters(model_class) or {}
    loss_type = {"loss_type": LOSS_TYPES[0], **defaults, **configuration}["loss_type"]
    if loss_type not in LOSS_TYPES:
        raise ModelError(
            f"{model_class.__name__}: loss_type is {loss_type!r}.",
            remedy=f"It is {' or '.join(LOSS_TYPES)}.",
        )
    fixed = {
        "USER_ID_FIELD": SESSION_FIELD,
        "ITEM_ID_FIELD": ITEM_FIELD,
        "ITEM_LIST_LENGTH_FIELD": LENGTH_FIELD,
        "LIST_SUFFIX": LIST_SUFFIX,
        "NEG_PREFIX": NEGATIVE_PREFIX,
        "MAX_ITEM_LIST_LENGTH": longest_prefix,
        "train_neg_sample_args": None,
        "loss_type": loss_type,
        "show_progress": False,
    }
    config = _OwnConfig(model=model_class, dataset="sessions", config_dict=fixed)
    for name, value in configuration.items():
        config[name] = value
    config["MAX_ITEM_LIST_LENGTH"] = longest_prefix
    config["device"] = device or torch.device("cpu")
    return config


def recbole_parameters(model_class: type[Any]) -> dict[str, Any] | None:
    """Parameters of a class of RecBole, or of the nearest one that a class derives from.

    Returns:
        Parameter -> RecBole's default; None where RecBole has no file of the class.
    """
    [recbole] = package_folders("recbole")
    folder = recbole / "properties" / "model"
    recboles = filter(is_recboles, model_class.__mro__)
    for path in (folder / f"{base.__name__}.yaml" for base in recboles):
        if path.is_file():
            return {**(read_yaml(path) or {}), **LONGEST_SEQUENCE}
    return None

"""A RecBole ``Config`` that depends on nothing but what it is given."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from recbole.config import Config

from srgnn_bench.recbole_bridge.compat import restore_numpy_aliases
from srgnn_bench.recbole_bridge.recbole_models import is_recboles
from srgnn_bench.yaml_text import read_yaml

# Names that models look up in a Config and that batches and the dataset use.
SESSION_FIELD = "session_id"
ITEM_FIELD = "item_id"
LENGTH_FIELD = "item_length"
LIST_SUFFIX = "_list"
NEGATIVE_PREFIX = "neg_"

LONGEST_SEQUENCE = {"MAX_ITEM_LIST_LENGTH": 50}
"""RecBole's most clicks of a sequence, and its default. RecBole's own models have it as a
parameter; others see whole prefixes."""


class _OwnConfig(Config):  # type: ignore[misc]
    """RecBole's Config without the parts that look beyond what it is given."""

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

    RecBole reads ``sys.argv`` with top priority, evaluates strings as Python, and chooses a
    device; none of that happens here. Parameters that ``configuration`` does not name keep the
    defaults of RecBole's own file for that class, where it has one.

    Args:
        model_class: class of the model.
        configuration: parameters of the model.
        longest_prefix: most clicks that any prefix holds.
        device: where the model is to compute; the CPU unless given.
    """
    restore_numpy_aliases()
    defaults = recbole_parameters(model_class) or {}
    fixed = {
        "USER_ID_FIELD": SESSION_FIELD,
        "ITEM_ID_FIELD": ITEM_FIELD,
        "ITEM_LIST_LENGTH_FIELD": LENGTH_FIELD,
        "LIST_SUFFIX": LIST_SUFFIX,
        "NEG_PREFIX": NEGATIVE_PREFIX,
        "MAX_ITEM_LIST_LENGTH": longest_prefix,
        "train_neg_sample_args": None,
        "loss_type": {"loss_type": "CE", **defaults, **configuration}["loss_type"],
        "show_progress": False,
    }
    with _no_arguments():
        config = _OwnConfig(model=model_class, dataset="sessions", config_dict=dict(fixed))
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
    recbole = importlib.util.find_spec("recbole")
    assert recbole is not None
    assert recbole.origin is not None
    folder = Path(recbole.origin).parent / "properties" / "model"
    recboles = filter(is_recboles, model_class.__mro__)
    for path in (folder / f"{base.__name__}.yaml" for base in recboles):
        if path.is_file():
            return {**(read_yaml(path) or {}), **LONGEST_SEQUENCE}
    return None


@contextlib.contextmanager
def _no_arguments() -> Iterator[None]:
    """Hide the command line from RecBole's Config."""
    arguments, sys.argv = sys.argv, sys.argv[:1]
    try:
        yield
    finally:
        sys.argv = arguments

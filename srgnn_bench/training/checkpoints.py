"""What a training that is cut off goes on from."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import torch

from srgnn_bench.errors import StoreError


def save(path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint, in full or not at all.

    Args:
        path: its file; a kill may leave a half-written one beside it, whose name begins with its.
        state: tensors, numbers, words, and lists and mappings of them.

    Raises:
        StoreError: it cannot be written.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save(state, temporary)
        temporary.replace(path)
    except (OSError, RuntimeError) as error:  # torch raises a RuntimeError where the disk is full
        temporary.unlink(missing_ok=True)
        raise StoreError(
            f"The checkpoint {path} cannot be written ({error}).",
            remedy="Free space or permissions there, and call again: it goes on from here.",
        ) from error


def load(path: Path, *, device: torch.device) -> dict[str, Any] | None:
    """The state of a checkpoint; a damaged one is as good as none.

    Args:
        path: its file.
        device: where its tensors go.
    """
    if not path.exists():
        return None
    try:
        state: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError):
        return None
    return state

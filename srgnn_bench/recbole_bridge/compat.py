"""What RecBole 1.2 needs from today's packages, and what its import changes and should not.

RecBole and the ray 2.6.3 that 1.2.1 pins name NumPy aliases that NumPy 1.24 to 2.0 removed. Each
alias meant exactly the type it is mapped to here, so nothing changes in any result.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import torch

ALIASES: dict[str, type] = {
    "float_": np.float64,
    "complex_": np.complex128,
    "unicode_": np.str_,
    "bool8": np.bool_,
}
"""Removed NumPy name -> the type that it named."""


def restore_numpy_aliases() -> None:
    """Put the missing aliases back; those that NumPy still has are left alone."""
    for name, kind in ALIASES.items():
        if name not in vars(np):
            setattr(np, name, kind)


class _TorchOfItsTrainer(ModuleType):
    """torch, as RecBole 1.2 expects it where its trainer reads the checkpoints that it wrote.

    They hold RecBole's configuration, in a form of pickle that ``torch.load`` refuses since torch
    2.6 unless it is told that the file is trusted. No other ``torch.load`` changes.
    """

    load = staticmethod(functools.partial(torch.load, weights_only=False))

    def __getattr__(self, name: str) -> Any:
        return getattr(torch, name)


def let_recbole_read_its_checkpoints() -> None:
    """Make the end of RecBole's own ``run_recbole`` work, which reads the best epoch back."""
    trainer = importlib.import_module("recbole.trainer.trainer")
    vars(trainer)["torch"] = _TorchOfItsTrainer("torch")


@contextlib.contextmanager
def anomaly_detection_kept() -> Iterator[None]:
    """Keep torch's anomaly detection as it is, which the import of RecBole's SINE switches on."""
    before = torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()
    try:
        yield
    finally:
        torch.set_anomaly_enabled(*before)

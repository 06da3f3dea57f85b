"""Which device trains and ranks: asked for in a word, found once, handed on from there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from srgnn_bench.errors import DeviceError

if TYPE_CHECKING:
    import torch

DeviceKind = Literal["cpu", "cuda", "mps"]
"""Devices of one kind can still round differently, but are taken to be alike in a report."""

WORDS = "auto, cpu, cuda, cuda:N or mps"


@dataclass(frozen=True)
class Device:
    """A device of this process.

    Attributes:
        kind: what torch calls its type; ``cuda`` for AMD's GPUs too.
        index: which of the GPUs that the process can see, from 0; None where there is one of a
            kind.
        deterministic: whether torch's deterministic algorithms are used. Never on Apple's GPUs,
            for which torch promises none.
    """

    kind: DeviceKind = "cpu"
    index: int | None = None
    deterministic: bool = True

    def __str__(self) -> str:
        return self.kind if self.index is None else f"{self.kind}:{self.index}"

    @property
    def torch(self) -> torch.device:
        """As torch knows it."""
        import torch

        return torch.device(str(self))


CPU = Device()


def check_word(wanted: str) -> None:
    """Refuse a word that names no device, whatever this machine has; torch is not imported.

    Raises:
        DeviceError: it names none.
    """
    if re.fullmatch(r"auto|cpu|cuda(:\d+)?|mps", wanted, flags=re.ASCII) is None:
        raise DeviceError(f"There is no device '{wanted}'.", remedy=f"Name {WORDS}.")


def find_device(wanted: str = "auto", *, deterministic: bool = True) -> Device:
    """The device that a word stands for.

    ``auto`` is the first GPU that torch can use through CUDA or ROCm, else the CPU. Apple's GPU is
    used where it is asked for alone: torch's deterministic algorithms do not cover it.

    Args:
        wanted: ``auto``, ``cpu``, ``cuda`` (the first that the process can see), ``cuda:N`` or
            ``mps``.
        deterministic: whether to use torch's deterministic algorithms.

    Raises:
        DeviceError: there is no such device, or torch cannot use it.
    """
    check_word(wanted)
    import torch

    kind, _, number = wanted.partition(":")
    if kind == "cpu" or (kind == "auto" and not torch.cuda.is_available()):
        return Device("cpu", deterministic=deterministic)
    if kind == "mps":
        if not torch.backends.mps.is_available():
            raise DeviceError(
                "torch has no Apple GPU (mps) here.", remedy="Use --device auto or --device cpu."
            )
        return Device("mps", deterministic=False)
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    index = int(number or 0)
    if index >= count:
        seen = f"the last of those that it sees is cuda:{count - 1}" if count else "it sees no GPU"
        raise DeviceError(
            f"torch cannot use {wanted}: {seen}.",
            remedy="Use --device auto or --device cpu; srgnn-bench doctor says what torch sees, "
            "and CUDA_VISIBLE_DEVICES what it may see.",
        )
    return Device("cuda", index, deterministic)

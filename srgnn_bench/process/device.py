"""Which device trains and ranks: asked for in a word, found once, handed on from there."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from srgnn_bench.errors import DeviceError

if TYPE_CHECKING:
    import torch

CUBLAS_VARIABLE, CUBLAS_WORKSPACES = "CUBLAS_WORKSPACE_CONFIG", ":4096:8"
"""What cuBLAS needs for the same bits each time, read as CUDA starts (torch, "Reproducibility")."""

DeviceKind = Literal["cpu", "cuda", "mps"]
"""Devices of one kind can still round differently, but a report takes them to be alike."""


@dataclass(frozen=True)
class Device:
    """A device of this process.

    Attributes:
        kind: what torch calls its type; ``cuda`` for AMD's GPUs too.
        index: which of the GPUs that the process can see, from 0; None where any will do, which
            is the first, or each worker's own.
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


@dataclass(frozen=True)
class DeviceChoice:
    """A device as it is asked for, on this machine or another.

    Attributes:
        word: ``auto``, ``cpu``, ``cuda`` (the first GPU that the process can see), ``cuda:N`` or
            ``mps``. ``auto`` is the first GPU that torch can use through CUDA or ROCm, else the
            CPU. Apple's GPU is used where it is asked for alone, since torch's deterministic
            algorithms do not cover it.
        deterministic: whether to use torch's deterministic algorithms.

    Raises:
        DeviceError: the word names no device. Torch is not imported to find that out.
    """

    word: str = "auto"
    deterministic: bool = True

    def __post_init__(self) -> None:
        if re.fullmatch(r"auto|cpu|cuda(:\d{1,4})?|mps", self.word, flags=re.ASCII) is None:
            raise DeviceError(
                f"There is no device '{self.word}'.", remedy="Name auto, cpu, cuda, cuda:N or mps."
            )

    def find(self) -> Device:
        """The device of this process that is meant.

        Whatever asks CUDA of anything starts it, so what it needs for the same bits is set here.

        Raises:
            DeviceError: there is none, or torch cannot use it.
        """
        import torch

        kind, _, number = self.word.partition(":")
        if kind == "cpu" or (kind == "auto" and not torch.cuda.is_available()):
            return Device("cpu", deterministic=self.deterministic)
        if kind == "mps":
            if not torch.backends.mps.is_available():
                raise DeviceError(
                    "torch has no Apple GPU (mps) here.", remedy="Use --device auto or cpu."
                )
            return Device("mps", deterministic=False)
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if int(number or 0) >= count:
            seen = f"the last GPU that it sees is cuda:{count - 1}" if count else "it sees no GPU"
            raise DeviceError(
                f"torch cannot use {self.word}: {seen}.",
                remedy="Use --device auto or cpu; srgnn-bench doctor says what is there, and "
                "CUDA_VISIBLE_DEVICES what may be seen of it.",
            )
        if self.deterministic:
            prepare_cuda()
        return Device("cuda", int(number) if number else None, self.deterministic)


def prepare_cuda() -> bool:
    """See that CUDA will give the same bits each time; False where it has started otherwise."""
    import torch

    if CUBLAS_VARIABLE not in os.environ:
        if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
            return False
        os.environ[CUBLAS_VARIABLE] = CUBLAS_WORKSPACES
    return True

"""What a training that is cut off goes on from."""

from __future__ import annotations

import io
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from srgnn_bench.errors import StoreError
from srgnn_bench.files import checksum

FORMAT = b"srgnn_bench checkpoint 3"
"""First word of the first line of the file, which also says whose it is, and its checksum."""


class Checkpoint:
    """A file that a training writes after every epoch, and goes on from.

    Its first line names the training and the checksum of what follows: a checkpoint of which one
    bit is another would otherwise end in other numbers under the same key.

    Args:
        path: the file; a kill may leave a half-written one beside it, whose name begins with its.
        key: of the run or the trial.
        discarded: told why a checkpoint that is there is not used.
    """

    def __init__(
        self, path: Path, *, key: str, discarded: Callable[[str], None] = lambda _: None
    ) -> None:
        self.path = path
        self._key = key
        self._discarded = discarded

    def save(self, state: dict[str, Any]) -> None:
        """Write a state, in full or not at all.

        Args:
            state: tensors, numbers, words, and lists and mappings of them.

        Raises:
            StoreError: it cannot be written.
        """
        content = io.BytesIO()
        torch.save(state, content)
        temporary = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("wb") as file:
                file.write(self._first_line(content.getbuffer()))
                file.write(content.getbuffer())
            temporary.replace(self.path)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise StoreError(
                f"The checkpoint {self.path} cannot be written ({error}).",
                remedy="Free space or permissions there, and call again: it goes on from here.",
            ) from error

    def load(self, *, device: torch.device) -> dict[str, Any] | None:
        """The state; None where there is none, or none that can be trusted.

        Args:
            device: where its tensors go.
        """
        if not self.path.exists():
            return None
        try:
            line, _, content = self.path.read_bytes().partition(b"\n")
            if line + b"\n" != self._first_line(content):
                self._discarded("it is not what this training wrote")
                return None
            state: dict[str, Any] = torch.load(
                io.BytesIO(content), map_location=device, weights_only=True
            )
        except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
            self._discarded(str(error))
            return None
        return state

    def _first_line(self, content: bytes | memoryview) -> bytes:
        return b" ".join([FORMAT, self._key.encode(), checksum(content).encode()]) + b"\n"

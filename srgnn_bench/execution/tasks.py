"""What is to be done - a trial, a final run - and where it meets its data, here and on workers."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from srgnn_bench.data.prepare import PreparedDataset
from srgnn_bench.data.protocol import test_stage, validation_stage
from srgnn_bench.data.sessions import Stage
from srgnn_bench.events import Listener
from srgnn_bench.plain_text import visible
from srgnn_bench.process.computing import computing_on
from srgnn_bench.process.device import Device
from srgnn_bench.specs.protocol import ProtocolSpec
from srgnn_bench.training.configuration import Candidate
from srgnn_bench.tuning.trial import describe

Part = Literal["tuning", "finalists", "test"]
"""The sessions that a task is handed: those that tuning may use, all training sessions, or those
and the test."""

Answer = Any
"""What is stored of a task, or the ``Trouble`` that there was."""


class Task(Protocol):
    """All that a trial or a final run depends on, besides its stage."""

    @property
    def key(self) -> str:
        """Hash of all that decides its numbers; names its checkpoint."""

    @property
    def candidate(self) -> Candidate:
        """The model."""

    @property
    def what(self) -> str:
        """What it is, for errors."""

    @property
    def limit_seconds(self) -> float | None:
        """Longest time it may take; None for no limit."""

    @property
    def part(self) -> Part:
        """The sessions that it is handed."""

    def do(self, stage: Stage, *, listen: Listener, checkpoint: Path, device: Device) -> Answer:
        """Do it in this process; a model that fails is an answer, too.

        Args:
            stage: its sessions.
            listen: told of its start and of every epoch.
            checkpoint: file that an interrupted training goes on from; removed by the caller.
            device: where it is trained and ranked.

        Raises:
            StoreError: the checkpoint cannot be written.
        """


@dataclass(frozen=True)
class Trouble:
    """Why a task has no result.

    Attributes:
        error: what is wrong, in a sentence.
        traceback: where, for whoever fixes it.
        seconds: time that it took to find out.
        lost: whether the machines are to blame and not the model: then it is no result.
        stuck: address of the worker where the task is still running, past its time limit.
    """

    error: str
    traceback: str
    seconds: float = 0.0
    lost: bool = False
    stuck: str | None = None

    @classmethod
    def of(cls, error: Exception, *, seconds: float = 0.0, stuck: str | None = None) -> Trouble:
        """What is kept of an error."""
        trace = visible("".join(traceback.format_exception(error)))
        return cls(describe(error), trace, seconds, stuck=stuck)


class Workbench:
    """Keeps the stages of the dataset at work, since many tasks in a row need the same."""

    def __init__(self) -> None:
        self._fingerprint = ""
        self._stages: dict[tuple[bool, ProtocolSpec], Stage] = {}

    def do(
        self,
        task: Task,
        data: PreparedDataset,
        protocol: ProtocolSpec,
        *,
        listen: Listener,
        checkpoint: Path,
        device: Device,
    ) -> Answer:
        """Do a task on a prepared dataset. A trial never sees any test session.

        The other arguments are those of ``Task.do``.

        Raises:
            DeviceError: the device cannot be used.
            DataError: the data is too small to split.
            StoreError: the checkpoint cannot be written.
        """
        stage = self._stage(task.part, data, protocol)
        with computing_on(device):
            return task.do(stage, listen=listen, checkpoint=checkpoint, device=device)

    def _stage(self, part: Part, data: PreparedDataset, protocol: ProtocolSpec) -> Stage:
        if data.fingerprint != self._fingerprint:
            self._fingerprint, self._stages = data.fingerprint, {}
        if part == "finalists":
            protocol = protocol.with_all_sessions
        place = (part == "test", protocol)
        if place not in self._stages:
            make = test_stage if part == "test" else validation_stage
            self._stages[place] = make(data, protocol)
        return self._stages[place]

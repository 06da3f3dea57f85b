"""Does tasks: where a trial or a final run meets its data, here and on workers alike."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from srgnn_bench.data.prepare import PreparedDataset
from srgnn_bench.data.protocol import test_stage, validation_stage
from srgnn_bench.data.sessions import Stage
from srgnn_bench.events import Listener
from srgnn_bench.execution.final import FinalResult, FinalTask, Trouble, run_final
from srgnn_bench.process.computing import computing_on
from srgnn_bench.process.device import Device
from srgnn_bench.specs.protocol import ProtocolSpec
from srgnn_bench.store.study import Trial
from srgnn_bench.tuning.trial import TrialTask, run_trial

Task = TrialTask | FinalTask
Answer = Trial | FinalResult | Trouble


class Workbench:
    """Keeps the stages of the dataset at work, since many tasks in a row need the same."""

    def __init__(self) -> None:
        self._fingerprint = ""
        self._stages: dict[tuple[str, str], Stage] = {}

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
        """Do a task. A trial is handed the validation stage, and never any test session.

        Args:
            task: what to do.
            data: the prepared dataset.
            protocol: how it is split.
            listen: told of the start and of every epoch.
            checkpoint: file that an interrupted training goes on from; removed by the caller.
            device: where it is trained and ranked.

        Raises:
            DeviceError: the device cannot be used.
            DataError: the data is too small to split.
            StoreError: the checkpoint cannot be written.
        """
        if isinstance(task, TrialTask):
            if task.finalist:
                protocol = protocol.model_copy(update={"tuning_fraction": 1.0})
            stage = self._stage(validation_stage, data, protocol)
            with computing_on(device):
                return run_trial(task, stage, listen=listen, checkpoint=checkpoint, device=device)
        stage = self._stage(test_stage, data, protocol)
        with computing_on(device):
            return run_final(task, stage, listen=listen, checkpoint=checkpoint, device=device)

    def _stage(
        self,
        make: Callable[[PreparedDataset, ProtocolSpec], Stage],
        data: PreparedDataset,
        protocol: ProtocolSpec,
    ) -> Stage:
        if data.fingerprint != self._fingerprint:
            self._fingerprint, self._stages = data.fingerprint, {}
        place = (make.__name__, protocol.model_dump_json())
        if place not in self._stages:
            self._stages[place] = make(data, protocol)
        return self._stages[place]

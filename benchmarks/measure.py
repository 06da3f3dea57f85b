"""Timing in alternation, and peak memory, of things that are to be compared."""

from __future__ import annotations

import math
import multiprocessing
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeVar

import torch

from srgnn_bench.errors import BenchError
from srgnn_bench.process.device import CPU, Device

POLL_SECONDS = 0.2

T = TypeVar("T")


@dataclass(frozen=True)
class Series:
    """Repeated measurements of one contender at one task.

    Attributes:
        part: the part of the benchmark.
        task: what is done; contenders of the same task are compared.
        contender: who does it.
        unit: unit of ``values``.
        values: one per repetition.
    """

    part: str
    task: str
    contender: str
    unit: str
    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """Median of the repetitions."""
        return statistics.median(self.values)


class OutOfBoundsError(BenchError):
    """A measured process that took more time or memory than it may."""


def alternate(
    contenders: dict[str, Callable[[], float]], *, repetitions: int
) -> dict[str, tuple[float, ...]]:
    """Call the contenders in turn, so that a busy moment of the machine meets them all.

    Args:
        contenders: name -> a function that does the work once and returns its figure.
        repetitions: rounds that count; one more before them warms up.
    """
    rounds = [{name: run() for name, run in contenders.items()} for _ in range(repetitions + 1)]
    return {name: tuple(figures[name] for figures in rounds[1:]) for name in contenders}


def seconds_of(work: Callable[[], Any], *, device: Device = CPU) -> float:
    """Seconds that ``work`` takes, until the device has done what it was told."""
    started = time.perf_counter()
    work()
    if device.kind == "cuda":
        torch.cuda.synchronize(device.torch)
    elif device.kind == "mps":
        torch.mps.synchronize()
    return time.perf_counter() - started


def extra_memory(work: Callable[[], Any], *, device: Device = CPU) -> float:
    """Most memory while ``work`` runs above what is taken before it, in MB.

    On the CPU resident memory (Linux), on a GPU what torch has allocated there.
    """
    if device.kind == "cuda":
        torch.cuda.reset_peak_memory_stats(device.torch)
        before = torch.cuda.memory_allocated(device.torch)
        work()
        return (torch.cuda.max_memory_allocated(device.torch) - before) / 1e6
    # Writing 5 sets the peak (VmHWM) back to what is resident now.
    Path("/proc/self/clear_refs").write_text("5")
    before = _status("self", "VmRSS")
    work()
    return max(0, _status("self", "VmHWM") - before) / 1000


def apart(
    function: Callable[..., T],
    *arguments: Any,
    seconds: float = math.inf,
    megabytes: float = math.inf,
) -> T:
    """Call a function in a new process.

    Args:
        function: a function of a module.
        arguments: what it is given.
        seconds: time after which the process is ended.
        megabytes: resident memory above which it is ended.

    Returns:
        What it returned.

    Raises:
        OutOfBoundsError: the process was ended.
        RuntimeError: the function failed.
    """
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(sender, function, arguments), daemon=True)
    process.start()
    sender.close()
    deadline = time.monotonic() + seconds
    try:
        while not receiver.poll(POLL_SECONDS):
            if time.monotonic() > deadline:
                raise OutOfBoundsError(f"more than {seconds:.0f} s", remedy="Allow more time.")
            used = _status(str(process.pid), "VmRSS") / 1000
            if used > megabytes:
                raise OutOfBoundsError(
                    f"more than {megabytes / 1000:.0f} GB", remedy="Allow more memory."
                )
        outcome, value = receiver.recv()
    except EOFError:
        raise RuntimeError("the measured process died without a word") from None
    finally:
        process.kill()
        process.join()
    if outcome == "failed":
        raise RuntimeError(value)
    returned: T = value
    return returned


def _child(sender: Connection, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    sys.argv = sys.argv[:1]  # RecBole reads options there
    warnings.simplefilter("ignore")  # its many, about pandas and torch
    try:
        sender.send(("done", function(*arguments)))
    except Exception as error:
        sender.send(("failed", f"{type(error).__name__}: {error}"))
        raise


def _status(process: str, key: str) -> int:
    """A figure of /proc/<process>/status in kB; 0 where the process has ended."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{key}:")), 0)

"""The trials of a study as plain lines: what planning and reports read.

The study itself is Optuna's database, which one process at a time may open. These lines are
written anew, atomically, after every trial, so that anybody can read them at any time.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from srgnn_bench.errors import StoreError
from srgnn_bench.store.record import Schedule, Stored
from srgnn_bench.store.store import unwritable, write_atomically

FILE = "trials.ndjson"


class EpochValue(Stored):
    """What validation said after an epoch."""

    epoch: int
    """Its place in the course; it stands again where the training went back."""
    value: float
    """MRR@20, between 0 and 1."""


class Trial(Stored):
    """A trial that has ended by itself; it counts towards the budget however it ended."""

    number: int
    """Place among the trials that count, from 0; 0 is the default configuration."""
    state: Literal["complete", "pruned", "failed"]
    value: float | None
    """Best MRR@20 on validation; None where the trial did not complete."""
    parameters: dict[str, Any]
    """Values of the searched parameters."""
    epochs: tuple[EpochValue, ...]
    schedule: Schedule | None = None
    """The course up to the best epoch; None for a fitted model, or where the trial failed."""
    seconds: float
    error: str | None = None
    device: str | None = None
    """Kind of device that it ran on; None where that is not known."""


def read_trials(folder: Path) -> list[Trial]:
    """The trials of the study in a folder, in their order; none where there is no study.

    Raises:
        StoreError: the file is damaged.
    """
    path = folder / FILE
    try:
        lines = path.read_text().splitlines()
        return [Trial.model_validate_json(line) for line in lines]
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error
        raise StoreError(
            f"{path} cannot be read ({reason}).",
            remedy="Delete it; the next run writes it again from the study.",
        ) from error


def write_trials(folder: Path, trials: list[Trial]) -> None:
    """Write the trials of a study, all at once.

    Raises:
        StoreError: the folder cannot be written; what was there stays.
    """
    lines = "".join(trial.model_dump_json() + "\n" for trial in trials)
    try:
        write_atomically(folder / FILE, lines.encode())
    except OSError as error:
        raise unwritable(folder, error) from error


def best_trial(trials: list[Trial]) -> Trial | None:
    """The completed trial with the best value, the earliest of several; None if there is none."""
    complete = [(trial.value, trial) for trial in trials if trial.value is not None]
    return max(complete, key=lambda pair: pair[0], default=(0.0, None))[1]

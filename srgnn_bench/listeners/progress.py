"""Shows a benchmark's events as they come: bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from datetime import timedelta
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from srgnn_bench.events import (
    CheckpointDiscarded,
    EpochDone,
    Event,
    Failed,
    RunDone,
    RunStarted,
    TrialDone,
    TrialStarted,
)


class ProgressView:
    """Shows events as they come: bars on a terminal, plain lines elsewhere.

    Args:
        console: where to draw.
        units: trials and final runs that are still to be done, the unit of the whole bar.
    """

    def __init__(self, console: Console, *, units: int) -> None:
        self._console = console
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[shown]}/{task.total:.0f}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._began = time.monotonic()
        self._units = units
        self._done = 0
        self._whole = self._progress.add_task("trials and runs", total=units, shown=0)
        self._current = self._progress.add_task("", total=1, visible=False, shown=0)

    def __enter__(self) -> ProgressView:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:  # there may have been fewer finalists than expected
            self._progress.update(self._whole, total=self._done or 1, completed=self._done or 1)
            self._progress.update(self._current, visible=False)
        self._progress.stop()

    def __call__(self, event: Event) -> None:
        """Show one event."""
        who = f"{event.dataset} {event.entry}"
        match event:
            case TrialStarted():
                self._begin(f"{who} {_place(event)}", event.epochs)
            case RunStarted():
                self._begin(f"{who} seed {event.seed}", event.epochs)
            case EpochDone():
                value = "" if event.value is None else f", MRR@20 {100 * event.value:.2f}"
                self._line(
                    f"{who} epoch {event.epoch}/{event.epochs}: loss {event.loss:.4f}, "
                    f"{event.seconds:.1f} s{value}"
                )
                self._progress.update(self._current, completed=event.epoch, shown=event.epoch)
                part = event.epoch / event.epochs
                self._progress.update(self._whole, completed=self._done + 0.99 * part)
            case TrialDone():
                value = "" if event.value is None else f", MRR@20 {100 * event.value:.2f}"
                self._end(f"{who} {_place(event)} {event.state}{value}")
            case RunDone():
                self._end(
                    f"{who} seed {event.seed} stored: test Recall@20 {100 * event.recall:.2f}, "
                    f"MRR@20 {100 * event.mrr:.2f}"
                )
            case CheckpointDiscarded():
                self._line(
                    f"{who}: the checkpoint {event.path} is damaged ({event.reason}); the training "
                    "begins again",
                    always=True,
                )
            case Failed():
                self._line(f"{who} FAILED: {event.error}", always=True)

    def _begin(self, description: str, epochs: int) -> None:
        self._progress.reset(
            self._current, description=description, total=epochs, visible=True, shown=0
        )
        self._line(description)

    def _end(self, text: str) -> None:
        self._done += 1
        self._units = max(self._units, self._done)
        self._progress.update(
            self._whole, completed=self._done, shown=self._done, total=self._units
        )
        self._line(f"{text}{self._clock()}", always=True)

    def _clock(self) -> str:
        """How far it is and how long it took; a terminal's bars show it already."""
        if self._console.is_terminal:
            return ""
        passed = time.monotonic() - self._began
        left = passed / self._done * (self._units - self._done)
        return f" [{self._done} of {self._units}, {_hours(passed)}, about {_hours(left)} left]"

    def _line(self, text: str, *, always: bool = False) -> None:
        """Print a line; bars on a terminal show what passes by, and a notebook would fill up."""
        if always or not (self._console.is_terminal or self._console.is_jupyter):
            self._console.print(text, highlight=False, markup=False, soft_wrap=True)


def _place(event: TrialStarted | TrialDone) -> str:
    """Which trial it is, of how many where that is known; or which trial's finalist."""
    if event.finalist:
        return f"finalist of trial {event.number + 1}"
    return f"trial {event.number + 1}" + ("" if event.budget is None else f"/{event.budget}")


def _hours(seconds: float) -> str:
    """Hours, minutes and seconds, such as 0:02:31."""
    return str(timedelta(seconds=round(seconds)))

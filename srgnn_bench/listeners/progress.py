"""Shows a benchmark's events as they come: bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from datetime import timedelta
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

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
from srgnn_bench.execution.forecast import Forecast, UnitKind

TRUST = 0.1
"""Share of the forecast that must have come true before the clock outweighs it."""


class ProgressView:
    """Shows events as they come: bars on a terminal, plain lines elsewhere.

    Args:
        console: where to draw.
        forecast: the trials, finalists and final runs that are still to be done, which the whole
            bar counts, and the time that they are expected to take, by which it moves.
    """

    def __init__(self, console: Console, *, forecast: Forecast) -> None:
        self._console = console
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[shown]}/{task.fields[of]}"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            console=console,
            disable=not console.is_terminal,
        )
        self._began = time.monotonic()
        self._forecast = forecast
        self._units = forecast.units
        self._done = 0
        self._expected = forecast.left if forecast.left is not None else float(forecast.units)
        self._past = 0.0
        """How much of what is expected lies behind, in seconds, or in units."""
        self._now = 0.0
        """How much of it the trial or run under way is expected to take."""
        self._whole = self._progress.add_task(
            "trials and runs", total=self._expected or 1, shown=0, of=self._units, left=""
        )
        self._current = self._progress.add_task("", total=1, visible=False, shown=0, of=0, left="")

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
            self._progress.update(self._whole, total=1, completed=1, of=self._done, left="")
            self._progress.update(self._current, visible=False)
        self._progress.stop()

    @property
    def share(self) -> float:
        """How much of what is expected lies behind, between 0 and 1."""
        return self._past / self._expected if self._expected else 1.0

    def __call__(self, event: Event) -> None:
        """Show one event."""
        who = f"{event.dataset} {event.entry}"
        match event:
            case TrialStarted():
                self._begin(f"{who} {_place(event)}", event, _kind(event))
            case RunStarted():
                self._begin(f"{who} seed {event.seed}", event, "run")
            case EpochDone():
                self._line(sentence(event))
                self._progress.update(self._current, completed=event.epoch, shown=event.epoch)
                self._move(0.99 * self._now * event.epoch / event.epochs)
            case TrialDone():
                value = "" if event.value is None else f", MRR@20 {100 * event.value:.2f}"
                self._end(f"{who} {_place(event)} {event.state}{value}", event, _kind(event))
            case RunDone():
                self._end(
                    f"{who} seed {event.seed} stored: test Recall@20 {100 * event.recall:.2f}, "
                    f"MRR@20 {100 * event.mrr:.2f}",
                    event,
                    "run",
                )
            case CheckpointDiscarded():
                self._line(sentence(event), always=True)
            case Failed():
                self._line(f"{who} FAILED: {event.error}", always=True)

    def _begin(self, description: str, event: TrialStarted | RunStarted, kind: UnitKind) -> None:
        self._now = self._forecast.seconds(event.dataset, event.entry, kind)
        self._progress.reset(
            self._current,
            description=description,
            total=event.epochs,
            visible=True,
            shown=0,
            of=event.epochs,
            left="",
        )
        self._line(description)

    def _end(self, text: str, event: TrialDone | RunDone, kind: UnitKind) -> None:
        self._done += 1
        self._units = max(self._units, self._done)
        self._past += self._forecast.seconds(event.dataset, event.entry, kind)
        self._expected = max(self._expected, self._past)
        self._now = 0.0
        self._move(0.0)
        clocks = "" if self._console.is_terminal else f" [{self._clocks()}]"
        self._line(f"{text}{clocks}", always=True)

    def _move(self, part: float) -> None:
        """Move the whole bar to what lies behind, and a part of what is under way."""
        self._progress.update(
            self._whole,
            total=self._expected or 1,
            completed=self._past + part,
            shown=self._done,
            of=self._units,
            left=f"about {hours(self._left(part))} left",
        )

    def _left(self, part: float) -> float:
        trust = 0.0 if self._forecast.left is None else TRUST
        passed = time.monotonic() - self._began
        return time_left(self._expected, past=self._past + part, passed=passed, trust=trust)

    def _clocks(self) -> str:
        """How far it is, how long it took and will take; a terminal's bars show it already."""
        passed = hours(time.monotonic() - self._began)
        left = hours(self._left(0.0))
        return f"{self._done} of {self._units}, {passed}, about {left} left"

    def _line(self, text: str, *, always: bool = False) -> None:
        """Print a line; bars on a terminal show what passes by, and a notebook would fill up."""
        if always or not (self._console.is_terminal or self._console.is_jupyter):
            self._console.print(text, highlight=False, markup=False, soft_wrap=True)


def sentence(event: EpochDone | CheckpointDiscarded) -> str:
    """What a training tells on its way, in a line."""
    who = f"{event.dataset} {event.entry}"
    if isinstance(event, CheckpointDiscarded):
        return (
            f"{who}: the checkpoint {event.path} is damaged ({event.reason}); the training begins "
            "again"
        )
    value = "" if event.value is None else f", MRR@20 {100 * event.value:.2f}"
    return (
        f"{who} epoch {event.epoch}/{event.epochs}: loss {event.loss:.4f}, {event.seconds:.1f} s"
        f"{value}"
    )


def _place(event: TrialStarted | TrialDone) -> str:
    """Which trial it is, of how many where that is known; or which trial's finalist."""
    if event.finalist:
        return f"finalist of trial {event.number + 1}"
    return f"trial {event.number + 1}" + ("" if event.budget is None else f"/{event.budget}")


def _kind(event: TrialStarted | TrialDone) -> UnitKind:
    return "finalist" if event.finalist else "trial"


def time_left(expected: float, *, past: float, passed: float, trust: float) -> float:
    """Seconds left, by a forecast and by how it came true so far.

    Args:
        expected: what was to be done in all, in seconds, or in units of like size.
        past: how much of it lies behind.
        passed: seconds that this took.
        trust: share of ``expected`` that must lie behind before what it took outweighs what was
            expected; 0 where ``expected`` is in units.
    """
    return (expected - past) * (passed + trust * expected) / (past + trust * expected or 1)


def hours(seconds: float) -> str:
    """Hours, minutes and seconds, such as 0:02:31."""
    return str(timedelta(seconds=round(seconds)))

"""What makes a function that draws a figure of the report."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from srgnn_bench.report.figures.canvas import Draw
from srgnn_bench.report.frames import Frames
from srgnn_bench.report.results import SuiteResults


@dataclass(frozen=True)
class Shown:
    """What a figure shows, for those who do not see it.

    Attributes:
        entries: titles of what has a mark or a line.
        datasets: titles of the data sets.
    """

    entries: list[str]
    datasets: list[str]


def shown(results: SuiteResults, *, entries: Iterable[str], datasets: Iterable[str]) -> Shown:
    """What a figure shows, by the names of entries, or of models that were tuned."""
    titles = results.tuned | results.entry_titles
    return Shown(
        [titles[entry] for entry in dict.fromkeys(entries)],
        [results.dataset_titles[dataset] for dataset in dict.fromkeys(datasets)],
    )


def with_runs(frames: Frames) -> Shown:
    """All that has run, which most figures show."""
    results = frames.results
    return shown(results, entries=results.titles_with_runs, datasets=results.datasets_with_runs)


def compared(frames: Frames) -> Shown:
    """The subject and what it is compared with."""
    frame, subject = frames.differences, frames.results.subject
    return shown(frames.results, entries=[subject, *frame["entry"]], datasets=frame["dataset"])


@dataclass(frozen=True)
class FigureSpec:
    """A figure of the report: what a file of this folder offers as ``FIGURE``.

    Attributes:
        name: stem of its files.
        title: its heading on the page.
        draw: draws it.
        order: its place on the page, among those of the others.
        wanted: whether the suite's records can fill it.
        shows: which entries and data sets it shows.
    """

    name: str
    title: str
    draw: Draw
    order: int
    wanted: Callable[[Frames], bool] = lambda _: True
    shows: Callable[[Frames], Shown] = with_runs

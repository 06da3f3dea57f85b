"""What figures of tuning share: a panel per data set, a line per model that searches anything."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from srgnn_bench.report.figures.canvas import Layout, panel_grid
from srgnn_bench.report.figures.figure import Shown, shown
from srgnn_bench.report.figures.legend import draw_legend, legend_rows
from srgnn_bench.report.figures.looks import (
    Look,
    choice_note,
    chosen_lines,
    in_order,
    looks,
)
from srgnn_bench.report.figures.scale import whole_numbers
from srgnn_bench.report.frames import Frames
from srgnn_bench.report.results import SuiteResults, shortened

DrawLine = Callable[[Axes, pd.DataFrame, Look], None]
"""Draws the line of one model on one data set from the trials of its study."""


def searching(frames: Frames) -> list[str]:
    """The models that search anything, by their names in ``SuiteResults.tuned``."""
    return [name for name in frames.results.tuned if name in set(frames.searched_trials["entry"])]


def looks_of_tuned(results: SuiteResults, names: Sequence[str]) -> dict[str, Look]:
    """A look for each; one study for all entries is no entry's own."""
    return in_order(names) if results.shares_tuning else looks(results, names)


def draw_trials(
    frames: Frames, *, layout: Layout, measure: str, label: str, note: str, line: DrawLine
) -> Figure:
    """Validation MRR@20 over trials.

    Args:
        frames: the suite.
        layout: the width.
        measure: name of what is drawn.
        label: of the axis of trials.
        note: what the lines are.
        line: draws a line.
    """
    results, tuned = frames.results, searching(frames)
    lines = chosen_lines(frames, tuned)
    look = looks_of_tuned(results, lines)
    titles = shortened(results.tuned)
    grid = panel_grid(
        results,
        datasets=results.datasets_with_runs,
        measures=[measure],
        layout=layout,
        panel_heights={"page": 1.9, "column": 1.6},
        legend_rows=legend_rows([titles[name] for name in lines], layout=layout),
        extra_notes=[note, *choice_note(frames, tuned)],
    )
    for (dataset, _), axes in grid.axes.items():
        draw_panel(axes, frames, dataset=dataset, names=lines, label=label, line=line)
    draw_legend(grid.legend, {titles[name]: look[name] for name in lines}, layout=layout)
    return grid.figure


def trials_shown(frames: Frames) -> Shown:
    """What such a figure shows: the models with a line."""
    lines = chosen_lines(frames, searching(frames))
    return shown(frames.results, entries=lines, datasets=frames.results.datasets_with_runs)


def draw_panel(
    axes: Axes,
    frames: Frames,
    *,
    dataset: str,
    names: Sequence[str],
    label: str,
    line: DrawLine,
) -> None:
    """A line per model on the axes given."""
    frame, look = frames.searched_trials, looks_of_tuned(frames.results, names)
    here = frame[frame["dataset"] == dataset]
    for name in names:
        trials = here[here["entry"] == name]
        if len(trials):
            line(axes, trials, look[name])
    if here.empty:
        axes.text(0.5, 0.5, "nothing was searched", ha="center", transform=axes.transAxes)
    axes.xaxis.set_major_locator(whole_numbers())
    axes.set_xlabel(label)
    axes.set_ylabel("Valid. MRR@20 (%)")

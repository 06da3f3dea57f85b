"""What figures of tuning share: a panel per data set, a line per model that searches anything."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from srgnn_bench.report.figures.canvas import Layout, panel_grid
from srgnn_bench.report.figures.legend import draw_legend, legend_rows
from srgnn_bench.report.figures.looks import (
    Look,
    choice_note,
    chosen_lines,
    in_order,
    looks,
)
from srgnn_bench.report.frames import Frames
from srgnn_bench.report.results import shortened


def draw_trials(
    frames: Frames,
    *,
    layout: Layout,
    measure: str,
    label: str,
    note: str,
    line: Callable[[Axes, pd.DataFrame, Look], None],
) -> Figure:
    """Validation MRR@20 over trials.

    Args:
        frames: the suite.
        layout: the width.
        measure: name of what is drawn.
        label: of the axis of trials.
        note: what the lines are.
        line: draws the line of one model on one data set from the trials of its study.
    """
    results, frame = frames.results, frames.searched_trials
    tuned = [name for name in results.tuned if name in set(frame["entry"])]
    lines = chosen_lines(frames, tuned)
    # One study for all entries is no entry's own.
    look = in_order(lines) if results.shares_tuning else looks(results, lines)
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
        here = frame[frame["dataset"] == dataset]
        for name in lines:
            trials = here[here["entry"] == name]
            if len(trials):
                line(axes, trials, look[name])
        if here.empty:
            axes.text(0.5, 0.5, "nothing was searched", ha="center", transform=axes.transAxes)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
        axes.set_xlabel(label)
        axes.set_ylabel("Valid. MRR@20 (%)")
    draw_legend(grid.legend, {titles[name]: look[name] for name in lines}, layout=layout)
    return grid.figure

"""What figures share that have a line per entry: few lines, a band for the others, their names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from srgnn_bench.report.figures.canvas import Grid, Layout, lay_out, panel_grid
from srgnn_bench.report.figures.figure import Shown, shown
from srgnn_bench.report.figures.legend import draw_legend, legend_rows, name_line_ends
from srgnn_bench.report.figures.looks import Look, choice_note, chosen_lines, looks
from srgnn_bench.report.frames import Frames
from srgnn_bench.report.results import SuiteResults

OTHERS = "#ededed"
OTHER_LINE = "#c8c8c8"
"""Of a range that is a line: a single entry without one of its own, on a data set that few have."""


@dataclass(frozen=True)
class Lines:
    """A figure of lines under way.

    Attributes:
        results: the suite.
        grid: the panels.
        chosen: the entries that have a line.
        look: how each looks.
        named: the panels that have the names at the lines' ends; none where a legend has them.
        ends: where each entry's line ends in each panel, to be filled in while drawing.
    """

    results: SuiteResults
    grid: Grid
    chosen: list[str]
    look: dict[str, Look]
    named: list[tuple[str, str]]
    ends: dict[tuple[str, str], dict[str, float]] = field(default_factory=dict)


def line_grid(
    frames: Frames, *, measures: Sequence[str], layout: Layout, extra_notes: Sequence[str] = ()
) -> Lines:
    """Panels for datasets x measures with few lines each, and room for their names."""
    results = frames.results
    present = list(results.titles_with_runs)
    chosen = chosen_lines(frames, present)
    datasets = results.datasets_with_runs
    rightmost = (
        [(datasets[-1], measure) for measure in measures]
        if len(datasets) > 1
        else [(datasets[0], measures[-1])]
    )
    whole = all(entry in results.present(dataset) for dataset, _ in rightmost for entry in chosen)
    named = rightmost if layout == "page" and whole else []
    titles = [results.short_titles[entry] for entry in chosen]
    grid = panel_grid(
        results,
        datasets=datasets,
        measures=measures,
        layout=layout,
        panel_heights={"page": 1.75, "column": 1.45},
        legend_rows=0 if named else legend_rows(titles, layout=layout),
        extra_notes=[
            *choice_note(frames, present, rest="; grey: the range of the other {left}"),
            *extra_notes,
        ],
    )
    return Lines(results, grid, chosen, looks(results, chosen), named)


def lines_shown(frames: Frames) -> Shown:
    """What such a figure shows: the entries with a line."""
    results = frames.results
    lines = chosen_lines(frames, list(results.titles_with_runs))
    return shown(results, entries=lines, datasets=results.datasets_with_runs)


def band(axes: Axes, others: pd.DataFrame, *, places: Sequence[float] | None = None) -> None:
    """The range of the entries without a line.

    Args:
        axes: the panel.
        others: their values, a column each.
        places: where the rows stand; the frame's index unless given.
    """
    where = others.index if places is None else np.asarray(places)
    if others.shape[1] == 1:
        axes.plot(where, others.iloc[:, 0], color=OTHER_LINE, lw=1.0, zorder=1)
    elif others.shape[1]:
        axes.fill_between(where, others.min(axis=1), others.max(axis=1), color=OTHERS, lw=0)


def name_lines(lines: Lines, *, layout: Layout) -> None:
    """Write which line is whose: at their ends where these are known, else in a legend."""
    titles = lines.results.short_titles
    if not lines.named:
        named = {titles[entry]: lines.look[entry] for entry in lines.chosen}
        draw_legend(lines.grid.legend, named, layout=layout)
        return
    figure = lines.grid.figure
    lay_out(figure)
    for panel in lines.named:
        ends = [(titles[e], lines.ends[panel][e], lines.look[e].colour) for e in lines.chosen]
        name_line_ends(lines.grid.axes[panel], ends, dpi=figure.dpi)

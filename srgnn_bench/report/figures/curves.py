"""Recall@K and MRR@K over the length K of the list."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from srgnn_bench.report.figures.canvas import Layout
from srgnn_bench.report.figures.figure import FigureSpec
from srgnn_bench.report.figures.lines import band, line_grid, lines_shown, name_lines
from srgnn_bench.report.figures.looks import looks
from srgnn_bench.report.frames import Frames

MEASURES = {"recall": "Recall@K (%)", "mrr": "MRR@K (%)"}


def draw_curves(frames: Frames, *, layout: Layout) -> Figure:
    """One line per chosen entry, the mean over seeds, computed from the stored ranks."""
    lines = line_grid(frames, measures=list(MEASURES), layout=layout)
    for (dataset, measure), axes in lines.grid.axes.items():
        lines.ends[dataset, measure] = draw_panel(
            axes, frames, dataset=dataset, measure=measure, entries=lines.chosen
        )
    name_lines(lines, layout=layout)
    return lines.grid.figure


def draw_panel(
    axes: Axes,
    frames: Frames,
    *,
    dataset: str,
    measure: str,
    entries: Sequence[str],
    others: bool = True,
) -> dict[str, float]:
    """A line per entry on the axes given, and a band for the others; where each line ends."""
    frame = frames.curves
    here = frame[(frame["dataset"] == dataset) & (frame["measure"] == measure)]
    table = 100 * here.pivot(index="k", columns="entry", values="mean")
    if others:
        band(axes, table.drop(columns=list(entries), errors="ignore"))
    look = looks(frames.results, entries)
    for place, entry in enumerate(entries):
        if entry not in table:
            continue
        axes.plot(
            table.index,
            table[entry],
            color=look[entry].colour,
            linestyle=look[entry].dashes,
            linewidth=look[entry].width,
            marker=look[entry].marker,
            markerfacecolor=look[entry].face,
            markevery=(place % 4, 4),
            markersize=3,
            clip_on=False,
        )
    axes.set_xticks([1, 5, 10, 15, 20])
    axes.set_ylim(bottom=0)
    axes.set_xlim(0.5, 20.5)
    axes.set_xlabel("K")
    axes.set_ylabel(MEASURES[measure])
    return {str(entry): float(end) for entry, end in table.iloc[-1].items()}


FIGURE = FigureSpec(
    "curves", "Recall and MRR over the length of the list", draw_curves, order=50, shows=lines_shown
)

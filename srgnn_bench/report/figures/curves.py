"""Recall@K and MRR@K over the length K of the list."""

from __future__ import annotations

from matplotlib.figure import Figure

from srgnn_bench.report.figures.canvas import Layout
from srgnn_bench.report.figures.figure import FigureSpec
from srgnn_bench.report.figures.lines import band, line_grid, name_lines
from srgnn_bench.report.frames import Frames

MEASURES = {"recall": "Recall@K (%)", "mrr": "MRR@K (%)"}


def draw_curves(frames: Frames, *, layout: Layout) -> Figure:
    """One line per chosen entry, the mean over seeds, computed from the stored ranks."""
    frame = frames.curves
    lines = line_grid(frames, measures=list(MEASURES), layout=layout)
    for (dataset, measure), axes in lines.grid.axes.items():
        here = frame[(frame["dataset"] == dataset) & (frame["measure"] == measure)]
        table = 100 * here.pivot(index="k", columns="entry", values="mean")
        band(axes, table.drop(columns=lines.chosen, errors="ignore"))
        for place, entry in enumerate(lines.chosen):
            if entry not in table:
                continue
            look = lines.look[entry]
            axes.plot(
                table.index,
                table[entry],
                color=look.colour,
                linestyle=look.dashes,
                linewidth=look.width,
                marker=look.marker,
                markevery=(place % 4, 4),
                markersize=3,
                clip_on=False,
            )
        axes.set_xticks([1, 5, 10, 15, 20])
        axes.set_ylim(bottom=0)
        axes.set_xlim(0.5, 20.5)
        axes.set_xlabel("K")
        axes.set_ylabel(MEASURES[measure])
        lines.ends[dataset, measure] = table.iloc[-1].to_dict()
    name_lines(lines, layout=layout)
    return lines.grid.figure


FIGURE = FigureSpec("curves", "Recall and MRR over the length of the list", draw_curves, order=50)

"""Recall@K and MRR@K over the length K of the list."""

from __future__ import annotations

from matplotlib.figure import Figure

from srgnn_bench.report.figures.canvas import Layout, looks, panel_grid
from srgnn_bench.report.figures.figure import FigureSpec
from srgnn_bench.report.figures.legend import draw_legend, legend_rows
from srgnn_bench.report.frames import Frames

MEASURES = {"recall": "Recall@K (%)", "mrr": "MRR@K (%)"}


def draw_curves(frames: Frames, *, layout: Layout) -> Figure:
    """One line per entry, the mean over seeds, computed from the stored ranks."""
    results, frame = frames.results, frames.curves
    look = looks(results.entries)
    grid = panel_grid(
        results,
        datasets=results.datasets_with_runs,
        measures=list(MEASURES),
        layout=layout,
        panel_heights={"page": 1.75, "column": 1.45},
        legend_rows=legend_rows(results.titles_with_runs, layout=layout),
    )
    for (dataset, measure), axes in grid.axes.items():
        here = frame[(frame["dataset"] == dataset) & (frame["measure"] == measure)]
        for place, entry in enumerate(results.present(dataset)):
            line = here[here["entry"] == entry]
            axes.plot(
                line["k"],
                100 * line["mean"],
                color=look[entry].colour,
                linestyle=look[entry].dashes,
                marker=look[entry].marker,
                markevery=(place % 4, 4),
                markersize=3,
                clip_on=False,
            )
        axes.set_xticks([1, 5, 10, 15, 20])
        axes.set_ylim(bottom=0)
        axes.set_xlim(0.5, 20.5)
        axes.set_xlabel("K")
        axes.set_ylabel(MEASURES[measure])
    draw_legend(grid.legend, results.titles_with_runs, look=look, layout=layout)
    return grid.figure


FIGURE = FigureSpec("curves", "Recall and MRR over the length of the list", draw_curves, order=50)

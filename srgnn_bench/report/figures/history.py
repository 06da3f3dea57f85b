"""What tuning tried, and how much each parameter mattered."""

from __future__ import annotations

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from srgnn_bench.report.figures.canvas import Layout, looks, panel_grid
from srgnn_bench.report.figures.legend import draw_legend, legend_rows
from srgnn_bench.report.frames import Frames


def draw_history(frames: Frames, *, layout: Layout) -> Figure:
    """Best validation MRR@20 so far over trials, and every trial as a mark."""
    results, frame = frames.results, frames.trials
    look = looks(results.entries)
    grid = panel_grid(
        results,
        datasets=results.datasets,
        measures=["history"],
        layout=layout,
        panel_heights={"page": 1.9, "column": 1.6},
        legend_rows=legend_rows(results, layout=layout),
        extra_notes=[
            "Line: best so far. Marks: single trials; crosses: pruned ones, at the best epoch they "
            "reached. Trial 1 is the default configuration. All on validation sessions."
        ],
    )
    for (dataset, _), axes in grid.axes.items():
        here = frame[frame["dataset"] == dataset]
        for entry, trials in here.groupby("entry", sort=False):
            drawn = look[str(entry)]
            number = trials["number"] + 1
            axes.step(
                number,
                100 * trials["best"],
                where="post",
                color=drawn.colour,
                linestyle=drawn.dashes,
                lw=1.0,
            )
            for state, marker in (("complete", drawn.marker), ("pruned", "x")):
                of_state = trials["state"] == state
                axes.plot(
                    number[of_state],
                    100 * trials["value"][of_state],
                    marker,
                    color=drawn.colour,
                    markersize=2.8,
                    alpha=0.8,
                )
        if here.empty:
            axes.text(0.5, 0.5, "not stored", ha="center", transform=axes.transAxes)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
        axes.set_xlabel("Trial")
        axes.set_ylabel("MRR@20, validation (%)")
    draw_legend(grid.legend, results, layout=layout)
    return grid.figure

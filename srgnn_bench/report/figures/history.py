"""What tuning gained, trial by trial."""

from __future__ import annotations

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from srgnn_bench.report.figures.canvas import Layout, looks, panel_grid
from srgnn_bench.report.figures.legend import draw_legend, legend_rows
from srgnn_bench.report.frames import Frames
from srgnn_bench.report.results import shortened


def draw_history(frames: Frames, *, layout: Layout) -> Figure:
    """Best validation MRR@20 so far, over trials, of the models that search anything."""
    results, frame = frames.results, frames.searched_trials
    look = looks(list(results.tuned))
    tuned = {
        name: title
        for name, title in shortened(results.tuned).items()
        if name in set(frame["entry"])
    }
    grid = panel_grid(
        results,
        datasets=results.datasets_with_runs,
        measures=["history"],
        layout=layout,
        panel_heights={"page": 1.9, "column": 1.6},
        legend_rows=legend_rows(tuned, layout=layout),
        extra_notes=[
            "Line: best so far; mark: a trial that improved on it. Trial 1 is the default "
            "configuration."
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
            better = trials["best"].diff().fillna(1.0) > 0
            axes.plot(
                number[better], 100 * trials["best"][better], drawn.marker, color=drawn.colour
            )
        if here.empty:
            axes.text(0.5, 0.5, "nothing was searched", ha="center", transform=axes.transAxes)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
        axes.set_xlabel("Trial")
        axes.set_ylabel("Valid. MRR@20 (%)")
    draw_legend(grid.legend, tuned, look=look, layout=layout)
    return grid.figure

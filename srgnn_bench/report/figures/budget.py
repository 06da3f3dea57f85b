"""Whether the budget of trials was enough, whatever the order in which they came."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from srgnn_bench.evaluation.statistics import best_over_orders
from srgnn_bench.report.figures.canvas import Layout, looks, panel_grid
from srgnn_bench.report.figures.legend import draw_legend, legend_rows
from srgnn_bench.report.frames import Frames
from srgnn_bench.report.results import shortened


def draw_budget(frames: Frames, *, layout: Layout) -> Figure:
    """What a smaller budget would have found: best validation MRR@20 of n trials, over n.

    The mean over all orders of a study's trials, so that luck in the order plays no part. Models
    that search nothing have no line.
    """
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
        measures=["budget"],
        layout=layout,
        panel_heights={"page": 1.9, "column": 1.6},
        legend_rows=legend_rows(tuned, layout=layout),
        extra_notes=[
            "Best of so many of the trials that were made, on average over all their orders. A "
            "line that still rises at its end could gain from more trials."
        ],
    )
    for (dataset, _), axes in grid.axes.items():
        here = frame[frame["dataset"] == dataset]
        for entry, trials in here.groupby("entry", sort=False):
            drawn = look[str(entry)]
            best = best_over_orders(trials["value"].fillna(0.0).to_numpy())
            axes.plot(
                np.arange(1, len(best) + 1),
                100 * best,
                color=drawn.colour,
                linestyle=drawn.dashes,
                lw=1.0,
            )
            axes.plot(len(best), 100 * best[-1], drawn.marker, color=drawn.colour)
        if here.empty:
            axes.text(0.5, 0.5, "nothing was searched", ha="center", transform=axes.transAxes)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
        axes.set_xlabel("Trials")
        axes.set_ylabel("Valid. MRR@20 (%)")
    draw_legend(grid.legend, tuned, look=look, layout=layout)
    return grid.figure

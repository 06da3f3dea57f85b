"""Quality against cost, with the Pareto front."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from srgnn_bench.report.figures.canvas import Layout, looks, panel_grid
from srgnn_bench.report.figures.legend import draw_legend, legend_rows
from srgnn_bench.report.frames import Frames

COSTS = {
    "train_seconds": "Training, final run (s)",
    "session_milliseconds": "Ranking (ms per session)",
}


def pareto_front(costs: pd.Series[float], qualities: pd.Series[float]) -> list[int]:
    """Positions of the entries that no other beats in one respect and equals in the other.

    Args:
        costs: lower is better.
        qualities: higher is better.

    Returns:
        Positions, cheapest first.
    """
    front: list[int] = []
    best = -np.inf
    for position in np.lexsort((-qualities.to_numpy(), costs.to_numpy())):
        if qualities.iloc[position] > best:
            best = qualities.iloc[position]
            front.append(int(position))
    return front


def draw_tradeoff(frames: Frames, *, layout: Layout) -> Figure:
    """MRR@20 over training time and over ranking time, one mark per entry."""
    results = frames.results
    look = looks(results.entries)
    quality = frames.metrics[frames.metrics["metric"] == "mrr@20"]
    frame = frames.cost.merge(quality[["dataset", "entry", "mean"]], on=["dataset", "entry"])
    grid = panel_grid(
        results,
        datasets=results.datasets,
        measures=list(COSTS),
        layout=layout,
        panel_heights={"page": 1.75, "column": 1.45},
        legend_rows=legend_rows(results, layout=layout),
        extra_notes=["Stepped line: Pareto front, the entries that none beats in both respects."],
    )
    for (dataset, cost), axes in grid.axes.items():
        here = frame[frame["dataset"] == dataset].reset_index(drop=True)
        for row in here.itertuples():
            drawn = look[str(row.entry)]
            x, y = getattr(row, cost), 100 * float(str(row.mean))
            axes.plot(x, y, drawn.marker, color=drawn.colour, markersize=4.6, zorder=3)
        front = here.iloc[pareto_front(here[cost], here["mean"])]
        axes.step(front[cost], 100 * front["mean"], where="post", color="#777777", lw=0.9, zorder=2)
        axes.set_xscale("log")
        axes.set_xlabel(COSTS[cost])
        axes.set_ylabel("MRR@20 (%)")
    draw_legend(grid.legend, results, layout=layout, lines=False)
    return grid.figure

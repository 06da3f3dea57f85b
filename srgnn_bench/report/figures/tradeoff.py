"""Quality against cost, with the Pareto front."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from srgnn_bench.evaluation.metrics import metric_title
from srgnn_bench.report.figures.canvas import Layout, far_below, looks, panel_grid
from srgnn_bench.report.figures.figure import FigureSpec
from srgnn_bench.report.figures.legend import draw_legend, legend_rows
from srgnn_bench.report.frames import Frames

COSTS = {
    "train_seconds": "Training, final run (s)",
    "session_milliseconds": "Ranking (ms/session)",
}

MOST_TICKS = 4
"""What a panel in one column has room for."""

LABEL_WIDTH, LABEL_HEIGHT = 0.25, 0.12
"""Room of a label at the lower edge, as shares of the panel."""


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


def cost_ticks(costs: pd.Series[float]) -> list[float]:
    """Round values for a logarithmic axis: the fewer per decade, the more decades there are."""
    low, high = float(costs.min()), float(costs.max())
    span = high / low
    multiples = (1, 2, 5) if span < 6 else (1, 3) if span < 30 else (1,)
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks = [m * 10.0**decade for decade in decades for m in multiples]
    ticks = [tick for tick in ticks if 0.8 * low <= tick <= 1.25 * high]
    ticks = ticks[:: -max(math.ceil(len(ticks) / MOST_TICKS), 1)][::-1]
    if len(ticks) >= 2:
        return ticks
    return [low, high] if span > 1.05 else [low]


def label_levels(costs: Sequence[float], *, span: float) -> list[int]:
    """Line above the lower edge on which each label stands, so that none covers another.

    Args:
        costs: where the labels stand.
        span: natural logarithm of the axis's highest cost over its lowest.
    """
    taken: list[tuple[float, int]] = []
    for cost in costs:
        place = math.log(cost) / span
        near = {level for other, level in taken if abs(other - place) < LABEL_WIDTH}
        taken.append((place, next(level for level in range(len(costs)) if level not in near)))
    return [level for _, level in taken]


def draw_tradeoff(frames: Frames, *, layout: Layout) -> Figure:
    """The suite's last metric over training time and over ranking time, one mark per entry."""
    results = frames.results
    look = looks(results.entries)
    metric = results.metrics[-1]
    quality = frames.metrics[frames.metrics["metric"] == metric]
    frame = frames.cost.merge(quality[["dataset", "entry", "mean"]], on=["dataset", "entry"])
    grid = panel_grid(
        results,
        datasets=results.datasets_with_runs,
        measures=list(COSTS),
        layout=layout,
        panel_heights={"page": 1.75, "column": 1.45},
        legend_rows=legend_rows(results.titles_with_runs, layout=layout),
        extra_notes=[
            "Stepped line: Pareto front, the entries that none beats in both respects. Triangle at "
            "the lower edge: quality far below, written beside it."
        ],
    )
    for (dataset, cost), axes in grid.axes.items():
        here = frame[frame["dataset"] == dataset].reset_index(drop=True)
        far = far_below(here.set_index("entry")["mean"])
        low = here[here["entry"].isin(far)]
        span = max(math.log(here[cost].max() / here[cost].min()), 1e-9)
        levels = dict(zip(low["entry"], label_levels(low[cost].to_list(), span=span), strict=True))
        for row in here.to_dict("records"):
            drawn, y = look[row["entry"]], 100 * row["mean"]
            if row["entry"] in far:
                edge = axes.get_xaxis_transform()
                axes.plot(row[cost], 0.04, "v", color=drawn.colour, transform=edge, zorder=3)
                height = 0.09 + LABEL_HEIGHT * levels[row["entry"]]
                axes.text(row[cost], height, f"{y:.2f}", transform=edge, ha="center", fontsize=6.5)
            else:
                axes.plot(row[cost], y, drawn.marker, color=drawn.colour, markersize=4.6, zorder=3)
        front = here.iloc[pareto_front(here[cost], here["mean"])]
        axes.step(front[cost], 100 * front["mean"], where="post", color="#777777", lw=0.9, zorder=2)
        near = 100 * here["mean"][~here["entry"].isin(far)]
        room = 0.1 * (near.max() - near.min()) or 1.0
        top = near.max() + room
        # What stands at the lower edge needs its share of the panel.
        share = 0.18 + LABEL_HEIGHT * max(levels.values()) if far else 0.08
        axes.set_ylim((near.min() - share * top) / (1 - share), top)
        axes.set_xscale("log")
        axes.margins(x=0.12)
        axes.xaxis.set_major_locator(FixedLocator(cost_ticks(here[cost])))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{float(f'{value:.3g}'):g}"))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xlabel(COSTS[cost])
        axes.set_ylabel(f"{metric_title(metric)} (%)")
    draw_legend(grid.legend, results.titles_with_runs, look=look, layout=layout, lines=False)
    return grid.figure


FIGURE = FigureSpec("tradeoff", "Quality against cost", draw_tradeoff, order=70)

"""Quality against cost, with the Pareto front."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from srgnn_bench.evaluation.metrics import metric_title
from srgnn_bench.report.figures.canvas import Layout, lay_out, panel_grid
from srgnn_bench.report.figures.figure import FigureSpec
from srgnn_bench.report.figures.legend import (
    LABEL_SIZE,
    draw_families,
    families_of,
    legend_rows,
    name_marks,
)
from srgnn_bench.report.figures.looks import MOST_LINES, looks
from srgnn_bench.report.figures.rows import BEYOND
from srgnn_bench.report.figures.scale import MARGIN, Scale, scale_of
from srgnn_bench.report.frames import Frames
from srgnn_bench.report.results import SuiteResults

COSTS = {
    "train_seconds": "Training, final run (s)",
    "session_milliseconds": "Ranking (ms/session)",
}

SIDES = 0.12
"""Room at either side of the marks, as a share of what they span."""

MOST_TICKS = 4
"""What a panel in one column has room for."""

LABEL_WIDTH = {"page": 0.25, "column": 0.36}
LABEL_HEIGHT = {"page": 0.12, "column": 0.14}
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
    room = min(span**SIDES, 1.25)  # a tick beyond the axis would not be drawn
    ticks = [tick for tick in ticks if low / room <= tick <= high * room]
    ticks = ticks[:: -max(math.ceil(len(ticks) / MOST_TICKS), 1)][::-1]
    if len(ticks) >= 2:
        return ticks
    return [low, high] if span > 1.05 else [low]


def label_levels(costs: Sequence[float], *, span: float, width: float) -> list[int]:
    """Line above the lower edge on which each label stands, so that none covers another.

    Args:
        costs: where the labels stand.
        span: natural logarithm of the axis's highest cost over its lowest.
        width: of a label, as a share of the axis.
    """
    taken: list[tuple[float, int]] = []
    for cost in costs:
        place = math.log(cost) / span
        near = {level for other, level in taken if abs(other - place) < width}
        taken.append((place, next(level for level in range(len(costs)) if level not in near)))
    return [level for _, level in taken]


@dataclass(frozen=True)
class Panel:
    """A metric against costs on one data set.

    Attributes:
        metric: its name.
        here: costs and ``mean`` (of the metric, in percent) of each entry with a run.
        scale: the axis of the metric.
    """

    metric: str
    here: pd.DataFrame
    scale: Scale

    @property
    def drawn(self) -> pd.DataFrame:
        """The rows that lie on the axis."""
        rows: pd.DataFrame = self.here[~self.here["entry"].isin(self.scale.beyond)]
        return rows

    def front(self, cost: str) -> pd.DataFrame:
        """The rows of the Pareto front of those, cheapest first."""
        rows: pd.DataFrame = self.drawn.iloc[pareto_front(self.drawn[cost], self.drawn["mean"])]
        return rows


def panel_of(frames: Frames, *, dataset: str, metric: str, entries: Sequence[str]) -> Panel:
    """What ``draw_panel`` draws of a metric on a data set."""
    quality = frames.metrics[frames.metrics["metric"] == metric]
    frame = frames.cost.merge(quality[["dataset", "entry", "mean"]], on=["dataset", "entry"])
    here = frame[(frame["dataset"] == dataset) & frame["entry"].isin(entries)].copy()
    here["mean"] *= 100
    return Panel(metric, here.reset_index(drop=True), scale_of(here.set_index("entry")["mean"]))


def draw_tradeoff(frames: Frames, *, layout: Layout) -> Figure:
    """The suite's last metric over training time and over ranking time, one mark per entry."""
    results = frames.results
    metric = results.metrics[-1]
    panels = {
        dataset: panel_of(frames, dataset=dataset, metric=metric, entries=results.entries)
        for dataset in results.datasets_with_runs
    }
    own = results.entry_titles[results.subject]
    families = families_of(results, results.entries)
    grid = panel_grid(
        results,
        datasets=results.datasets_with_runs,
        measures=list(COSTS),
        layout=layout,
        panel_heights={"page": 1.9, "column": 1.6},
        legend_rows=legend_rows(list(families), layout=layout),
        extra_notes=[
            "Stepped line: Pareto front, the entries that none beats in both respects."
            + ("" if all(map(_all_named, panels.values())) else f" Names: {own} and the front.")
            + " Names without room are left out.",
            *([BEYOND] if any(panel.scale.beyond for panel in panels.values()) else []),
        ],
    )
    for (dataset, cost), axes in grid.axes.items():
        draw_panel(axes, results, panels[dataset], cost=cost, layout=layout)
    draw_families(grid.legend, families, layout=layout)
    lay_out(grid.figure)
    for (dataset, cost), axes in grid.axes.items():
        name_panel(axes, results, panels[dataset], cost=cost)
    return grid.figure


def draw_panel(
    axes: Axes, results: SuiteResults, panel: Panel, *, cost: str, layout: Layout
) -> None:
    """A mark per entry and the Pareto front on the axes given.

    Args:
        axes: where.
        results: the suite.
        panel: what.
        cost: column of the horizontal axis.
        layout: about how wide the axes are.
    """
    here, drawn, scale = panel.here, panel.drawn, panel.scale
    look = looks(results, results.entries)
    for row in drawn.to_dict("records"):
        mark = look[row["entry"]]
        axes.plot(row[cost], row["mean"], mark.marker, color=mark.colour, ms=4.6, zorder=3)
    front = panel.front(cost)
    axes.step(front[cost], front["mean"], where="post", color="#777777", lw=0.9, zorder=2)
    low = here[here["entry"].isin(scale.beyond)]
    span = max(math.log(here[cost].max() / here[cost].min()), 1e-9)
    levels = label_levels(low[cost].to_list(), span=span, width=LABEL_WIDTH[layout])
    for level, row in zip(levels, low.to_dict("records"), strict=True):
        axes.text(
            row[cost],
            0.03 + LABEL_HEIGHT[layout] * level,
            f"↓ {row['mean']:.2f}",
            transform=axes.get_xaxis_transform(),
            ha=_side(row[cost], here[cost]),
            fontsize=LABEL_SIZE,
            color=look[row["entry"]].colour,
        )
    # What stands at the lower edge needs its share of the panel, and a name above it room.
    share = LABEL_HEIGHT[layout] * (2 + max(levels)) if levels else 0.0
    least = float(drawn["mean"].min()) - MARGIN * (scale.high - float(drawn["mean"].min()))
    axes.set_ylim((least - share * scale.high) / (1 - share), scale.high)
    axes.set_xscale("log")
    # What lies beyond the other axis has its place on this one.
    cheapest, dearest = here[cost].min(), here[cost].max()
    room = (dearest / cheapest) ** SIDES if dearest > cheapest else 2.0
    axes.set_xlim(cheapest / room, dearest * room)
    axes.xaxis.set_major_locator(FixedLocator(cost_ticks(here[cost])))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{float(f'{value:.3g}'):g}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel(COSTS[cost])
    axes.set_ylabel(f"{metric_title(panel.metric)} (%)")


def name_panel(axes: Axes, results: SuiteResults, panel: Panel, *, cost: str) -> None:
    """Write names beside the marks of a panel, where there is room.

    All where there are few; else the subject and the front. The figure is laid out.
    """
    drawn, look = panel.drawn, looks(results, results.entries)
    front = panel.front(cost)
    named = (
        list(drawn["entry"]) if _all_named(panel) else [results.subject, *front["entry"].iloc[::-1]]
    )
    places = drawn.set_index("entry")[[cost, "mean"]]
    name_marks(
        axes,
        [
            (results.short_titles[entry], *places.loc[entry], look[entry].colour)
            for entry in dict.fromkeys(named)
            if entry in places.index
        ],
        others=[tuple(places.loc[entry]) for entry in places.index if entry not in named],
        steps=list(zip(front[cost], front["mean"], strict=True)),
    )


def _all_named(panel: Panel) -> bool:
    """Whether a panel names every mark: there are few."""
    return len(panel.drawn) <= MOST_LINES


def _side(cost: float, costs: pd.Series[float]) -> str:
    """How a label at a cost is aligned so that it stays in its panel."""
    low, high = math.log(costs.min()), math.log(costs.max())
    share = (math.log(cost) - low) / (high - low) if high > low else 0.5
    return "left" if share < 0.2 else "right" if share > 0.8 else "center"


FIGURE = FigureSpec(
    "tradeoff",
    "Quality against cost",
    draw_tradeoff,
    order=70,
    wanted=lambda frames: len(frames.results.titles_with_runs) > 1,
)

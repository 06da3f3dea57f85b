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
from srgnn_bench.report.figures.canvas import Layout, lay_out, panel_grid, text_width
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

FEW_LINES = 3
"""Of labels at the lower edge."""

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


@dataclass(frozen=True)
class EdgeLabel:
    """What is written at the lower edge of a panel: name and value of what lies below its axis.

    Attributes:
        left: what ends at its cost; the arrow is here or in ``right``.
        right: what begins there.
        level: line above the edge, from 0.
    """

    left: str
    right: str
    level: int


def edge_labels(
    values: Sequence[tuple[str, float, float]], *, axis: tuple[float, float], width: float
) -> list[EdgeLabel]:
    """Labels of values below an axis, none of which covers another or leaves the panel.

    Names are left out where they would take many lines more than the values alone.

    Args:
        values: title, cost and value of each.
        axis: costs at the ends of the panel.
        width: of the panel, in inches.
    """
    named = _placed(values, axis=axis, width=width)
    alone = _placed([("", cost, value) for _, cost, value in values], axis=axis, width=width)
    most = max([FEW_LINES - 1, *(label.level for label in alone)])
    return named if all(label.level <= most for label in named) else alone


def _placed(
    values: Sequence[tuple[str, float, float]], *, axis: tuple[float, float], width: float
) -> list[EdgeLabel]:
    low, high = map(math.log, axis)
    taken: list[tuple[float, float, int]] = []
    found = []
    for title, cost, value in values:
        place = (math.log(cost) - low) / (high - low)
        texts = _beside(title, f"{value:.2f}", left=place * width, right=(1 - place) * width)
        start, end = (side * _inches(text) for side, text in zip((-1, 1), texts, strict=True))
        start, end = place + start / width, place + end / width
        near = {level for a, b, level in taken if a < end and start < b}
        level = next(level for level in range(len(values)) if level not in near)
        taken.append((start, end, level))
        found.append(EdgeLabel(*texts, level))
    return found


def _beside(title: str, value: str, *, left: float, right: float) -> tuple[str, str]:
    """What stands left and right of a place, given the inches; as much of a title as fits."""
    kept = title
    while True:
        name = f"{kept} " if kept else ""
        for texts in (("", f"↓ {name}{value}"), (f"{name}{value} ↓", ""), (name, f"↓ {value}")):
            if _inches(texts[0]) <= left and _inches(texts[1]) <= right:
                return texts
        if not kept:
            return "", f"↓ {value}"
        kept = f"{kept.rstrip('…')[:-1].rstrip()}…" if len(kept) > 2 else ""


def _inches(text: str) -> float:
    """What a text takes, with a gap beside it."""
    return text_width(text, size=LABEL_SIZE) + 0.04 if text else 0.0


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
            _explanation(own, list(panels.values())),
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


def _explanation(subject: str, panels: Sequence[Panel]) -> str:
    """What the line is, where there is one, and which marks have names."""
    told, front = [], "what none beats in both respects"
    if any(len(panel.front(cost)) > 1 for panel in panels for cost in COSTS):
        of = " of those drawn" if any(panel.scale.beyond for panel in panels) else ""
        told.append(
            f"Stepped line: Pareto front{of}, the entries that none beats in both respects."
        )
        front = "the front"
    if not all(map(_all_named, panels)):
        told.append(f"Names: {subject} and {front}.")
    return " ".join([*told, "Names without room are left out."])


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
        above = 4 if row["entry"] == results.subject else 3
        axes.plot(row[cost], row["mean"], mark.marker, color=mark.colour, ms=4.6, zorder=above)
    front = panel.front(cost)
    axes.step(front[cost], front["mean"], where="post", color="#777777", lw=0.9, zorder=2)
    # What lies beyond the other axis has its place on this one.
    cheapest, dearest = here[cost].min(), here[cost].max()
    room = (dearest / cheapest) ** SIDES if dearest > cheapest else 2.0
    ends = float(cheapest / room), float(dearest * room)
    low = here[here["entry"].isin(scale.beyond)]
    labels = edge_labels(
        [(results.short_titles[r["entry"]], r[cost], r["mean"]) for r in low.to_dict("records")],
        axis=ends,
        width=axes.bbox.width / axes.figure.dpi,  # the layout makes it rather wider
    )
    for row, label in zip(low.to_dict("records"), labels, strict=True):
        for text, side in ((label.left, "right"), (label.right, "left")):
            if text:
                axes.text(
                    row[cost],
                    0.03 + LABEL_HEIGHT[layout] * label.level,
                    text,
                    transform=axes.get_xaxis_transform(),
                    ha=side,
                    fontsize=LABEL_SIZE,
                    color=look[row["entry"]].colour,
                )
    # What stands at the lower edge needs its share of the panel, and a name above it room.
    levels = [label.level for label in labels]
    share = LABEL_HEIGHT[layout] * (2 + max(levels)) if levels else 0.0
    least = float(drawn["mean"].min()) - MARGIN * (scale.high - float(drawn["mean"].min()))
    axes.set_ylim((least - share * scale.high) / (1 - share), scale.high)
    axes.set_xscale("log")
    axes.set_xlim(ends)
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


FIGURE = FigureSpec(
    "tradeoff",
    "Quality against cost",
    draw_tradeoff,
    order=70,
    wanted=lambda frames: len(frames.results.titles_with_runs) > 1,
)

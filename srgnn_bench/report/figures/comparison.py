"""The suite's metrics of every entry on every dataset, as dots with their spread."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from srgnn_bench.evaluation.metrics import metric_title
from srgnn_bench.report.captions import describe_intervals
from srgnn_bench.report.figures.canvas import Layout, Look, far_below, looks, panel_grid
from srgnn_bench.report.figures.figure import FigureSpec
from srgnn_bench.report.frames import Frames
from srgnn_bench.report.results import SuiteResults


def draw_comparison(frames: Frames, *, layout: Layout) -> Figure:
    """One row per entry: the mean, a bar of one standard deviation over seeds, every seed."""
    results = frames.results
    frame = frames.metrics.set_index("entry")
    frame = frame[frame["metric"].isin(results.metrics)]
    rows = len(results.entries)
    grid = panel_grid(
        results,
        datasets=results.datasets_with_runs,
        measures=results.metrics,
        layout=layout,
        panel_heights={"page": 0.62 + 0.155 * rows, "column": 0.56 + 0.135 * rows},
        sharey=True,
        extra_notes=[_explanation(results, frame)],
    )
    for (dataset, metric), axes in grid.axes.items():
        here = frame[(frame["dataset"] == dataset) & (frame["metric"] == metric)]
        _draw_panel(axes, results, here)
        axes.set_xlabel(f"{metric_title(metric)} (%)")
    return grid.figure


def _explanation(results: SuiteResults, frame: pd.DataFrame) -> str:
    seeds = int(frame["seeds"].max())
    text = "Large mark: mean; thin line: 95% interval, which holds "
    text += describe_intervals(frame["with_seeds"])
    if seeds > 1:
        text += f"; thick line: one standard deviation over {seeds} seeds; small marks: seeds"
    text += ". Hollow: fewer seeds than planned." if results.holes else "."
    panels = product(results.datasets_with_runs, results.metrics)
    if any(
        far_below(frame["mean"][(frame["dataset"] == dataset) & (frame["metric"] == metric)])
        for dataset, metric in panels
    ):
        text += " Triangle at the left edge: value far below, written beside it."
    return text


def _draw_panel(axes: Axes, results: SuiteResults, here: pd.DataFrame) -> None:
    look = looks(results.entries)
    far = far_below(here["mean"])
    drawn: list[float] = []
    for place, (entry, row) in enumerate(here.iterrows()):
        if np.isnan(row["mean"]):
            _write(axes, place, "no run", x=0.5, ha="center", color="#b00020")
        elif entry in far:
            edge = axes.get_yaxis_transform()
            axes.plot(0.03, place, "<", color=look[str(entry)].colour, transform=edge)
            _write(axes, place, f"{100 * row['mean']:.2f}", x=0.07)
        else:
            records = results.records[row["dataset"], str(entry)]
            values = [100 * record.metrics[row["metric"]] for record in records]
            drawn += _draw_entry(axes, place, look[str(entry)], row, values)
    axes.set_yticks(range(len(here)), [results.short_titles[str(entry)] for entry in here.index])
    axes.set_ylim(len(here) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.locator_params(axis="x", nbins=4)
    if drawn:
        margin = 0.08 * (max(drawn) - min(drawn)) or 1.0
        axes.set_xlim(min(drawn) - margin * (4 if far else 1), max(drawn) + margin)


def _draw_entry(
    axes: Axes, place: int, look: Look, row: pd.Series[Any], values: list[float]
) -> list[float]:
    """Draw one entry and return what the axis must hold."""
    mean, std = 100 * row["mean"], np.nan_to_num(100 * row["std"])
    if not np.isnan(row["low"]):
        axes.plot([100 * row["low"], 100 * row["high"]], [place, place], color=look.colour, lw=0.7)
    if len(values) > 1:
        axes.plot([mean - std, mean + std], [place, place], color=look.colour, lw=1.6)
        below = [place + 0.28] * len(values)
        axes.plot(values, below, ".", color=look.colour, markersize=2.2, alpha=0.7)
    fill = "white" if row["seeds"] < row["expected"] else look.colour
    axes.plot(mean, place, look.marker, color=look.colour, markerfacecolor=fill, markersize=4.6)
    ends = [100 * row["low"], 100 * row["high"]] if not np.isnan(row["low"]) else []
    return [*values, *ends, mean - std, mean + std]


def _write(axes: Axes, place: int, text: str, *, x: float, **style: Any) -> None:
    edge = axes.get_yaxis_transform()
    axes.text(x, place, text, transform=edge, va="center", fontsize=6.5, **style)


FIGURE = FigureSpec("comparison", "Every model on every data set", draw_comparison, order=10)

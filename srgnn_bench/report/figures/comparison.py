"""The suite's metrics of every entry on every dataset, as dots with their intervals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from srgnn_bench.evaluation.metrics import metric_title
from srgnn_bench.report.captions import describe_intervals
from srgnn_bench.report.figures.canvas import Layout, panel_grid
from srgnn_bench.report.figures.figure import FigureSpec
from srgnn_bench.report.figures.legend import draw_families, families_of, legend_rows
from srgnn_bench.report.figures.looks import Look, in_rows, looks
from srgnn_bench.report.figures.rows import BEYOND, label_rows, row_heights, write_in_row
from srgnn_bench.report.figures.scale import Scale, scale_of
from srgnn_bench.report.frames import Frames
from srgnn_bench.report.printed import printed_numbers
from srgnn_bench.report.results import SuiteResults


def draw_comparison(frames: Frames, *, layout: Layout) -> Figure:
    """One row per entry: the mean and its interval, every seed, and what papers print of it."""
    results = frames.results
    frame = frames.metrics
    panels = {
        (dataset, metric): frame[(frame["dataset"] == dataset) & (frame["metric"] == metric)]
        .set_index("entry")
        .loc[in_rows(frames)]
        for dataset in results.datasets_with_runs
        for metric in results.metrics
    }
    # Printed numbers chose their epoch on the test set: only where ours did do they compare.
    printed = printed_numbers(results) if results.optimistic else []
    ticks: dict[tuple[str, str], dict[str, list[float]]] = {panel: {} for panel in panels}
    for number in printed:
        if (panel := (number.dataset, number.metric)) in ticks:
            ticks[panel].setdefault(number.entry, []).append(100 * number.value)
    scales = {panel: _scale(here, ticks[panel]) for panel, here in panels.items()}
    families = families_of(results, results.entries)
    grid = panel_grid(
        results,
        datasets=results.datasets_with_runs,
        measures=results.metrics,
        layout=layout,
        panel_heights=row_heights(len(results.entries)),
        legend_rows=legend_rows(list(families), layout=layout),
        sharey=True,
        extra_notes=[
            _explanation(results, pd.concat(panels.values())),
            *([BEYOND] if any(scale.beyond for scale in scales.values()) else []),
            *_sources(printed),
        ],
    )
    look = looks(results, results.entries)
    for panel, axes in grid.axes.items():
        _draw_panel(axes, results, panels[panel], scales[panel], look)
        for entry, values in ticks[panel].items():
            places = [list(panels[panel].index).index(entry)] * len(values)
            axes.plot(values, places, "|", color="#b00020", markersize=8, mew=1.3, zorder=1)
        axes.set_xlabel(f"{metric_title(panel[1])} (%)")
    draw_families(grid.legend, families, layout=layout)
    return grid.figure


def _explanation(results: SuiteResults, frame: pd.DataFrame) -> str:
    seeds = int(frame["seeds"].max())
    text = "Mark: mean; line: 95% interval, which holds "
    text += describe_intervals(frame["with_seeds"])
    if seeds > 1:
        text += f"; dots below it: {seeds} seeds"
    return text + (". Hollow: fewer seeds than planned." if results.holes else ".")


def _sources(printed: list[Any]) -> list[str]:
    papers = ", ".join(dict.fromkeys(number.short_source for number in printed))
    return [f"Upright stroke: printed in {papers}."] if papers else []


def _scale(here: pd.DataFrame, ticks: dict[str, list[float]]) -> Scale:
    drawn = 100 * here[["mean", "low", "high"]]
    for entry, values in ticks.items():
        drawn.loc[entry, "low"] = np.nanmin([*values, drawn.loc[entry, "low"]])
        drawn.loc[entry, "high"] = np.nanmax([*values, drawn.loc[entry, "high"]])
    return scale_of(drawn["mean"], lows=drawn["low"], highs=drawn["high"])


def _draw_panel(
    axes: Axes, results: SuiteResults, here: pd.DataFrame, scale: Scale, look: dict[str, Look]
) -> None:
    for place, (entry, row) in enumerate(here.iterrows()):
        if np.isnan(row["mean"]):
            write_in_row(axes, place, "no run", x=0.5, ha="center", color="#b00020")
        elif entry in scale.beyond:
            write_in_row(axes, place, f"← {100 * row['mean']:.2f}", x=0.02)
        else:
            records = results.records[row["dataset"], str(entry)]
            values = [100 * results.measured(record, row["metric"]) for record in records]
            _draw_entry(axes, place, look[str(entry)], row, values)
    label_rows(axes, results, list(here.index))
    axes.locator_params(axis="x", nbins=4)
    axes.set_xlim(scale.low, scale.high)


def _draw_entry(
    axes: Axes, place: int, look: Look, row: pd.Series[Any], values: list[float]
) -> None:
    if not np.isnan(row["low"]):
        ends = [100 * row["low"], 100 * row["high"]]
        axes.plot(ends, [place, place], color=look.colour, lw=look.width)
    if len(values) > 1:
        below = [place + 0.32] * len(values)
        axes.plot(values, below, ".", color=look.colour, markersize=2.2, mew=0)
    fill = "white" if row["seeds"] < row["expected"] else look.colour
    axes.plot(
        100 * row["mean"], place, look.marker, color=look.colour, markerfacecolor=fill, markersize=4
    )


FIGURE = FigureSpec(
    "comparison",
    "Every model on every data set",
    draw_comparison,
    order=10,
    wanted=lambda frames: len(frames.results.titles_with_runs) > 1,
)

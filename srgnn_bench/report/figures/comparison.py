"""The suite's metrics of every entry on every dataset, as dots with their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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
from srgnn_bench.report.printed import PrintedNumber
from srgnn_bench.report.results import SuiteResults


@dataclass(frozen=True)
class Panel:
    """One metric on one data set.

    Attributes:
        here: the metric's row of each entry, in the order of the rows.
        printed: what papers print of an entry, in percent.
        scale: the axis.
    """

    here: pd.DataFrame
    printed: dict[str, list[float]]
    scale: Scale


def panel_of(frames: Frames, *, dataset: str, metric: str, entries: Sequence[str]) -> Panel:
    """What ``draw_panel`` draws of a metric on a data set."""
    frame = frames.metrics
    here = frame[(frame["dataset"] == dataset) & (frame["metric"] == metric)]
    here = here.set_index("entry").loc[list(entries)]
    printed: dict[str, list[float]] = {}
    for number in _printed(frames):
        if (number.dataset, number.metric) == (dataset, metric) and number.entry in here.index:
            printed.setdefault(number.entry, []).append(100 * number.value)
    return Panel(here, printed, _scale(here, printed))


def _printed(frames: Frames) -> list[PrintedNumber]:
    """Printed numbers chose their epoch on the test set: only where ours did do they compare."""
    return frames.printed if frames.results.optimistic else []


def draw_comparison(frames: Frames, *, layout: Layout) -> Figure:
    """One row per entry: the mean and its interval, every seed, and what papers print of it."""
    results = frames.results
    rows = in_rows(frames)
    panels = {
        (dataset, metric): panel_of(frames, dataset=dataset, metric=metric, entries=rows)
        for dataset in results.datasets_with_runs
        for metric in results.metrics
    }
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
            _explanation(pd.concat([panel.here for panel in panels.values()])),
            *([BEYOND] if any(panel.scale.beyond for panel in panels.values()) else []),
            *_sources(_printed(frames)),
        ],
    )
    for place, axes in grid.axes.items():
        draw_panel(axes, results, panels[place])
    draw_families(grid.legend, families, layout=layout)
    return grid.figure


def _explanation(frame: pd.DataFrame) -> str:
    seeds = int(frame["seeds"].max())
    text = "Mark: mean; line: 95% interval, which holds "
    text += describe_intervals(frame["with_seeds"])
    if seeds > 1:
        text += f"; dots below it: {seeds} seeds"
    hollow = (frame["seeds"] > 0) & (frame["seeds"] < frame["expected"])
    return text + (". Hollow: fewer seeds than planned." if hollow.any() else ".")


def _sources(printed: list[PrintedNumber]) -> list[str]:
    papers = ", ".join(dict.fromkeys(number.short_source for number in printed))
    return [f"Upright stroke: printed in {papers}."] if papers else []


def _scale(here: pd.DataFrame, ticks: dict[str, list[float]]) -> Scale:
    drawn = 100 * here[["mean", "low", "high"]]
    for entry, values in ticks.items():
        drawn.loc[entry, "low"] = np.nanmin([*values, drawn.loc[entry, "low"]])
        drawn.loc[entry, "high"] = np.nanmax([*values, drawn.loc[entry, "high"]])
    return scale_of(drawn["mean"], lows=drawn["low"], highs=drawn["high"])


def draw_panel(axes: Axes, results: SuiteResults, panel: Panel) -> None:
    """A row per entry on the axes given."""
    here, scale, look = panel.here, panel.scale, looks(results, results.entries)
    for place, (entry, row) in enumerate(here.iterrows()):
        if np.isnan(row["mean"]):
            asked = row["expected"] > 0
            words, colour = ("no run", "#b00020") if asked else ("not asked for", "#777777")
            write_in_row(axes, place, words, x=0.5, ha="center", color=colour)
        elif entry in scale.beyond:
            write_in_row(axes, place, f"← {100 * row['mean']:.2f}", x=0.02)
        else:
            records = results.records[row["dataset"], str(entry)]
            values = [100 * results.measured(record, row["metric"]) for record in records]
            _draw_entry(axes, place, look[str(entry)], row, values)
    label_rows(axes, results, list(here.index))
    axes.locator_params(axis="x", nbins=4)
    axes.set_xlim(scale.low, scale.high)
    for entry, values in panel.printed.items():
        places = [list(here.index).index(entry)] * len(values)
        axes.plot(values, places, "|", color="#b00020", markersize=8, mew=1.3, zorder=1)
    axes.set_xlabel(f"{metric_title(str(here['metric'].iloc[0]))} (%)")


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

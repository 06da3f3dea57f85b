"""The paired differences between the subject and every other entry."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from srgnn_bench.evaluation.metrics import metric_title
from srgnn_bench.report.captions import describe_intervals
from srgnn_bench.report.figures.canvas import Layout, panel_grid
from srgnn_bench.report.figures.figure import FigureSpec, compared
from srgnn_bench.report.figures.legend import draw_families, families_of, legend_rows
from srgnn_bench.report.figures.looks import in_rows, looks
from srgnn_bench.report.figures.rows import BEYOND, label_rows, row_heights, write_in_row
from srgnn_bench.report.figures.scale import Scale, scale_of
from srgnn_bench.report.frames import Frames
from srgnn_bench.report.results import SuiteResults


def panel_of(frames: Frames, *, dataset: str, metric: str, entries: Sequence[str]) -> pd.DataFrame:
    """The rows of ``Frames.differences`` that a panel draws, by entry."""
    frame = frames.differences
    here = frame[(frame["dataset"] == dataset) & (frame["metric"] == metric)].set_index("entry")
    rows: pd.DataFrame = here[here.index.isin(entries)]
    return rows


def _scale(results: SuiteResults, here: pd.DataFrame) -> Scale:
    """Turned around, so that the best stands highest, as in any other scale."""
    return scale_of(
        pd.concat([-100 * here["difference"], pd.Series({results.subject: 0.0})]),
        lows=-100 * here["high"],
        highs=-100 * here["low"],
    )


def draw_differences(frames: Frames, *, layout: Layout) -> Figure:
    """One row per other entry: the mean difference with its interval, a panel per metric."""
    results, frame = frames.results, frames.differences
    subject = results.entry_titles[results.subject]
    others = [entry for entry in in_rows(frames) if entry != results.subject]
    datasets = list(frame["dataset"].unique())
    panels = {
        (dataset, metric): panel_of(frames, dataset=dataset, metric=metric, entries=others)
        for dataset in datasets
        for metric in results.metrics
    }
    families = families_of(results, others)
    grid = panel_grid(
        results,
        datasets=datasets,
        measures=results.metrics,
        layout=layout,
        panel_heights=row_heights(len(others)),
        legend_rows=legend_rows(list(families), layout=layout),
        sharey=True,
        extra_notes=[
            f"Δ: {subject} less each other entry, paired over the test sessions; right of 0: "
            f"{subject} is better. Line: 95% interval, which holds "
            f"{describe_intervals(frame['with_seeds'])}.",
            *([BEYOND] if any(_scale(results, here).beyond for here in panels.values()) else []),
        ],
    )
    for place, axes in grid.axes.items():
        draw_panel(axes, results, panels[place], entries=others)
    draw_families(grid.legend, families, layout=layout)
    return grid.figure


def draw_panel(
    axes: Axes, results: SuiteResults, here: pd.DataFrame, *, entries: Sequence[str]
) -> None:
    """A row per entry on the axes given; empty where the entry has no run."""
    look, scale = looks(results, results.entries), _scale(results, here)
    axes.axvline(0, color="#777777", lw=0.8, zorder=1)
    for place, entry in enumerate(entries):
        if entry not in here.index:
            continue
        drawn, row = look[entry], here.loc[entry]
        if entry in scale.beyond:
            write_in_row(axes, place, f"{100 * row['difference']:.1f} →", x=0.98, ha="right")
            continue
        if not np.isnan(row["low"]):
            axes.plot([100 * row["low"], 100 * row["high"]], [place, place], color=drawn.colour)
        axes.plot(100 * row["difference"], place, drawn.marker, color=drawn.colour, markersize=4)
    label_rows(axes, results, entries)
    axes.locator_params(axis="x", nbins=5)
    axes.set_xlim(-scale.high, -scale.low)
    axes.set_xlabel(f"Δ {metric_title(str(here['metric'].iloc[0]))} (points)")


FIGURE = FigureSpec(
    "differences",
    "Paired differences",
    draw_differences,
    order=30,
    wanted=lambda frames: not frames.differences.empty and not frames.results.is_ablation,
    shows=compared,
)

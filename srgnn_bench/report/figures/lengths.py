"""The suite's metrics by the length of the prefix."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from srgnn_bench.evaluation.metrics import metric_title
from srgnn_bench.report.captions import describe_intervals
from srgnn_bench.report.figures.canvas import Layout, looks, panel_grid
from srgnn_bench.report.figures.figure import FigureSpec
from srgnn_bench.report.figures.legend import draw_legend, legend_rows
from srgnn_bench.report.frames import Frames

SHARED_WIDTH = 0.5
"""Width over which the entries of one length are spread, so that their bars do not overlap."""

MOST_BARRED = 6
"""Most entries whose bars can still be told apart."""


def _reach(line: pd.DataFrame) -> np.ndarray:
    """How far the intervals reach below and above the means, shape (2, lengths); 0 if unknown."""
    ends = [line["mean"] - line["mean_low"], line["mean_high"] - line["mean"]]
    reach: np.ndarray = np.nan_to_num(np.stack(ends))
    return reach


def draw_lengths(frames: Frames, *, layout: Layout) -> Figure:
    """One mark with its interval per entry and length."""
    results = frames.results
    look = looks(results.entries)
    frame = frames.slices[frames.slices["kind"] == "prefix length"]
    narrow = layout == "column" or len(results.datasets_with_runs) > 3
    barred = len(results.entries) <= MOST_BARRED
    grid = panel_grid(
        results,
        datasets=results.datasets_with_runs,
        measures=results.metrics,
        layout=layout,
        panel_heights={"page": 1.75, "column": 1.45},
        legend_rows=legend_rows(results.titles_with_runs, layout=layout),
        extra_notes=[
            f"Bars: 95% interval, which holds {describe_intervals(frames.metrics['with_seeds'])}; "
            "the longest are cut off."
            if barred
            else "Intervals: see the table's CSV."
        ],
    )
    for (dataset, metric), axes in grid.axes.items():
        here = frame[(frame["dataset"] == dataset) & (frame["metric"] == metric)]
        labels = list(dict.fromkeys(here["slice"]))
        present = results.present(dataset)
        for place, entry in enumerate(present):
            line = here[here["entry"] == entry]
            shift = SHARED_WIDTH * (place / max(len(present) - 1, 1) - 0.5)
            drawn = look[entry]
            axes.errorbar(
                np.arange(len(labels)) + shift,
                100 * line["mean"],
                yerr=100 * _reach(line) if barred else None,
                color=drawn.colour,
                marker=drawn.marker,
                linestyle=drawn.dashes,
                linewidth=0.7,
                elinewidth=0.6,
                markersize=2.6,
            )
        axes.set_xticks(range(len(labels)), labels, rotation=45 if narrow else 0)
        if len(here):
            reach = here["mean_high"].fillna(here["mean"]) if barred else here["mean"]
            top = 100 * min(1.05 * reach.max(), 1.5 * here["mean"].max())
            axes.set_ylim(0, top or 1.0)
        axes.grid(visible=False, axis="x")
        axes.set_xlabel("Clicks in the prefix")
        axes.set_ylabel(f"{metric_title(metric)} (%)")
    draw_legend(grid.legend, results.titles_with_runs, look=look, layout=layout)
    return grid.figure


FIGURE = FigureSpec("lengths", "By length of the prefix", draw_lengths, order=60)

"""The suite's metrics by the length of the prefix."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from srgnn_bench.evaluation.metrics import metric_title
from srgnn_bench.report.captions import describe_intervals
from srgnn_bench.report.figures.canvas import Layout
from srgnn_bench.report.figures.figure import FigureSpec
from srgnn_bench.report.figures.lines import band, line_grid, name_lines
from srgnn_bench.report.frames import Frames

SHARED_WIDTH = 0.5
"""Width over which the entries of one length are spread, so that their bars do not overlap."""


def _reach(line: pd.DataFrame) -> np.ndarray:
    """How far the intervals reach below and above the means, shape (2, lengths); 0 if unknown."""
    ends = [line["mean"] - line["mean_low"], line["mean_high"] - line["mean"]]
    reach: np.ndarray = np.nan_to_num(np.stack(ends))
    return reach


def draw_lengths(frames: Frames, *, layout: Layout) -> Figure:
    """One mark with its interval per chosen entry and length."""
    results = frames.results
    frame = frames.slices[frames.slices["kind"] == "prefix length"]
    narrow = layout == "column" or len(results.datasets_with_runs) > 2
    lines = line_grid(
        frames,
        measures=results.metrics,
        layout=layout,
        extra_notes=[
            f"Bars: 95% interval, which holds {describe_intervals(frames.metrics['with_seeds'])}; "
            "the longest are cut off."
        ],
    )
    for (dataset, metric), axes in lines.grid.axes.items():
        here = frame[(frame["dataset"] == dataset) & (frame["metric"] == metric)]
        labels = list(dict.fromkeys(here["slice"]))
        table = 100 * here.pivot(index="slice", columns="entry", values="mean").loc[labels]
        band(axes, table.drop(columns=lines.chosen, errors="ignore"), places=range(len(labels)))
        drawn = here[here["entry"].isin(lines.chosen)]
        for place, entry in enumerate(lines.chosen):
            line = drawn[drawn["entry"] == entry]
            if line.empty:
                continue
            shift = SHARED_WIDTH * (place / max(len(lines.chosen) - 1, 1) - 0.5)
            look = lines.look[entry]
            axes.errorbar(
                np.arange(len(labels)) + shift,
                100 * line["mean"],
                yerr=100 * _reach(line),
                color=look.colour,
                marker=look.marker,
                linestyle=look.dashes,
                linewidth=0.7 * look.width,
                elinewidth=0.6,
                markersize=2.6,
            )
        axes.set_xticks(range(len(labels)), labels, rotation=45 if narrow else 0)
        if len(drawn):
            reach = drawn["mean_high"].fillna(drawn["mean"])
            top = 100 * min(1.05 * reach.max(), 1.5 * drawn["mean"].max())
            axes.set_ylim(0, top or 1.0)
        axes.grid(visible=False, axis="x")
        axes.set_xlabel("Clicks in the prefix")
        axes.set_ylabel(f"{metric_title(metric)} (%)")
        lines.ends[dataset, metric] = table.iloc[-1].to_dict()
    name_lines(lines, layout=layout)
    return lines.grid.figure


FIGURE = FigureSpec("lengths", "By length of the prefix", draw_lengths, order=60)

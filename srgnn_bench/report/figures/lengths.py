"""The suite's metrics by the length of the prefix."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from srgnn_bench.evaluation.metrics import metric_title
from srgnn_bench.report.captions import describe_intervals
from srgnn_bench.report.figures.canvas import Layout
from srgnn_bench.report.figures.figure import FigureSpec
from srgnn_bench.report.figures.lines import band, line_grid, lines_shown, name_lines
from srgnn_bench.report.figures.looks import chosen_lines, looks
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
    narrow = layout == "column" or len(results.datasets_with_runs) > 2
    lines = line_grid(
        frames,
        measures=results.metrics,
        layout=layout,
        extra_notes=[
            f"Bars: 95% interval, which holds {describe_intervals(frames.metrics['with_seeds'])}"
            + ("; the longest are cut off." if _cuts(frames) else ".")
        ],
    )
    for (dataset, metric), axes in lines.grid.axes.items():
        lines.ends[dataset, metric] = draw_panel(
            axes, frames, dataset=dataset, metric=metric, entries=lines.chosen, narrow=narrow
        )
    name_lines(lines, layout=layout)
    return lines.grid.figure


def _top(drawn: pd.DataFrame) -> float:
    """Where the axis ends: above all intervals, unless these would squeeze the means."""
    reach = drawn["mean_high"].fillna(drawn["mean"])
    return float(min(1.05 * reach.max(), 1.5 * drawn["mean"].max()))


def _cuts(frames: Frames) -> bool:
    """Whether the interval of any line that is drawn ends beyond the axis."""
    chosen = chosen_lines(frames, list(frames.results.titles_with_runs))
    frame = frames.slices[frames.slices["kind"] == "prefix length"]
    drawn = frame[frame["entry"].isin(chosen)]
    return any(
        bool((here["mean_high"] > _top(here)).any())
        for _, here in drawn.groupby(["dataset", "metric"])
    )


def draw_panel(
    axes: Axes,
    frames: Frames,
    *,
    dataset: str,
    metric: str,
    entries: Sequence[str],
    others: bool = True,
    narrow: bool = False,
) -> dict[str, float]:
    """A line per entry on the axes given, and a band for the others; where each line ends."""
    frame = frames.slices[frames.slices["kind"] == "prefix length"]
    here = frame[(frame["dataset"] == dataset) & (frame["metric"] == metric)]
    labels = list(dict.fromkeys(here["slice"]))
    table = 100 * here.pivot(index="slice", columns="entry", values="mean").loc[labels]
    if others:
        rest = table.drop(columns=list(entries), errors="ignore")
        band(axes, rest, places=range(len(labels)))
    look = looks(frames.results, entries)
    drawn = here[here["entry"].isin(entries)]
    for place, entry in enumerate(entries):
        line = drawn[drawn["entry"] == entry]
        if line.empty:
            continue
        shift = SHARED_WIDTH * (place / max(len(entries) - 1, 1) - 0.5)
        axes.errorbar(
            np.arange(len(labels)) + shift,
            100 * line["mean"],
            yerr=100 * _reach(line),
            color=look[entry].colour,
            marker=look[entry].marker,
            markerfacecolor=look[entry].face,
            linestyle=look[entry].dashes,
            linewidth=0.7 * look[entry].width,
            elinewidth=0.6,
            markersize=2.6,
        )
    axes.set_xticks(range(len(labels)), labels, rotation=45 if narrow else 0)
    if len(drawn):
        axes.set_ylim(0, 100 * _top(drawn) or 1.0)
    axes.grid(visible=False, axis="x")
    axes.set_xlabel("Clicks in the prefix")
    axes.set_ylabel(f"{metric_title(metric)} (%)")
    return {str(entry): float(end) for entry, end in table.iloc[-1].items()}


FIGURE = FigureSpec("lengths", "By length of the prefix", draw_lengths, order=60, shows=lines_shown)

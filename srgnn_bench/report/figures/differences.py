"""How the paired differences are distributed over the test sessions."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from srgnn_bench.evaluation.metrics import metric_title
from srgnn_bench.report.captions import describe_intervals
from srgnn_bench.report.figures.canvas import Layout, far_below, looks, panel_grid
from srgnn_bench.report.figures.figure import FigureSpec
from srgnn_bench.report.frames import Frames


def draw_differences(frames: Frames, *, layout: Layout) -> Figure:
    """The mean with its interval, and below it where the sessions themselves lie."""
    results, frame = frames.results, frames.differences
    subject = results.entry_titles[results.subject]
    chosen = results.metrics[-1]
    others = [entry for entry in results.entries if entry != results.subject]
    look = looks(results.entries)
    measures = ("mean", "sessions")
    grid = panel_grid(
        results,
        datasets=list(frame["dataset"].unique()),
        measures=measures,
        layout=layout,
        panel_heights={"page": 0.62 + 0.16 * len(others), "column": 0.56 + 0.14 * len(others)},
        sharey=True,
        extra_notes=[
            f"Δ: {subject} less each other entry, {metric_title(chosen)}, averaged over seeds; "
            f"right of 0: {subject} is better. Mean: over prefixes, with its 95% interval, which "
            f"holds {describe_intervals(frame['with_seeds'])}. "
            "Sessions: middle half (thick) and middle nine tenths (thin) of the test sessions' own "
            "means. Triangle at the right edge: too far for the axis, Δ written beside it."
        ],
    )
    for (dataset, measure), axes in grid.axes.items():
        here = frame[(frame["dataset"] == dataset) & (frame["metric"] == chosen)]
        here = here.set_index("entry")
        means = frames.metrics[frames.metrics["metric"] == chosen]
        far = far_below(means[means["dataset"] == dataset].set_index("entry")["mean"])
        axes.axvline(0, color="#777777", lw=0.8)
        for place, entry in enumerate(others):
            if entry not in here.index:
                continue
            drawn, row = look[entry], here.loc[entry]
            if entry in far and results.subject not in far:
                edge = axes.get_yaxis_transform()
                axes.plot(0.97, place, ">", color=drawn.colour, transform=edge)
                text = f"{100 * row['difference']:.1f}"
                axes.text(0.93, place, text, transform=edge, ha="right", va="center", fontsize=6.5)
                continue
            if measure == "mean":
                axes.plot([100 * row["low"], 100 * row["high"]], [place, place], color=drawn.colour)
                axes.plot(100 * row["difference"], place, drawn.marker, color=drawn.colour)
                continue
            ends = 100 * _session_quantiles(frames, dataset, entry)
            axes.plot(ends[[0, 3]], [place, place], color=drawn.colour, lw=0.8)
            axes.plot(ends[[1, 2]], [place, place], color=drawn.colour, lw=3.0)
        axes.set_yticks(range(len(others)), [results.short_titles[e] for e in others])
        axes.set_ylim(len(others) - 0.4, -0.7)
        axes.tick_params(axis="y", length=0)
        axes.locator_params(axis="x", nbins=5)
        axes.set_xlabel("Mean Δ (points)" if measure == "mean" else "Sessions' Δ (points)")
    return grid.figure


def _session_quantiles(frames: Frames, dataset: str, entry: str) -> np.ndarray:
    results, totals = frames.results, frames.scores.totals(dataset)
    subject, other = (totals[name, results.metrics[-1]] for name in (results.subject, entry))
    means = (subject.sums.mean(axis=0) - other.sums.mean(axis=0)) / subject.counts
    quantiles: np.ndarray = np.quantile(means, [0.05, 0.25, 0.75, 0.95])
    return quantiles


FIGURE = FigureSpec(
    "differences",
    "Paired differences",
    draw_differences,
    order=30,
    wanted=lambda frames: not frames.differences.empty,
)

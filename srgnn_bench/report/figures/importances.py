"""How much each searched parameter mattered, per entry and dataset."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from srgnn_bench.report.figures.canvas import Layout, panel_grid
from srgnn_bench.report.frames import Frames
from srgnn_bench.report.importance import FEWEST_TRIALS


def draw_importances(frames: Frames, *, layout: Layout) -> Figure:
    """A table of shades with the shares written in; entries without enough trials are left out."""
    results, frame = frames.results, frames.importance
    parameters = list(dict.fromkeys(frame["parameter"]))
    entries = [e for e in results.tuned if e in set(frame["entry"])]
    height = 0.85 + 0.19 * len(entries)
    grid = panel_grid(
        results,
        datasets=[d for d in results.datasets if d in set(frame["dataset"])],
        measures=["importance"],
        layout=layout,
        panel_heights={"page": height, "column": height},
        sharey=True,
        extra_notes=[
            "Share of the spread between completed trials that a parameter explains, in percent "
            f"(functional ANOVA); at least {FEWEST_TRIALS} trials each. From few trials, a hint."
        ],
    )
    for (dataset, _), axes in grid.axes.items():
        here = frame[frame["dataset"] == dataset].set_index(["entry", "parameter"])["importance"]
        shares = np.array([[here.get((entry, p), np.nan) for p in parameters] for entry in entries])
        # A mesh stays a drawing in SVG and PDF, where an image would be embedded pixels.
        axes.pcolormesh(shares, cmap="Greys", vmin=0, vmax=1.4)
        axes.set_ylim(len(entries), 0)
        for row, column in zip(*np.nonzero(~np.isnan(shares)), strict=True):
            share = shares[row, column]
            axes.text(
                column + 0.5,
                row + 0.5,
                f"{100 * share:.0f}",
                ha="center",
                va="center",
                fontsize=6.5,
                color="white" if share > 0.7 else "black",
            )
        axes.grid(visible=False)
        axes.set_xticks(
            np.arange(len(parameters)) + 0.5,
            parameters,
            rotation=35,
            ha="right",
            rotation_mode="anchor",
        )
        axes.set_yticks(np.arange(len(entries)) + 0.5, [results.tuned[e] for e in entries])
    return grid.figure

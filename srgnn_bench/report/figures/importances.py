"""How much each searched parameter mattered, per entry and dataset."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from srgnn_bench.report.figures.canvas import Layout, panel_grid
from srgnn_bench.report.figures.figure import FigureSpec, shown
from srgnn_bench.report.frames import Frames
from srgnn_bench.report.frames.importance import FEWEST_TRIALS
from srgnn_bench.report.results import shortened

ROW_HEIGHT = 0.14


def draw_importances(frames: Frames, *, layout: Layout) -> Figure:
    """A table of shades: a row per entry and parameter, a column per dataset, shares written in.

    Entries without enough trials are left out.
    """
    results, frame = frames.results, frames.importance
    shares = frame.pivot(index=["entry", "parameter"], columns="dataset", values="importance")
    found = dict.fromkeys(zip(frame["entry"], frame["parameter"], strict=True))
    titles = shortened(results.tuned)
    places = [place for entry in results.tuned for place in found if place[0] == entry]
    datasets = [d for d in results.datasets if d in shares.columns]
    values = shares.loc[places, datasets].to_numpy()
    height = 0.7 + ROW_HEIGHT * len(places)
    grid = panel_grid(
        results,
        datasets=datasets[:1],
        measures=["importance"],
        layout=layout,
        panel_heights={"page": height, "column": height},
        extra_notes=[
            "Share of the spread between completed trials that a parameter explains, in percent "
            f"(functional ANOVA); at least {FEWEST_TRIALS} trials each. From few trials, a hint."
        ],
    )
    [axes] = grid.axes.values()
    axes.set_title("")
    # A mesh stays a drawing in SVG and PDF, where an image would be embedded pixels.
    axes.pcolormesh(values, cmap="Greys", vmin=0, vmax=1.4)
    axes.set_ylim(len(places), 0)
    for row, column in zip(*np.nonzero(~np.isnan(values)), strict=True):
        share = values[row, column]
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
    for row in range(1, len(places)):
        if places[row][0] != places[row - 1][0]:
            axes.axhline(row, color="#999999", linewidth=0.5)
    axes.xaxis.tick_top()
    axes.set_xticks(
        np.arange(len(datasets)) + 0.5,
        [results.dataset_titles[d] for d in datasets],
        rotation=-30,  # to the left, where there is room above the labels of the rows
        ha="right",
        rotation_mode="anchor",
    )
    axes.set_yticks(np.arange(len(places)) + 0.5, [f"{titles[e]}: {p}" for e, p in places])
    axes.tick_params(length=0)
    return grid.figure


FIGURE = FigureSpec(
    "importances",
    "Parameter importance",
    draw_importances,
    order=110,
    wanted=lambda frames: not frames.importance.empty,
    shows=lambda frames: shown(
        frames.results, entries=frames.importance["entry"], datasets=frames.importance["dataset"]
    ),
)

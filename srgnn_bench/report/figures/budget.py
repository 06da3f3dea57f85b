"""Whether the budget of trials was enough, whatever the order in which they came."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from srgnn_bench.evaluation.statistics import best_over_orders
from srgnn_bench.report.figures.canvas import Layout
from srgnn_bench.report.figures.figure import FigureSpec
from srgnn_bench.report.figures.looks import Look
from srgnn_bench.report.figures.trials import draw_trials, trials_shown
from srgnn_bench.report.frames import Frames


def draw_budget(frames: Frames, *, layout: Layout) -> Figure:
    """What a smaller budget would have found: best validation MRR@20 of n trials, over n.

    The mean over all orders of a study's trials, so that luck in the order plays no part.
    """
    return draw_trials(
        frames,
        layout=layout,
        measure="budget",
        label="Trials",
        note="Best of so many of the trials that were made, on average over all their orders. A "
        "line that still rises at its end could gain from more trials.",
        line=draw_line,
    )


def draw_line(axes: Axes, trials: pd.DataFrame, look: Look) -> None:
    """Best of n trials of a study, over n."""
    best = 100 * best_over_orders(trials["value"].fillna(0.0).to_numpy())
    number = np.arange(1, len(best) + 1)
    axes.plot(number, best, color=look.colour, linestyle=look.dashes, lw=1.0)
    axes.plot(number[-1:], best[-1:], look.marker, color=look.colour, mfc=look.face)


FIGURE = FigureSpec(
    "budget",
    "Was the budget enough",
    draw_budget,
    order=100,
    wanted=lambda frames: not frames.searched_trials.empty,
    shows=trials_shown,
)

"""What tuning gained, trial by trial."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from srgnn_bench.report.figures.canvas import Layout
from srgnn_bench.report.figures.figure import FigureSpec
from srgnn_bench.report.figures.looks import Look
from srgnn_bench.report.figures.trials import draw_trials, trials_shown
from srgnn_bench.report.frames import Frames


def draw_history(frames: Frames, *, layout: Layout) -> Figure:
    """Best validation MRR@20 so far, over trials, of the models that search anything."""
    return draw_trials(
        frames,
        layout=layout,
        measure="history",
        label="Trial",
        note="Line: best so far; mark: a trial that improved on it. Trial 1 is the default "
        "configuration.",
        line=draw_line,
    )


def draw_line(axes: Axes, trials: pd.DataFrame, look: Look) -> None:
    """Best so far over the trials of a study."""
    number, best = trials["number"] + 1, 100 * trials["best"]
    axes.step(number, best, where="post", color=look.colour, linestyle=look.dashes, lw=1.0)
    better = best.diff().fillna(1.0) > 0
    axes.plot(number[better], best[better], look.marker, color=look.colour, mfc=look.face)


FIGURE = FigureSpec(
    "history",
    "Tuning history",
    draw_history,
    order=90,
    wanted=lambda frames: not frames.searched_trials.empty,
    shows=trials_shown,
)

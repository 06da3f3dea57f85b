"""Every figure of a suite, one file each; canvas, legend and trials hold what they share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from srgnn_bench.report.figures.ablation import draw_ablation
from srgnn_bench.report.figures.budget import draw_budget
from srgnn_bench.report.figures.canvas import Draw
from srgnn_bench.report.figures.comparison import draw_comparison
from srgnn_bench.report.figures.critical_difference import (
    draw_critical_difference,
    no_diagram_because,
)
from srgnn_bench.report.figures.curves import draw_curves
from srgnn_bench.report.figures.differences import draw_differences
from srgnn_bench.report.figures.history import draw_history
from srgnn_bench.report.figures.importances import draw_importances
from srgnn_bench.report.figures.learning import draw_learning
from srgnn_bench.report.figures.lengths import draw_lengths
from srgnn_bench.report.figures.tradeoff import draw_tradeoff
from srgnn_bench.report.frames import Frames


@dataclass(frozen=True)
class FigureSpec:
    """A figure of the report.

    Attributes:
        name: stem of its files.
        title: its heading on the page.
        draw: draws it.
        wanted: whether the suite's records can fill it.
    """

    name: str
    title: str
    draw: Draw
    wanted: Callable[[Frames], bool] = lambda _: True


def searches(frames: Frames) -> bool:
    """Whether any model has more than one trial."""
    return not frames.searched_trials.empty


FIGURES = (
    FigureSpec("comparison", "Every model on every data set", draw_comparison),
    FigureSpec("ablation", "Ablation", draw_ablation, lambda frames: frames.results.is_ablation),
    FigureSpec(
        "differences",
        "Paired differences",
        draw_differences,
        lambda frames: not frames.differences.empty,
    ),
    FigureSpec(
        "critical-difference",
        "Mean ranks over data sets",
        draw_critical_difference,
        lambda frames: no_diagram_because(frames) is None,
    ),
    FigureSpec("curves", "Recall and MRR over the length of the list", draw_curves),
    FigureSpec("lengths", "By length of the prefix", draw_lengths),
    FigureSpec("tradeoff", "Quality against cost", draw_tradeoff),
    FigureSpec(
        "learning", "Learning curves", draw_learning, lambda frames: not frames.learning.empty
    ),
    FigureSpec("history", "Tuning history", draw_history, searches),
    FigureSpec("budget", "Was the budget enough", draw_budget, searches),
    FigureSpec(
        "importances",
        "Parameter importance",
        draw_importances,
        lambda frames: not frames.importance.empty,
    ),
)


def figures_for(frames: Frames) -> list[FigureSpec]:
    """The figures that the suite's records can fill."""
    return [figure for figure in FIGURES if figure.wanted(frames)]

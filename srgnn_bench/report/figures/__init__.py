"""Every figure of a suite, one file each: a file that offers a ``FIGURE`` is one.

canvas, figure, legend and trials hold what they share; the data card's figure is no suite's.
"""

from __future__ import annotations

from srgnn_bench.report.figures.figure import FigureSpec
from srgnn_bench.report.frames import Frames
from srgnn_bench.report.offers import offered


def all_figures() -> list[FigureSpec]:
    """The figures of this folder's files, in the order of the page."""
    return offered(__name__, folders=__path__, name="FIGURE", kind=FigureSpec)


def figures_for(frames: Frames) -> list[FigureSpec]:
    """The figures that the suite's records can fill."""
    return [figure for figure in all_figures() if figure.wanted(frames)]

"""Every figure of a suite, one file each: a file that offers a ``FIGURE`` is one.

canvas, figure, legend and trials hold what they share; the data card's figure is no suite's.
"""

from __future__ import annotations

import importlib
import pkgutil

from srgnn_bench.report.figures.figure import FigureSpec
from srgnn_bench.report.frames import Frames


def all_figures() -> list[FigureSpec]:
    """The figures of this folder's files, in the order of the page."""
    names = (f"{__name__}.{module.name}" for module in pkgutil.iter_modules(__path__))
    found = (getattr(importlib.import_module(name), "FIGURE", None) for name in names)
    return sorted((f for f in found if isinstance(f, FigureSpec)), key=lambda f: f.order)


def figures_for(frames: Frames) -> list[FigureSpec]:
    """The figures that the suite's records can fill."""
    return [figure for figure in all_figures() if figure.wanted(frames)]

"""What makes a function that draws a figure of the report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from srgnn_bench.report.figures.canvas import Draw
from srgnn_bench.report.frames import Frames


@dataclass(frozen=True)
class FigureSpec:
    """A figure of the report: what a file of this folder offers as ``FIGURE``.

    Attributes:
        name: stem of its files.
        title: its heading on the page.
        draw: draws it.
        order: its place on the page, among those of the others.
        wanted: whether the suite's records can fill it.
    """

    name: str
    title: str
    draw: Draw
    order: int
    wanted: Callable[[Frames], bool] = lambda _: True

"""All figures of a report at both widths, by two processes where there are two processors."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from srgnn_bench.process.sharing import share
from srgnn_bench.report import figures as figure_files
from srgnn_bench.report.figures import all_figures, figures_for
from srgnn_bench.report.figures.canvas import LAYOUTS, Drawn, Layout, save_drawn
from srgnn_bench.report.figures.figure import FigureSpec
from srgnn_bench.report.forms import Font, Form
from srgnn_bench.report.frames import Frames

Drawings = dict[str, Drawn]
"""By the figure's name."""


@dataclass(frozen=True)
class Drawer:
    """Draws any figure of a suite at either width, with the same bytes in every process.

    Attributes:
        frames: the suite.
        folders: where the files of figures are.
        out: the folder of the report.
        forms: the files of each figure.
        font: of all texts.
    """

    frames: Frames
    folders: Sequence[str]
    out: Path
    forms: Collection[Form]
    font: Font

    def draw(self, work: tuple[str, Layout]) -> Drawn:
        """Draw a figure, given by its name, at a width."""
        name, layout = work
        figure_files.__path__[:] = self.folders
        (figure,) = (each for each in all_figures() if each.name == name)
        return save_drawn(
            partial(figure.draw, self.frames),
            name=name,
            out=self.out,
            layout=layout,
            forms=self.forms,
            font=self.font,
        )


def draw_figures(
    frames: Frames, *, out: Path, forms: Collection[Form], font: Font, processes: int
) -> tuple[list[FigureSpec], dict[Layout, Drawings]]:
    """Draw every figure that the suite's records can fill, and save it in the forms asked for.

    Returns:
        The figures in the order of the page, and how each looks at either width.

    Raises:
        OSError: ``out`` cannot be written.
    """
    figures = figures_for(frames)
    frames.curves  # noqa: B018 - computed once, before the frames are handed over
    drawer = Drawer(frames, list(figure_files.__path__), out, forms, font)
    works = [(figure.name, layout) for layout in LAYOUTS for figure in figures]
    drawings: dict[Layout, Drawings] = {layout: {} for layout in LAYOUTS}
    drawn = share(works, drawer.draw, processes=processes)
    for (name, layout), each in zip(works, drawn, strict=True):
        drawings[layout][name] = each
    return figures, drawings

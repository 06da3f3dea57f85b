"""All figures of a report at both widths, by two processes where there are two processors.

One width is drawn here, the other by a Python of its own: nothing is forked, and the caller's main
module is not imported again, as a process pool would. Each figure is the same whoever draws it.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from srgnn_bench.process.cores import available_cores
from srgnn_bench.report import figures as figure_files
from srgnn_bench.report.figures import figures_for
from srgnn_bench.report.figures.canvas import Drawn, Layout, save_drawn
from srgnn_bench.report.figures.figure import FigureSpec
from srgnn_bench.report.forms import Font, Form
from srgnn_bench.report.frames import Frames

Drawings = dict[str, Drawn]
"""By the figure's name."""


@dataclass(frozen=True)
class Request:
    """What is to be drawn at one width.

    Attributes:
        frames: the suite.
        folders: where the files of figures are.
        layout: the width.
        out: the folder of the report.
        forms: the files of each figure.
        font: of all texts.
    """

    frames: Frames
    folders: Sequence[str]
    layout: Layout
    out: Path
    forms: Collection[Form]
    font: Font

    def draw(self) -> Drawings:
        """Draw every figure that the suite's records can fill."""
        return {
            figure.name: save_drawn(
                partial(figure.draw, self.frames),
                name=figure.name,
                out=self.out,
                layout=self.layout,
                forms=self.forms,
                font=self.font,
            )
            for figure in figures_for(self.frames)
        }


def draw_figures(
    frames: Frames, *, out: Path, forms: Collection[Form], font: Font
) -> tuple[list[FigureSpec], dict[Layout, Drawings]]:
    """Draw every figure that the suite's records can fill, and save it in the forms asked for.

    Returns:
        The figures in the order of the page, and how each looks at either width.

    Raises:
        OSError: ``out`` cannot be written.
    """
    figures = figures_for(frames)
    frames.curves  # noqa: B018 - computed once, before the frames are handed over
    page, column = (
        Request(frames, list(figure_files.__path__), layout, out, forms, font)
        for layout in ("page", "column")
    )
    if not figures or available_cores() < 2:
        return figures, {"page": page.draw(), "column": column.draw()}
    with elsewhere(column) as answer:
        here = page.draw()
    return figures, {"page": here, "column": answer[0] if answer else column.draw()}


@contextmanager
def elsewhere(request: Request) -> Iterator[list[Drawings]]:
    """Have another Python draw while the block runs; its answer, if any, is then in the list."""
    with tempfile.TemporaryDirectory(prefix="srgnn-bench-") as name:
        folder, answer = Path(name), list[Drawings]()
        (folder / "request").write_bytes(pickle.dumps(request))
        process = subprocess.Popen(
            [sys.executable, "-m", __name__, name],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield answer
            if process.wait() == 0:
                answer.append(pickle.loads((folder / "answer").read_bytes()))
        finally:
            process.kill()
            process.wait()


def main(folder: Path) -> None:
    """Do what a request in a folder asks for, and leave the answer there."""
    request: Request = pickle.loads((folder / "request").read_bytes())
    figure_files.__path__[:] = request.folders
    (folder / "answer").write_bytes(pickle.dumps(request.draw()))


if __name__ == "__main__":
    from srgnn_bench.report import drawing  # pickled classes are those of the module by its name

    drawing.main(Path(sys.argv[1]))

"""What all figures share: sizes, looks of the entries, notes underneath, reproducible files."""

from __future__ import annotations

import io
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure, FigureBase, SubFigure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.transforms import Bbox

from srgnn_bench.report.captions import notes
from srgnn_bench.report.figures.fonts import browser_fonts, font_settings
from srgnn_bench.report.forms import FORMS, Font, Form
from srgnn_bench.report.frames import Frames
from srgnn_bench.report.results import SuiteResults

Layout = Literal["column", "page"]

LAYOUTS: tuple[Layout, ...] = ("page", "column")

WIDTHS: dict[Layout, float] = {"column": 3.33, "page": 7.0}
"""Inches: one column, and the full width, of a two-column paper."""

LINE_HEIGHT = 0.125
NOTE_SIZE = 6.5

PLACES = 5
"""Digits of positions in a figure, as shares of its size."""

STYLE = Path(__file__).parent.parent / "style.mplstyle"


@contextmanager
def house_style(font: Font = "sans") -> Iterator[None]:
    """Draw with the style file and a font, whatever the reader's own settings are."""
    with style.context(["default", STYLE, font_settings(font)]):
        yield


def blank_figure(width: float, height: float) -> Figure:
    """An empty figure of that many inches, which no reader's backend or window knows of."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


@dataclass(frozen=True)
class Grid:
    """A figure of panels with room for a legend and the notes.

    Attributes:
        figure: the whole.
        axes: the panels, one per (row, column), by the labels given.
        legend: the subfigure for a legend, or None.
    """

    figure: Figure
    axes: dict[tuple[str, str], Axes]
    legend: Any


def panel_grid(
    results: SuiteResults,
    *,
    datasets: Sequence[str],
    measures: Sequence[str],
    layout: Layout,
    panel_heights: dict[Layout, float],
    legend_rows: int = 0,
    sharey: bool = False,
    extra_notes: Sequence[str] = (),
) -> Grid:
    """Panels for datasets x measures, arranged to fit the width and titled by dataset.

    On a page the datasets stand side by side and the measures below each other; in a column it
    is the other way round. A single dataset has its measures side by side.

    Args:
        results: whose notes are printed below.
        datasets: names, one panel row or column each.
        measures: labels, likewise.
        layout: the width to draw for.
        panel_heights: inches per panel, axis labels included.
        legend_rows: lines of the legend below; 0 for none.
        sharey: whether panels in a row share their vertical axis.
        extra_notes: sentences of this figure alone, above the notes.
    """
    by_dataset = layout == "page" and len(datasets) > 1
    rows, columns = (measures, datasets) if by_dataset else (datasets, measures)
    lines = [
        line
        for sentence in (*extra_notes, *notes(results, datasets=datasets))
        for line in wrapped(sentence, width=WIDTHS[layout] - 0.2, size=NOTE_SIZE)
    ]
    legend_height = 0.16 * legend_rows + (0.06 if legend_rows else 0)
    note_height = LINE_HEIGHT * len(lines) + (0.06 if lines else 0)
    panels_height = panel_heights[layout] * len(rows)
    heights = [h for h in (panels_height, legend_height, note_height) if h > 0]
    figure = blank_figure(WIDTHS[layout], sum(heights))
    parts = iter(figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0])
    drawn = next(parts).subplots(
        len(rows), len(columns), squeeze=False, sharey="row" if sharey else False
    )
    axes = {}
    for r, row in enumerate(rows):
        for c, column in enumerate(columns):
            dataset, measure = (column, row) if by_dataset else (row, column)
            axes[dataset, measure] = drawn[r, c]
            if r == 0 if by_dataset else c == 0:
                room = WIDTHS[layout] / (len(columns) if by_dataset else 1) - 0.5
                title = wrapped(results.dataset_titles[dataset], width=room, size=8)
                drawn[r, c].set_title("\n".join(title))
    legend = next(parts) if legend_rows else None
    if lines:
        next(parts).text(
            0.01, 0.98, "\n".join(lines), va="top", fontsize=NOTE_SIZE, color="#333333"
        )
    return Grid(figure, axes, legend)


def text_width(text: str, *, size: float) -> float:
    """Inches that a text takes in the figures' type."""
    font = get_font(findfont(FontProperties()))
    font.set_size(100, 72)  # large, so that rounding to whole pixels does not count
    font.set_text(text)
    pixels, _ = font.get_width_height()  # in 1/64
    return float(pixels) / 64 / 72 * size / 100


def wrapped(text: str, *, width: float, size: float) -> list[str]:
    """Break a text at its spaces into lines of at most ``width`` inches."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and text_width(longer, size=size) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


class Draw(Protocol):
    """A function that draws one figure of a suite for a width."""

    def __call__(self, frames: Frames, /, *, layout: Layout) -> Figure:
        """Draw; the caller has set the style."""


class DrawForWidth(Protocol):
    """A figure that lacks its width alone."""

    def __call__(self, *, layout: Layout) -> Figure:
        """Draw; the caller has set the style."""


def lay_out(figure: Figure) -> None:
    """Give the panels of a figure their places, so that what is written into them can be placed."""
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)


def settle(figure: Figure) -> None:
    """Lay a figure out for good, in round numbers.

    The solver behind the layout sums up in an order that differs between processes, and the last
    digits of its results with it; they would show in the files.
    """
    lay_out(figure)
    figure.set_layout_engine(None)
    for part in _subfigures(figure):
        part.bbox_relative.set_points(part.bbox_relative.get_points().round(PLACES))
    for axes in figure.axes:
        axes.set_position(Bbox(axes.get_position().get_points().round(PLACES)))


def _subfigures(figure: FigureBase) -> Iterator[SubFigure]:
    for part in figure.subfigs:
        yield part
        yield from _subfigures(part)


@dataclass(frozen=True)
class Drawn:
    """A figure that has been drawn at one width.

    Attributes:
        paths: the files that were asked for.
        svg: the drawing for the page.
    """

    paths: list[Path]
    svg: str


def file_stem(name: str, *, layout: Layout) -> str:
    """The name of a figure's files at a width, without the form."""
    return name if layout == "page" else f"{name}-{layout}"


def save_drawn(
    draw: DrawForWidth,
    *,
    name: str,
    out: Path,
    layout: Layout,
    forms: Collection[Form] = FORMS,
    font: Font = "sans",
) -> Drawn:
    """Draw for a width, with the same bytes always.

    Args:
        draw: draws it for a width; the style is set.
        name: stem of the files.
        out: where they go.
        layout: the width.
        forms: which files are written; what an earlier call left of others is of other numbers,
            and goes.
        font: of all texts.
    """
    stem = file_stem(name, layout=layout)
    for form in set(FORMS).difference(forms):
        (out / f"{stem}.{form}").unlink(missing_ok=True)
    paths = []
    with house_style(font):
        figure = draw(layout=layout)
        settle(figure)
        written = io.BytesIO()
        figure.savefig(written, format="svg", metadata=_METADATA["svg"])
        svg = browser_fonts(written.getvalue().decode("utf-8"), font)
        for form in forms:
            path = out / f"{stem}.{form}"
            if form == "svg":
                path.write_text(svg, encoding="utf-8")
            else:
                figure.savefig(path, metadata=_METADATA[form])
            paths.append(path)
    return Drawn(paths, svg)


_METADATA: dict[Form, dict[str, Any]] = {
    "pdf": {"CreationDate": None, "ModDate": None},
    "svg": {"Date": None},
    "png": {"Software": None},
}
"""Without the time and the versions of libraries: the same drawing is the same file."""

"""What all figures share: sizes, looks of the entries, notes underneath, reproducible files."""

from __future__ import annotations

import io
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import pandas as pd
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure, FigureBase, SubFigure
from matplotlib.font_manager import findfont, get_font
from matplotlib.transforms import Bbox

from srgnn_bench.report.captions import notes
from srgnn_bench.report.forms import FORMS, Form
from srgnn_bench.report.frames import Frames
from srgnn_bench.report.results import SuiteResults

Layout = Literal["column", "page"]

WIDTHS: dict[Layout, float] = {"column": 3.33, "page": 7.0}
"""Inches: one column, and the full width, of a two-column paper."""

LINE_HEIGHT = 0.125
NOTE_SIZE = 6.5

PLACES = 5
"""Digits of positions in a figure, as shares of its size."""

FAR = 0.5
"""An entry below this share of the best is drawn at the edge, so that the others spread out."""

STYLE = Path(__file__).parent.parent / "style.mplstyle"

# Okabe and Ito's colours without yellow, which fades on white, ordered so that neighbours also
# differ in grey. Markers and dashes carry the same distinction for those who see no colour.
COLOURS = ("#000000", "#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p", "h", "d")
DASHES: tuple[Any, ...] = ("-", (0, (4, 1.5)), (0, (1, 1.2)), (0, (5, 1.2, 1, 1.2)))


@dataclass(frozen=True)
class Look:
    """Colour, marker and dashes of one entry, the same in every figure of a suite."""

    colour: str
    marker: str
    dashes: Any


def looks(entries: Sequence[str]) -> dict[str, Look]:
    """A look for each entry, by its place in the suite."""
    return {
        entry: Look(
            COLOURS[place % len(COLOURS)],
            MARKERS[place % len(MARKERS)],
            DASHES[place % len(DASHES)],
        )
        for place, entry in enumerate(entries)
    }


def far_below(means: pd.Series[float]) -> set[str]:
    """Entries too far below the best to share its axis; none where fewer than two are near.

    Args:
        means: a metric by entry; NaN where there is no run.
    """
    present = means.dropna()
    far = present < FAR * present.max()
    return set(present.index[far]) if len(present) - far.sum() >= 2 else set()


@contextmanager
def house_style() -> Iterator[None]:
    """Draw with the style file alone, whatever the reader's own settings are."""
    with style.context(["default", STYLE]):
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
        for sentence in (*extra_notes, *notes(results))
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
    label = " (optimistic)" if results.optimistic else ""
    axes = {}
    for r, row in enumerate(rows):
        for c, column in enumerate(columns):
            dataset, measure = (column, row) if by_dataset else (row, column)
            axes[dataset, measure] = drawn[r, c]
            if r == 0 if by_dataset else c == 0:
                room = WIDTHS[layout] / (len(columns) if by_dataset else 1) - 0.5
                title = wrapped(results.dataset_titles[dataset] + label, width=room, size=8)
                drawn[r, c].set_title("\n".join(title))
    legend = next(parts) if legend_rows else None
    if lines:
        next(parts).text(
            0.01, 0.98, "\n".join(lines), va="top", fontsize=NOTE_SIZE, color="#333333"
        )
    return Grid(figure, axes, legend)


def text_width(text: str, *, size: float) -> float:
    """Inches that a text takes in the figures' type."""
    font = get_font(findfont("DejaVu Sans"))
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


def legend_columns(titles: Sequence[str], *, layout: Layout) -> int:
    """Columns of a legend whose longest title fits."""
    widest = 0.5 + max(text_width(title, size=7) for title in titles)
    return max(1, min(len(titles), int(WIDTHS[layout] / widest)))


class Draw(Protocol):
    """A function that draws one figure of a suite for a width."""

    def __call__(self, frames: Frames, /, *, layout: Layout) -> Figure:
        """Draw; the caller has set the style."""


class DrawForWidth(Protocol):
    """A figure that lacks its width alone."""

    def __call__(self, *, layout: Layout) -> Figure:
        """Draw; the caller has set the style."""


def settle(figure: Figure) -> None:
    """Lay a figure out for good, in round numbers.

    The solver behind the layout sums up in an order that differs between processes, and the last
    digits of its results with it; they would show in the files.
    """
    figure.draw_without_rendering()
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
    """A figure that has been drawn.

    Attributes:
        paths: the files that were asked for.
        svg: the drawing for the page.
    """

    paths: list[Path]
    svg: str


def save_drawn(
    draw: DrawForWidth, *, name: str, out: Path, forms: Collection[Form] = FORMS
) -> Drawn:
    """Draw for the page and for the column, with the same bytes always.

    Args:
        draw: draws it for a width; the style is set.
        name: stem of the files.
        out: where they go.
        forms: which files are written.
    """
    paths = []
    for form in set(FORMS).difference(forms):  # what an earlier call left is of other numbers
        for width in ("", "-column"):
            (out / f"{name}{width}.{form}").unlink(missing_ok=True)
    with house_style():
        page = draw(layout="page")
        settle(page)
        svg = io.BytesIO()
        page.savefig(svg, format="svg", metadata=_METADATA["svg"])
        for form in forms:
            path = out / f"{name}.{form}"
            if form == "svg":
                path.write_bytes(svg.getvalue())
            else:
                page.savefig(path, metadata=_METADATA[form])
            paths.append(path)
        if forms:
            column = draw(layout="column")
            settle(column)
            for form in forms:
                path = out / f"{name}-column.{form}"
                column.savefig(path, metadata=_METADATA[form])
                paths.append(path)
    return Drawn(paths, svg.getvalue().decode("utf-8"))


_METADATA: dict[Form, dict[str, Any]] = {
    "pdf": {"CreationDate": None, "ModDate": None},
    "svg": {"Date": None},
    "png": {"Software": None},
}
"""Without the time and the versions of libraries: the same drawing is the same file."""

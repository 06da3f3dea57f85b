"""Legends below the panels, and names beside lines and marks."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from srgnn_bench.report.figures.canvas import WIDTHS, Layout, text_width
from srgnn_bench.report.figures.looks import (
    FAMILIES,
    SUBJECT_COLOUR,
    Look,
    family_look,
    has_families,
)
from srgnn_bench.report.results import SuiteResults

LABEL_SIZE = 6.5
LABEL_HEIGHT = 0.105
"""Inches of a label's line."""


def legend_columns(titles: Sequence[str], *, layout: Layout) -> int:
    """Columns of a legend whose longest title fits."""
    widest = 0.5 + max(text_width(title, size=7) for title in titles)
    return max(1, min(len(titles), int(WIDTHS[layout] / widest)))


def legend_rows(titles: Sequence[str], *, layout: Layout) -> int:
    """Lines that a legend takes."""
    return math.ceil(len(titles) / legend_columns(titles, layout=layout)) if titles else 0


def draw_legend(place: Any, entries: Mapping[str, Look], *, layout: Layout) -> None:
    """Draw a legend of lines into its subfigure.

    Args:
        place: the subfigure.
        entries: title -> look of what is drawn.
        layout: the width.
    """
    columns = legend_columns(list(entries), layout=layout)
    place.legend(
        line_handles(entries), list(entries), loc="center", ncols=columns, columnspacing=1.2
    )


def line_handles(entries: Mapping[str, Look]) -> list[Line2D]:
    """What a legend shows for each line."""
    return [
        Line2D(
            [],
            [],
            color=look.colour,
            marker=look.marker,
            markerfacecolor=look.face,
            linestyle=look.dashes,
            lw=look.width,
        )
        for look in entries.values()
    ]


def families_of(results: SuiteResults, entries: Sequence[str]) -> dict[str, Look]:
    """Title -> look of the subject and of every family that a figure shows.

    Nothing where the whole suite is of one family: its hues tell entries apart then.

    Args:
        results: the suite.
        entries: what the figure shows.
    """
    if not has_families(results, results.entries):
        return {}
    subject, found = results.subject, {}
    if subject in entries:
        look = family_look(results.families[subject])
        found[results.short_titles[subject]] = Look(SUBJECT_COLOUR, look.marker, "-")
    present = {results.families[entry] for entry in entries if entry != subject}
    return found | {family: family_look(family) for family in FAMILIES if family in present}


def mark_handles(families: Mapping[str, Look]) -> list[Line2D]:
    """What a legend shows for each kind of mark."""
    return [
        Line2D([], [], color=look.colour, marker=look.marker, linestyle="none")
        for look in families.values()
    ]


def draw_families(place: Any, families: Mapping[str, Look], *, layout: Layout) -> None:
    """Draw the legend of ``families_of`` into its subfigure."""
    if families:
        handles = mark_handles(families)
        columns = legend_columns(list(families), layout=layout)
        place.legend(handles, list(families), loc="center", ncols=columns, columnspacing=1.2)


def name_line_ends(axes: Axes, ends: Sequence[tuple[str, float, str]], *, dpi: float) -> None:
    """Write names right of a panel, each as near to the end of its line as the others allow.

    Args:
        axes: the panel, its limits set and its figure laid out.
        ends: title, height (in the panel's units) and colour of each line.
        dpi: dots per inch of the figure.
    """
    gap = LABEL_HEIGHT * dpi / axes.bbox.height
    low, high = axes.get_ylim()
    wanted = sorted(
        ((min(max(height, low), high) - low) / (high - low), title, colour)
        for title, height, colour in ends
    )
    places = spread([height for height, _, _ in wanted], gap=gap)
    for place, (_, title, colour) in zip(places, wanted, strict=True):
        axes.annotate(
            title,
            (1.0, place),
            xycoords="axes fraction",
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=LABEL_SIZE,
            color=colour,
            annotation_clip=False,
        )


def spread(places: Sequence[float], *, gap: float) -> list[float]:
    """Move ascending places apart until each has its gap, each block around its own middle."""
    blocks: list[list[float]] = []
    for place in places:
        blocks.append([place])
        while len(blocks) > 1 and _bottom(blocks[-1], gap) < _top(blocks[-2], gap) + gap:
            last = blocks.pop()
            blocks[-1] += last
    return [_bottom(block, gap) + number * gap for block in blocks for number in range(len(block))]


def _bottom(block: Sequence[float], gap: float) -> float:
    return sum(block) / len(block) - gap * (len(block) - 1) / 2


def _top(block: Sequence[float], gap: float) -> float:
    return _bottom(block, gap) + gap * (len(block) - 1)


def name_marks(
    axes: Axes,
    marks: Sequence[tuple[str, float, float, str]],
    *,
    others: Sequence[tuple[float, float]],
    steps: Sequence[tuple[float, float]] = (),
) -> None:
    """Write names beside marks where they cover no other text, no mark and not the line.

    A name that finds no such place may cover the line, and is left out where that does not help.

    Args:
        axes: the panel, its limits set and its figure laid out.
        marks: title, place and colour of each mark to be named, the most important first.
        others: places of the marks without a name.
        steps: places that a line joins, each time to the right and then up.
    """
    points = axes.figure.dpi / 72
    taken = [
        Bbox.from_bounds(x - 2.5 * points, y - 2.5 * points, 5 * points, 5 * points)
        for x, y in axes.transData.transform([*((m[1], m[2]) for m in marks), *others])
    ]
    # The panel's title, and what is written at its edge.
    texts = [child for child in axes.get_children() if isinstance(child, Text)]
    taken += [text.get_window_extent() for text in texts if text.get_text()]
    corners: list[tuple[float, float]] = list(axes.transData.transform(steps)) if steps else []
    line = [
        Bbox(part)
        for (x0, y0), (x1, y1) in itertools.pairwise(corners)
        for part in ([[x0, y0 - 1], [x1, y0 + 1]], [[x1 - 1, y0], [x1 + 1, y1]])
    ]
    for title, x, y, colour in marks:
        width = 72 * text_width(title, size=LABEL_SIZE) * 1.04
        for avoided, (right, up) in itertools.product((line, []), _AROUND):
            start = {1: 4.0, 0: -width / 2, -1: -4.0 - width}[right]
            bottom = {1: 3.0, 0: -3.5, -1: -9.5}[up]
            at_x, at_y = axes.transData.transform((x, y))
            box = Bbox.from_bounds(
                at_x + start * points, at_y + bottom * points, width * points, 7.0 * points
            )
            inside = axes.bbox.x0 <= box.x0 and box.x1 <= axes.bbox.x1 + 2 * points
            inside = inside and axes.bbox.y0 <= box.y0 and box.y1 <= axes.bbox.y1 + 6 * points
            if inside and not any(box.overlaps(other) for other in [*taken, *avoided]):
                taken.append(box)
                axes.annotate(
                    title,
                    (x, y),
                    xytext=(start, bottom),
                    textcoords="offset points",
                    va="bottom",
                    fontsize=LABEL_SIZE,
                    color=colour,
                    fontweight="bold" if colour == SUBJECT_COLOUR else "normal",
                    # On a ground of its own, above a line and below the marks.
                    bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.2},
                    zorder=2.5,
                )
                break


_AROUND = ((1, -1), (-1, 1), (1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, -1))
"""Where a name may stand, to the right and above; a front goes right and then up."""

"""A legend of the entries, below the panels."""

from __future__ import annotations

import math
from typing import Any

from matplotlib.lines import Line2D

from srgnn_bench.report.figures.canvas import Layout, legend_columns, looks


def legend_rows(entries: dict[str, str], *, layout: Layout) -> int:
    """Lines that the legend of entries, given as name -> title, takes."""
    titles = list(entries.values())
    return math.ceil(len(titles) / legend_columns(titles, layout=layout))


def draw_legend(place: Any, entries: dict[str, str], *, layout: Layout, lines: bool = True) -> None:
    """Draw the legend into its subfigure.

    Args:
        place: the subfigure.
        entries: name -> title; their looks are those of ``looks``.
        layout: the width.
        lines: whether the entries are lines in the figure, or single marks.
    """
    titles = list(entries.values())
    handles = [
        Line2D(
            [],
            [],
            color=look.colour,
            marker=look.marker,
            linestyle=look.dashes if lines else "none",
        )
        for look in looks(list(entries)).values()
    ]
    columns = legend_columns(titles, layout=layout)
    place.legend(handles, titles, loc="center", ncols=columns, columnspacing=1.2)

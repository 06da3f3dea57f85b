"""A legend of the entries, below the panels."""

from __future__ import annotations

import math
from typing import Any

from matplotlib.lines import Line2D

from srgnn_bench.report.figures.canvas import Layout, Look, legend_columns


def legend_rows(entries: dict[str, str], *, layout: Layout) -> int:
    """Lines that the legend of entries, given as name -> title, takes."""
    titles = list(entries.values())
    return math.ceil(len(titles) / legend_columns(titles, layout=layout))


def draw_legend(
    place: Any,
    entries: dict[str, str],
    *,
    look: dict[str, Look],
    layout: Layout,
    lines: bool = True,
) -> None:
    """Draw the legend into its subfigure.

    Args:
        place: the subfigure.
        entries: name -> title of what is drawn.
        look: of these entries, and maybe of others.
        layout: the width.
        lines: whether the entries are lines in the figure, or single marks.
    """
    titles = list(entries.values())
    handles = [
        Line2D(
            [],
            [],
            color=look[entry].colour,
            marker=look[entry].marker,
            linestyle=look[entry].dashes if lines else "none",
        )
        for entry in entries
    ]
    columns = legend_columns(titles, layout=layout)
    place.legend(handles, titles, loc="center", ncols=columns, columnspacing=1.2)

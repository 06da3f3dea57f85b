"""A legend of the entries, below the panels."""

from __future__ import annotations

import math
from typing import Any

from matplotlib.lines import Line2D

from srgnn_bench.report.figures.canvas import Layout, legend_columns, looks
from srgnn_bench.report.results import SuiteResults


def legend_rows(results: SuiteResults, *, layout: Layout) -> int:
    """Lines that the legend takes."""
    titles = list(results.entry_titles.values())
    return math.ceil(len(titles) / legend_columns(titles, layout=layout))


def draw_legend(place: Any, results: SuiteResults, *, layout: Layout, lines: bool = True) -> None:
    """Draw the legend into its subfigure.

    Args:
        place: the subfigure.
        results: whose entries are named.
        layout: the width.
        lines: whether the entries are lines in the figure, or single marks.
    """
    titles = list(results.entry_titles.values())
    handles = [
        Line2D(
            [],
            [],
            color=look.colour,
            marker=look.marker,
            linestyle=look.dashes if lines else "none",
        )
        for look in looks(results.entries).values()
    ]
    columns = legend_columns(titles, layout=layout)
    place.legend(handles, titles, loc="center", ncols=columns, columnspacing=1.2)

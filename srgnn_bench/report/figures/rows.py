"""What figures share that have a row per entry: labels, families, what lies beyond the axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes

from srgnn_bench.report.figures.canvas import Layout
from srgnn_bench.report.results import SuiteResults

BAND = "#f3f3f3"

BEYOND = "Arrow: the value lies beyond the axis and is written beside it."


def row_heights(rows: int) -> dict[Layout, float]:
    """Inches of a panel with so many rows."""
    return {"page": 0.62 + 0.155 * rows, "column": 0.56 + 0.135 * rows}


def label_rows(axes: Axes, results: SuiteResults, entries: Sequence[str]) -> None:
    """Write the entries beside their rows, the subject in bold, every other family on a band."""
    axes.set_yticks(range(len(entries)), [results.short_titles[entry] for entry in entries])
    for entry, label in zip(
        entries, axes.get_yticklabels(), strict=False
    ):  # inner panels have none
        label.set_fontweight("bold" if entry == results.subject else "normal")
    axes.set_ylim(len(entries) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    families = [results.families[entry] for entry in entries]
    for family in list(dict.fromkeys(families))[1::2]:
        first, count = families.index(family), families.count(family)
        axes.axhspan(first - 0.5, first + count - 0.5, color=BAND, lw=0, zorder=0)


def write_in_row(axes: Axes, place: int, text: str, *, x: float, **style: Any) -> None:
    """Write into a row, at a share of the panel's width."""
    edge = axes.get_yaxis_transform()
    axes.text(x, place, text, transform=edge, va="center", fontsize=6.5, **style)

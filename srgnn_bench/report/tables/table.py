"""A table before it is written in any form: a small frame of cells with its notes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import pandas as pd

from srgnn_bench.report.frames import Frames

Mark = Literal["best", "second"]

MISSING = "—"
PARTIAL = "†"
SPREAD = " ± "


@dataclass(frozen=True)
class TableCell:
    """One printed cell.

    Attributes:
        text: what is printed; may end in a spread set off by ``±``.
        mark: whether it is the best or the second of its column.
        value: what the page sorts by; None sorts last.
        entry: whose runs the page links to, for a row's label.
        alone: what stands here where rows are sorted, and the row above no longer says it.
    """

    text: str
    mark: Mark | None = None
    value: float | None = None
    entry: str | None = None
    alone: str = ""


@dataclass(frozen=True)
class Table:
    """A table, before it is written in any form.

    Attributes:
        name: stem of its files and its LaTeX label.
        title: its caption.
        groups: headings over the columns and how many columns each spans; empty for none.
        columns: headings, the rows' labels first.
        rows: cells, one per column.
        note: what the cells are, in so few words that it fits under a float of a paper.
        lines: the sentences underneath elsewhere.
        card: the protocol card of what is shown, which several tables share.
        data: long frame of unrounded numbers.
        labels: how many columns label a row; groups stand over the others.
    """

    name: str
    title: str
    groups: tuple[tuple[str, int], ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[TableCell, ...], ...]
    note: str
    lines: tuple[str, ...]
    card: tuple[str, ...]
    data: pd.DataFrame
    labels: int = 1

    @property
    def headings(self) -> list[str]:
        """One heading per column, its group's included, for forms with a single header row."""
        over = [heading for heading, span in self.groups for _ in range(span)]
        over = [*[""] * self.labels, *over] if over else [""] * len(self.columns)
        return [f"{a} {b}".strip() for a, b in zip(over, self.columns, strict=True)]


@dataclass(frozen=True)
class TableSpec:
    """A kind of table of the report: what a file of this folder offers as ``TABLE``.

    Attributes:
        make: makes its tables, one per dataset say; None for those that the records cannot fill.
        order: their place on the page, among those of the others; the first is the summary's.
    """

    make: Callable[[Frames], Sequence[Table | None]]
    order: int


class MakeForDataset(Protocol):
    """A function that makes a table of one dataset, or None where there is nothing to show."""

    def __call__(self, frames: Frames, /, *, dataset: str) -> Table | None:
        """Make it."""


def per_dataset(make: MakeForDataset) -> Callable[[Frames], list[Table | None]]:
    """A table for each of a suite's datasets."""
    return lambda frames: [make(frames, dataset=name) for name in frames.results.datasets]


def percent(value: float, *, std: float = math.nan) -> str:
    """A share in percent with two decimals, and its spread where there is one."""
    if math.isnan(value):
        return MISSING
    if math.isnan(std):
        return f"{100 * value:.2f}"
    spread = f"{100 * std:.2f}"
    return f"{100 * value:.2f}{SPREAD}{'<0.01' if spread == '0.00' else spread}"


def signed(value: float) -> str:
    """A difference of shares in percentage points, with its sign."""
    return MISSING if math.isnan(value) else f"{100 * value:+.2f}".replace("-", "−")


def interval(low: float, high: float) -> str:
    """An interval of a difference, in percentage points."""
    return MISSING if math.isnan(low) else f"[{signed(low)}, {signed(high)}]"


def p_text(value: float) -> str:
    """A p-value as it is printed."""
    if math.isnan(value):
        return MISSING
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def finite(value: float) -> float | None:
    """The value to sort by, or None for NaN."""
    return None if math.isnan(value) else float(value)

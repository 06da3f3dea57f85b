"""Tables: one value object, and its forms for Markdown, LaTeX and CSV.

A table holds two things: ``data``, a long frame of unrounded numbers with the keys of the runs
behind them, which is its CSV, and ``rows``, the cells as they are printed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import jinja2
import pandas as pd

from srgnn_bench.report.captions import notes, protocol_line
from srgnn_bench.report.frames import SuiteResults, metric_frame

Mark = Literal["best", "second"]

MISSING = "—"
PARTIAL = "†"
SPREAD = " ± "

LATEX_WIDTH = 345.0
"""Text width of the article class at 10 pt, in points."""

METRIC_TITLES = {
    "recall": "Recall",
    "mrr": "MRR",
    "ndcg": "NDCG",
    "coverage": "Coverage",
}


@dataclass(frozen=True)
class TableCell:
    """One printed cell.

    Attributes:
        text: what is printed; may end in a spread set off by ``±``.
        mark: whether it is the best or the second of its column.
        value: what the page sorts by; None sorts last.
    """

    text: str
    mark: Mark | None = None
    value: float | None = None


@dataclass(frozen=True)
class Table:
    """A table, before it is written in any form.

    Attributes:
        name: stem of its files and its LaTeX label.
        title: its caption.
        groups: headings over the columns and how many columns each spans; empty for none.
        columns: headings, the first of which heads the rows' labels.
        rows: cells, one per column.
        lines: the sentences underneath.
        data: long frame of unrounded numbers.
    """

    name: str
    title: str
    groups: tuple[tuple[str, int], ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[TableCell, ...], ...]
    lines: tuple[str, ...]
    data: pd.DataFrame

    @property
    def headings(self) -> list[str]:
        """One heading per column, its group's included, for forms with a single header row."""
        over = [heading for heading, span in self.groups for _ in range(span)]
        over = ["", *over] if over else [""] * len(self.columns)
        return [f"{a} {b}".strip() for a, b in zip(over, self.columns, strict=True)]


@dataclass(frozen=True)
class PlacedGroup:
    """A heading over columns ``first`` to ``last`` of a panel, counted from 1, labels included."""

    heading: str
    first: int
    last: int

    @property
    def span(self) -> int:
        """Columns under the heading."""
        return self.last - self.first + 1


@dataclass(frozen=True)
class Panel:
    """As many column groups as fit beside each other on a LaTeX page."""

    groups: tuple[PlacedGroup, ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[TableCell, ...], ...]


def metric_title(metric: str) -> str:
    """``recall@20`` -> ``Recall@20``."""
    name, _, k = metric.partition("@")
    return f"{METRIC_TITLES.get(name, name.capitalize())}@{k}"


def metric_table(
    results: SuiteResults,
    *,
    datasets: Sequence[str],
    metrics: Sequence[Sequence[str]],
    name: str,
    title: str,
) -> Table:
    """Metrics in percent per entry and dataset, mean and spread over seeds.

    ``metrics`` come in groups; each stands under its dataset's title. The best entry of a column
    is marked, and the second. A column with missing runs carries no marks: what is not there
    might have been better.
    """
    frame = metric_frame(results)
    wanted = frame["metric"].isin(set().union(*metrics)) & frame["dataset"].isin(datasets)
    frame = frame[wanted].reset_index(drop=True)
    groups = [(dataset, group) for dataset in datasets for group in metrics]
    columns = [(dataset, metric) for dataset, group in groups for metric in group]
    marks = {
        (dataset, metric): _marks(frame, dataset, metric) if results.is_complete(dataset) else {}
        for dataset, metric in columns
    }
    by_place = frame.set_index(["dataset", "entry", "metric"])
    rows = []
    for entry in results.entries:
        cells = [TableCell(results.entry_titles[entry])]
        for dataset, metric in columns:
            numbers = by_place.loc[(dataset, entry, metric)]
            text = percent(numbers["mean"], std=numbers["std"])
            if 0 < numbers["seeds"] < numbers["expected"]:
                text += PARTIAL
            cells.append(
                TableCell(text, marks[dataset, metric].get(entry), _finite(numbers["mean"]))
            )
        rows.append(tuple(cells))
    suffix = " (optimistic: best epoch chosen on the test set)" if results.optimistic else ""
    return Table(
        name=name,
        title=title + suffix,
        groups=tuple((results.dataset_titles[d], len(group)) for d, group in groups),
        columns=("Model", *(metric_title(metric) for _, metric in columns)),
        rows=tuple(rows),
        lines=(_spread_line(frame), protocol_line(results), *notes(results)),
        data=frame,
    )


def percent(value: float, *, std: float = math.nan) -> str:
    """A share in percent with two decimals, and its spread where there is one."""
    if math.isnan(value):
        return MISSING
    spread = "" if math.isnan(std) else f"{SPREAD}{100 * std:.2f}"
    return f"{100 * value:.2f}{spread}"


def write_table(table: Table, *, out: Path) -> list[Path]:
    """Write a table as ``<name>.md``, ``.tex`` and ``.csv``."""
    paths = [out / f"{table.name}.{form}" for form in ("md", "tex", "csv")]
    paths[0].write_text(markdown(table), encoding="utf-8")
    paths[1].write_text(latex(table), encoding="utf-8")
    paths[2].write_text(table.data.to_csv(index=False, lineterminator="\n"), encoding="utf-8")
    return paths


def markdown(table: Table) -> str:
    """The table for GitHub and the like: best bold, second underlined."""
    return templates().get_template("table.md.j2").render(table=table)


def latex(table: Table) -> str:
    r"""The table for ``\input``; it needs the package booktabs.

    Column groups that would exceed the text width of the article class go into a panel below.
    """
    return (
        _latex_templates()
        .get_template("table.tex.j2")
        .render(table=table, panels=panels(table, width=LATEX_WIDTH))
    )


def panels(table: Table, *, width: float) -> list[Panel]:
    """Cut a wide table between its column groups into panels that repeat the labels.

    Args:
        table: the table.
        width: most points that a panel may take, by a generous estimate; a panel holds at least
            one group, however wide.
    """
    widths = [
        max(_latex_width(text) for text in (heading, *(row[column].text for row in table.rows)))
        for column, heading in enumerate(table.columns)
    ]
    groups = table.groups or (("", len(table.columns) - 1),)
    cut: list[list[tuple[str, int]]] = [[]]
    room = width - widths[0]
    start = 1
    for heading, span in groups:
        needed = sum(widths[start : start + span])
        if cut[-1] and needed > room:
            cut.append([])
            room = width - widths[0]
        cut[-1].append((heading, span))
        room -= needed
        start += span
    found = []
    start = 1
    for part in cut:
        placed = []
        place = 2
        for heading, span in part:
            placed.append(PlacedGroup(heading, place, place + span - 1))
            place += span
        end = start + place - 2
        found.append(
            Panel(
                groups=tuple(placed) if table.groups else (),
                columns=(table.columns[0], *table.columns[start:end]),
                rows=tuple((row[0], *row[start:end]) for row in table.rows),
            )
        )
        start = end
    return found


def _latex_width(text: str) -> float:
    """Points that a cell takes in Computer Modern at 8 pt, its spread at 5 pt, with its margins."""
    number, _, spread = text.partition(SPREAD)
    return 4.1 * len(number) + 3.4 * len(spread) + (7.0 if spread else 0.0) + 6.0


_LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\{",
        "}": r"\}",
        "&": r"\&",
        "%": r"\%",
        "$": r"\$",
        "#": r"\#",
        "_": r"\_",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"$<$",
        ">": r"$>$",
        "±": r"$\pm$",
        "×": r"$\times$",
        "≤": r"$\leq$",
        "≥": r"$\geq$",
        "−": r"$-$",
        "Δ": r"$\Delta$",
        "—": "---",
        "–": "--",
        "†": r"$^{\dagger}$",
    }
)


def escape_latex(text: str) -> str:
    """Text that LaTeX prints as it stands."""
    return text.translate(_LATEX)


def escape_latex_cell(text: str) -> str:
    """A cell that LaTeX prints as it stands, its spread in small type."""
    number, _, spread = text.partition(SPREAD)
    if not spread:
        return escape_latex(text)
    return escape_latex(number) + r"{\tiny$\,\pm$" + escape_latex(spread) + "}"


def escape_markdown(text: str) -> str:
    """Text that stays one cell of a Markdown table."""
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("*", "\\*").replace("_", "\\_")


@cache
def templates() -> jinja2.Environment:
    """The Markdown and HTML templates; HTML is escaped by itself."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("srgnn_bench.report"),
        undefined=jinja2.StrictUndefined,
        autoescape=jinja2.select_autoescape(["html.j2"]),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        latex=escape_latex, latex_cell=escape_latex_cell, markdown=escape_markdown
    )
    return environment


@cache
def _latex_templates() -> jinja2.Environment:
    """The LaTeX templates, whose delimiters leave LaTeX its braces."""
    return templates().overlay(
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
    )


def _marks(frame: pd.DataFrame, dataset: str, metric: str) -> dict[str, Mark]:
    """Best and second entry of a column; equal means share a mark."""
    column = frame[(frame["dataset"] == dataset) & (frame["metric"] == metric)]
    ordered = sorted(set(column["mean"]), reverse=True)
    names: tuple[Mark, ...] = ("best", "second")
    by_value = dict(zip(ordered, names, strict=False))
    return {
        entry: by_value[mean]
        for entry, mean in zip(column["entry"], column["mean"], strict=True)
        if mean in by_value
    }


def _spread_line(frame: pd.DataFrame) -> str:
    most = int(frame["seeds"].max())
    line = "In percent. "
    line += (
        f"Mean ± standard deviation over {most} seeds."
        if most > 1
        else "One seed: its spread is unknown."
    )
    if (frame["seeds"] < frame["expected"]).any():
        line += (
            f" {MISSING} no run; {PARTIAL} fewer seeds than planned; incomplete data sets carry no "
            "marks for best and second."
        )
    return line


def _finite(value: float) -> float | None:
    return None if math.isnan(value) else float(value)

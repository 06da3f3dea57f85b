"""The forms of a table: Markdown, LaTeX with booktabs, and CSV."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from srgnn_bench.plain_text import visible
from srgnn_bench.report.escaping import escape_latex, escape_markdown, no_formula, slug
from srgnn_bench.report.tables.table import SPREAD, Table, TableCell

LATEX_WIDTH = 345.0
"""Text width of the article class at 10 pt, in points."""

LATEX_ROWS = 44
"""Most rows of a float; the panels of a longer table go on in further floats."""


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


def write_table(table: Table, *, out: Path) -> list[Path]:
    """Write a table as ``<name>.md``, ``.tex`` and ``.csv``."""
    paths = [out / f"{table.name}.{form}" for form in ("md", "tex", "csv")]
    paths[0].write_text(markdown(table), encoding="utf-8")
    paths[1].write_text(latex(table), encoding="utf-8")
    # The last digits of a sum depend on the number of threads and the processor.
    data = table.data.map(no_formula).to_csv(index=False, lineterminator="\n", float_format="%.10g")
    paths[2].write_text(data, encoding="utf-8")
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
        .render(table=table, floats=floats(panels(table, width=LATEX_WIDTH)))
    )


def floats(found: list[Panel]) -> list[list[Panel]]:
    """Panels that go into one float each, by their rows; a panel is never cut."""
    cut: list[list[Panel]] = [[]]
    for panel in found:
        if cut[-1] and sum(len(p.rows) + 4 for p in (*cut[-1], panel)) > LATEX_ROWS:
            cut.append([])
        cut[-1].append(panel)
    return cut


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
    columns = len(table.columns) - table.labels
    groups = table.groups or (("", 1),) * columns
    empty = width - sum(widths[: table.labels])
    cut: list[list[tuple[str, int]]] = [[]]
    room = empty
    start = table.labels
    for heading, span in groups:
        needed = max(sum(widths[start : start + span]), _latex_width(heading))
        if cut[-1] and needed > room:
            cut.append([])
            room = empty
        cut[-1].append((heading, span))
        room -= needed
        start += span
    found = []
    start = table.labels
    for part in cut:
        placed = []
        place = table.labels + 1
        for heading, span in part:
            placed.append(PlacedGroup(heading, place, place + span - 1))
            place += span
        end = start + place - table.labels - 1
        found.append(
            Panel(
                groups=tuple(placed) if table.groups else (),
                columns=(*table.columns[: table.labels], *table.columns[start:end]),
                rows=tuple((*row[: table.labels], *row[start:end]) for row in table.rows),
            )
        )
        start = end
    return found


def _latex_width(text: str) -> float:
    """Points that a cell takes in Computer Modern at 8 pt, its spread at 5 pt, with its margins."""
    number, _, spread = text.partition(SPREAD)
    return 4.1 * len(number) + 3.4 * len(spread) + (7.0 if spread else 0.0) + 6.0


def escape_latex_cell(text: str) -> str:
    """A cell that LaTeX prints as it stands, its spread in small type."""
    number, _, spread = text.partition(SPREAD)
    if not spread:
        return escape_latex(text)
    return escape_latex(number) + r"{\tiny$\,\pm$" + escape_latex(spread) + "}"


def _seen(value: Any) -> Any:
    """What a template prints: texts with their unseen characters written out."""
    return visible(value) if type(value) is str else value


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
        finalize=_seen,
    )
    environment.filters.update(
        slug=slug, latex=escape_latex, latex_cell=escape_latex_cell, markdown=escape_markdown
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

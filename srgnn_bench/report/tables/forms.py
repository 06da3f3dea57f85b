"""The forms of a table: Markdown, LaTeX with booktabs, and CSV."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from srgnn_bench.plain_text import visible
from srgnn_bench.report.escaping import (
    escape_latex,
    escape_markdown,
    latex_row,
    no_formula,
    slug,
)
from srgnn_bench.report.tables.table import SPREAD, Table, TableCell

ARTICLE_WIDTH = 345.0
"""Text width of the article class at 10 pt, in points."""

FULL_WIDTH = 500.0
"""Least text width of two-column classes: acmart 506 pt, IEEEtran 516 pt."""

COLUMN_WIDTH = 200.0
"""Least column width of two-column classes: article 200 pt at 10 pt, acmart 241, IEEEtran 252."""

LATEX_ROWS = 44
"""Most rows of a float, heads of panels included; a longer table goes on in further floats."""

HEAD = 4
"""Rows that a panel's head takes, with its lines and the room above it."""


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
    width: float


def write_table(table: Table, *, out: Path, suite: str) -> list[Path]:
    """Write a table as ``<name>.md``, ``.csv``, ``.tex`` and ``-column.tex``.

    Args:
        table: the table.
        out: where the files go.
        suite: whose it is, for the labels.

    Returns:
        The files. A table whose columns are too wide for one column of a paper has no last one.
    """
    # The last digits of a sum depend on the number of threads and the processor.
    data = table.data.map(no_formula).to_csv(index=False, lineterminator="\n", float_format="%.10g")
    texts = {
        f"{table.name}.md": markdown(table),
        f"{table.name}.tex": latex(table, suite=suite),
        f"{table.name}.csv": data,
        f"{table.name}-column.tex": latex_column(table, suite=suite),
    }
    paths = []
    for name, text in texts.items():
        path = out / name
        if text is None:
            path.unlink(missing_ok=True)  # an earlier call's
        else:
            path.write_text(text, encoding="utf-8")
            paths.append(path)
    return paths


def markdown(table: Table) -> str:
    """The table for GitHub and the like: best bold, second underlined."""
    return templates().get_template("table.md.j2").render(table=table)


def latex(table: Table, *, suite: str) -> str:
    r"""The table for ``\input`` over the full width of a page; it needs the package booktabs.

    Column groups that would exceed the text width go into a panel below. A class of one column has
    less of it than one of two, so the file holds both arrangements where they differ.
    """
    narrow, wide = (_arranged(table, width=width) for width in (ARTICLE_WIDTH, FULL_WIDTH))
    both = [narrow] if narrow == wide else [narrow, wide]
    return _latex(table, suite=suite, kind="table*", arrangements=both)


def latex_column(table: Table, *, suite: str) -> str | None:
    r"""The table for ``\input`` in one column of a paper, or None where it cannot be cut to fit."""
    found = _arranged(table, width=COLUMN_WIDTH)
    if found.small:
        return None
    return _latex(table, suite=suite, kind="table", arrangements=[found])


@dataclass(frozen=True)
class _Arrangement:
    """A table's floats for a width, and whether they take the smaller type."""

    floats: list[list[Panel]]
    small: bool


def _arranged(table: Table, *, width: float) -> _Arrangement:
    """The arrangement for a width, small where its labels leave no room for a column."""
    cut = panels(table, width=width)
    small = any(panel.width > width for panel in cut)
    return _Arrangement(floats(cut), small)


def _latex(table: Table, *, suite: str, kind: str, arrangements: list[_Arrangement]) -> str:
    text: str = (
        _latex_templates()
        .get_template("table.tex.j2")
        .render(
            table=table,
            kind=kind,
            label=f"tab:{suite}-{table.name}",
            note=" ".join([table.note, *_marks(table)]),
            arrangements=arrangements,
            full_width=FULL_WIDTH,
        )
    )
    return text


def _marks(table: Table) -> list[str]:
    """The words in capitals of the protocol card, which no form of a table may lose."""
    found = (re.match(r"[A-Z][A-Z ]{5,}(?=[:,])", line) for line in table.card)
    words = ", ".join(word[0] for word in found if word)
    return [f"{words}: see the protocol."] if words else []


def floats(found: list[Panel]) -> list[list[Panel]]:
    """Panels that go into one float each, by their rows; what is longer than one is cut."""
    cut: list[list[Panel]] = [[]]
    for panel in (piece for whole in found for piece in _short(whole)):
        if cut[-1] and sum(len(p.rows) + HEAD for p in (*cut[-1], panel)) > LATEX_ROWS:
            cut.append([])
        cut[-1].append(panel)
    return cut


def _short(panel: Panel) -> list[Panel]:
    """A panel in pieces that fit into a float, each with the head and its first row's label.

    Cut is where the label changes, within the rows of one only where these are too many.
    """
    pieces, rest = [], list(panel.rows)
    while rest:
        most = LATEX_ROWS - HEAD
        starts = [n for n, (label, *_) in enumerate(rest[: most + 1]) if n and label.text]
        end = len(rest) if len(rest) <= most else starts[-1] if starts else most
        (label, *cells), *others = rest[:end]
        first = (replace(label, text=label.text or label.alone), *cells)
        pieces.append(replace(panel, rows=(first, *others)))
        rest = rest[end:]
    return pieces or [panel]


def panels(table: Table, *, width: float) -> list[Panel]:
    """Cut a wide table into panels that repeat the labels.

    Args:
        table: the table.
        width: most points that a panel may take, by a generous estimate. Cut is between column
            groups, within a group only where it is too wide by itself: its pieces are about alike
            and begin a panel each. A panel holds at least one column, however wide.
    """
    widths = [
        max(_latex_width(text) for text in (heading, *(row[column].text for row in table.rows)))
        for column, heading in enumerate(table.columns)
    ]
    labels = sum(widths[: table.labels])
    cut: list[list[_Piece]] = []
    for piece in _pieces(table, widths[table.labels :], room=width - labels):
        used = labels + sum(other.width for other in (cut[-1] if cut else []))
        if not cut or piece.begins or used + piece.width > width:
            cut.append([])
        cut[-1].append(piece)
    found = []
    start = table.labels
    for pieces in cut:
        placed: list[PlacedGroup] = []
        place = table.labels
        for piece in pieces:
            if placed and placed[-1].heading == piece.heading:
                placed[-1] = replace(placed[-1], last=place + piece.span)
            else:
                placed.append(PlacedGroup(piece.heading, place + 1, place + piece.span))
            place += piece.span
        end = start + place - table.labels
        found.append(
            Panel(
                groups=tuple(placed) if table.groups else (),
                columns=(*table.columns[: table.labels], *table.columns[start:end]),
                rows=tuple((*row[: table.labels], *row[start:end]) for row in table.rows),
                width=labels + sum(piece.width for piece in pieces),
            )
        )
        start = end
    return found


@dataclass(frozen=True)
class _Piece:
    """Columns of one group that stand beside each other, and what they and their heading take."""

    heading: str
    span: int
    width: float
    begins: bool = False
    """Whether a panel begins with it: the group is too wide for one."""


def _pieces(table: Table, widths: Sequence[float], *, room: float) -> Iterator[_Piece]:
    """Each group whole where there is room for it, else in as few pieces as fit."""
    start = 0
    for heading, span in table.groups or (("", 1),) * len(widths):
        columns = widths[start : start + span]
        for parts in range(1, span + 1):
            size = math.ceil(span / parts)
            cut = [columns[first : first + size] for first in range(0, span, size)]
            needed = [max(sum(part), _latex_width(heading)) for part in cut]
            if max(needed) <= max(room, _latex_width(heading)):  # no cut makes a heading shorter
                break
        for part, wide in zip(cut, needed, strict=True):
            yield _Piece(heading, len(part), wide, begins=len(cut) > 1)
        start += span


def _latex_width(text: str) -> float:
    """Points that a cell takes in Computer Modern at 8 pt, its spread at 5 pt, with its margins."""
    number, _, spread = text.partition(SPREAD)
    wide = sum(character.isupper() or character in "@%—→" for character in number)
    letters = 4.1 * (len(number) - wide) + 6.5 * wide
    return letters + 3.4 * len(spread) + (7.0 if spread else 0.0) + 6.0


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
        slug=slug,
        latex=escape_latex,
        latex_cell=escape_latex_cell,
        latex_row=latex_row,
        markdown=escape_markdown,
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

"""Where a command prints: on a terminal or as plain text, as tables or as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.markup import escape
from rich.segment import Segment
from rich.table import Table

from srgnn_bench.plain_text import visible


class _PlainConsole(Console):
    """A console on which nothing that is printed can act on the terminal or hide there."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterator[Segment]:
        """The pieces to be written; rich's own control codes are none of the text."""
        for piece in super().render(renderable, options):
            yield piece if piece.control else Segment(visible(piece.text), piece.style)


def console(*, stderr: bool = False, soft_wrap: bool = True, quiet: bool = False) -> Console:
    """Where to print. Titles and paths are anybody's: nothing in them is markup or an emoji."""
    return _PlainConsole(
        stderr=stderr,
        soft_wrap=soft_wrap,
        quiet=quiet,
        markup=False,
        highlight=False,
        emoji=False,
    )


def table_of(headings: Sequence[str], *, title: str | None = None) -> Table:
    """An empty table whose cells are folded where the terminal is narrow, and never cut.

    The first column is of names, as one types them, and stays whole.
    """
    table = Table(title=title, title_justify="left", title_style="bold")
    for number, heading in enumerate(headings):
        table.add_column(heading, overflow="fold", no_wrap=number == 0)
    return table


def warn(screen: Console, warnings: Sequence[str]) -> None:
    """Print warnings, each once."""
    distinct = list(dict.fromkeys(warnings))
    for number, warning in enumerate(distinct, start=1):
        place = f" {number} of {len(distinct)}" if len(distinct) > 1 else ""
        screen.print(f"[bold magenta]warning{place}:[/] {escape(warning)}", markup=True)


def print_error(problem: str) -> None:
    """Print in one line what is wrong."""
    console(stderr=True).print(f"[bold red]error:[/] {escape(problem)}", markup=True)


def print_json(value: Any) -> None:
    """Print a value as JSON, which nothing folds; NaN is null."""
    console().print(json.dumps(_finite(value), ensure_ascii=False, indent=2))


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value

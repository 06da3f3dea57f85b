"""``srgnn-bench datasets``, with ``prepare`` and ``download``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from srgnn_bench.cli.options import (
    RESULTS,
    DataRootOption,
    DatasetArgument,
    JsonOption,
    ResultsOption,
)
from srgnn_bench.cli.screen import console, print_json, table_of, warn
from srgnn_bench.cli.words import refuse_options_before
from srgnn_bench.errors import BenchError

app = typer.Typer(invoke_without_command=True)


@app.callback()
def datasets(
    context: typer.Context, data_root: DataRootOption = None, as_json: JsonOption = False
) -> None:
    """List the datasets, and which of them are there; or prepare or fetch one."""
    from srgnn_bench.data.locate import find
    from srgnn_bench.specs import registry

    if context.invoked_subcommand is not None:
        refuse_options_before(context)
        return
    rows: list[dict[str, Any]] = []
    table = table_of(["name", "title", "source", "where"])
    for name in registry.names("dataset"):
        spec = registry.dataset(name)
        try:
            found = find(spec, data_root=data_root)
            source, where, remedy = found.source.name, [str(path) for path in found.paths], ""
        except BenchError as error:
            source, where, remedy = None, [], error.remedy
        row = {"name": name, "title": spec.title, "source": source, "where": where}
        rows.append({**row, "remedy": remedy})
        table.add_row(name, spec.title, source or "missing", ", ".join(where) or remedy)
    if as_json:
        print_json(rows)
        return
    console(soft_wrap=False).print(table)


@app.command()
def prepare(
    name: DatasetArgument,
    data_root: DataRootOption = None,
    results: ResultsOption = RESULTS,
    source: Annotated[str | None, typer.Option(help="Read this source, not the first.")] = None,
) -> None:
    """Prepare a dataset, or each of its windows, and show its data card."""
    from srgnn_bench.data.card import card_of
    from srgnn_bench.data.prepare import prepare as prepare_dataset
    from srgnn_bench.report.data_card import sections, write_data_card
    from srgnn_bench.specs import registry
    from srgnn_bench.store.store import ResultStore

    screen = console()
    cache = ResultStore(results).data_folder
    for spec in registry.dataset(name).in_windows():
        data = prepare_dataset(spec, data_root=data_root, cache=cache, source=source)
        card = card_of(data, spec)
        for section in sections(card):
            table = table_of(section.columns, title=section.heading)
            table.show_header = any(section.columns)
            for column, numeric in zip(table.columns, section.numeric, strict=True):
                column.justify = "right" if numeric else "left"
            for row in section.rows:
                table.add_row(*row)
            screen.print(table)
        warn(screen, card.warnings)
        paths = write_data_card(card, out=cache / spec.name / "card")
        screen.print(f"Card: {paths[0].parent}")


@app.command()
def download(
    name: DatasetArgument,
    data_root: Annotated[
        Path,
        typer.Option("--data-root", envvar="SRGNN_BENCH_DATA_ROOT", help="Folder to put it in."),
    ],
) -> None:
    """Fetch a dataset from where its file says, and check what came."""
    from srgnn_bench.data.download import download as fetch
    from srgnn_bench.specs import registry

    for path in fetch(registry.dataset(name), data_root=data_root):
        console().print(str(path))

"""``srgnn-bench studies``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from srgnn_bench.cli.options import RESULTS, ResultsOption
from srgnn_bench.cli.screen import console

app = typer.Typer(no_args_is_help=True, help="What tuning tried.")


@app.callback()
def studies() -> None:
    """What tuning tried."""


@app.command("export")
def export_studies(
    results: ResultsOption = RESULTS,
    out: Annotated[Path, typer.Option("--out", help="The database to write.")] = Path("studies.db"),
) -> None:
    """Write all stored studies to a database that optuna-dashboard opens."""
    from srgnn_bench.store.store import ResultStore
    from srgnn_bench.tuning.export import export_studies as export

    for name in export(ResultStore(results), out=out):
        console().print(name)
    console().print(f"Written: {out}")

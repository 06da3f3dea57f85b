"""``srgnn-bench reference``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from srgnn_bench.cli.screen import console

app = typer.Typer(no_args_is_help=True, help="The stored results that come with the package.")


@app.callback()
def reference() -> None:
    """The stored results that come with the package."""


@app.command("copy")
def copy(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Where to; it must be empty or not exist.")
    ],
) -> None:
    """Copy the stored results, so that `run --results FOLDER` adds your model to them."""
    from srgnn_bench.execution.reference import copy_reference

    for suite in copy_reference(folder):
        console().print(suite)
    console().print(f"Written: {folder}")

"""``srgnn-bench doctor``."""

from __future__ import annotations

import typer

from srgnn_bench import __version__
from srgnn_bench.cli.options import DataRootOption
from srgnn_bench.cli.screen import console, table_of
from srgnn_bench.errors import USERS_MISTAKE


def doctor(data_root: DataRootOption = None) -> None:
    """Look at the installation and the data; say what is missing and how to get it."""
    from srgnn_bench.cli.examine import examine

    table = table_of(["", "found", "", "remedy"])
    findings = examine(data_root)
    for finding in findings:
        table.add_row(finding.subject, finding.detail, finding.verdict, finding.remedy)
    console(soft_wrap=False).print(f"srgnn-bench {__version__}", table)
    if any(finding.verdict == "broken" for finding in findings):
        raise typer.Exit(USERS_MISTAKE)

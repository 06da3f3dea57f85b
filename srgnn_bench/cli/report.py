"""``srgnn-bench report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from srgnn_bench.cli.options import RESULTS, FormsOption, ResultsOption
from srgnn_bench.cli.screen import console
from srgnn_bench.cli.words import stored_suites
from srgnn_bench.errors import SpecError


def report(
    suite: Annotated[
        str | None,
        typer.Option(
            "--suite", help="Name of a suite, or its YAML file; each that is stored unless given."
        ),
    ] = None,
    results: ResultsOption = RESULTS,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Folder to write to; of several suites each to its own in it."),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option("--against", metavar="ENTRY", help="Compare the others with this model."),
    ] = None,
    compare: Annotated[
        tuple[Path, Path] | None,
        typer.Option(
            "--compare", metavar="BEFORE AFTER", help="Compare two results folders instead."
        ),
    ] = None,
    export: Annotated[
        bool, typer.Option("--export", help="Also write ranks and lists for other tools.")
    ] = False,
    fdr: Annotated[
        bool, typer.Option("--fdr", help="Print the false discovery rate beside Holm's p.")
    ] = False,
    with_seeds: Annotated[
        bool,
        typer.Option(
            "--with-seeds", help="Refuse to draw where a trained model has one seed only."
        ),
    ] = False,
    title: Annotated[
        str | None, typer.Option("--title", help="Heading of the report and its main table.")
    ] = None,
    serif: Annotated[
        bool, typer.Option("--serif", help="Draw the figures in the type of papers in Times.")
    ] = False,
    forms: FormsOption = None,
) -> None:
    """Draw the report from stored records, or compare two results folders; trains nothing."""
    from srgnn_bench.report import build_reports
    from srgnn_bench.report.compare import compare_stores
    from srgnn_bench.report.export import export_results
    from srgnn_bench.report.forms import read_forms
    from srgnn_bench.store.store import ResultStore

    screen, drawn = console(), read_forms(forms)
    if compare is not None and (against or export or fdr or with_seeds or title or serif):
        raise SpecError(
            "report --compare compares two results folders and draws no report.",
            remedy="Leave out its other options, or give them in a call of its own.",
        )
    stores = [ResultStore(folder) for folder in compare or (results,)]
    names = stored_suites(suite, stores)
    if against and len(names) > 1:
        raise SpecError(
            f"--against names an entry of one suite, and {', '.join(names)} are stored.",
            remedy="Name the suite with --suite.",
        )
    folders = {name: stores[-1].report_folder(name, against=against) for name in names}
    if out:
        folders = {name: out / name if len(names) > 1 else out for name in names}
    if compare is not None:
        for name, folder in folders.items():
            paths = compare_stores(*stores, suite=name, out=folder)
            screen.print(paths[0].read_text(encoding="utf-8"))
            screen.print(str(paths[0]))
        return
    reports = build_reports(
        *stores,
        folders=folders,
        against=against,
        title=title,
        fdr=fdr,
        with_seeds=with_seeds,
        forms=drawn,
        font="serif" if serif else "sans",
    )
    for name, (page, *_) in reports.items():
        if export:
            export_results(*stores, suite=name, out=folders[name] / "export")
        screen.print(str(page))

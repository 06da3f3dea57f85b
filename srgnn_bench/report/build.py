"""The whole report of a suite, from its stored records alone."""

from __future__ import annotations

from pathlib import Path

from srgnn_bench.errors import StoreError
from srgnn_bench.report.figures import figures_for
from srgnn_bench.report.figures.canvas import save_figure
from srgnn_bench.report.frames import Frames
from srgnn_bench.report.results import load_suite
from srgnn_bench.report.tables import all_tables
from srgnn_bench.report.tables.forms import write_table
from srgnn_bench.store.store import ResultStore


def build_report(store: ResultStore, *, suite: str, out: Path) -> list[Path]:
    """Write the tables and figures of a suite; the same store gives the same bytes.

    Args:
        store: the results folder.
        suite: name of a suite that was run.
        out: folder for the files; made if needed.

    Returns:
        The files written.

    Raises:
        StoreError: nothing is stored about the suite, what is stored cannot be compared, or
            ``out`` cannot be written.
    """
    frames = Frames(load_suite(store, suite=suite))
    try:
        out.mkdir(parents=True, exist_ok=True)
        paths = [path for table in all_tables(frames) for path in write_table(table, out=out)]
        for figure in figures_for(frames):
            paths += save_figure(frames, draw=figure.draw, name=figure.name, out=out)
    except OSError as error:
        raise StoreError(
            f"{out} cannot be written ({error.strerror or error}).",
            remedy="Name another folder for the report.",
        ) from error
    return paths

"""Writes what is kept of the stored results' reports: the tables, and the figures of the documents.

    python docs/stored_tables.py

writes ``results/reference/report/`` anew, with the versions of Python 3.11's constraints; a test
holds that it has been called. ``first_picture.py`` draws from these tables.
"""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from srgnn_bench.report.figures import ablation, comparison
from srgnn_bench.report.figures.canvas import save_drawn
from srgnn_bench.report.frames import Frames
from srgnn_bench.report.results import load_suite
from srgnn_bench.report.tables import all_tables
from srgnn_bench.report.tables.forms import write_table
from srgnn_bench.store.store import ResultStore

REFERENCE = Path(__file__).resolve().parent.parent / "results" / "reference"
FIGURES = {"standard": comparison.FIGURE, "ablation-steps": ablation.FIGURE}
"""The figure that is kept of a suite."""


def write(suite: str, out: Path) -> None:
    """The kept files of one suite's report: every table as CSV, the main one to be read too."""
    frames = Frames(load_suite(ResultStore(REFERENCE), suite=suite))
    out.mkdir(parents=True)
    with TemporaryDirectory() as folder:
        for table in all_tables(frames):
            for path in write_table(table, out=Path(folder), suite=suite):
                if path.suffix == ".csv" or path.name == "table.md":
                    shutil.move(path, out / path.name)
    if suite in FIGURES:
        figure = FIGURES[suite]
        draw = partial(figure.draw, frames)
        save_drawn(draw, name=figure.name, out=out, layout="page", forms=["svg"])


if __name__ == "__main__":
    shutil.rmtree(REFERENCE / "report", ignore_errors=True)
    for stored in ResultStore(REFERENCE).suites():
        write(stored, REFERENCE / "report" / stored)

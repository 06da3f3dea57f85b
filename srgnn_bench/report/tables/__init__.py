"""Every table of a suite, one file for each kind: a file that offers a ``TABLE`` is one.

forms, metric_table and table hold what they share.
"""

from __future__ import annotations

from srgnn_bench.report.frames import Frames
from srgnn_bench.report.offers import offered
from srgnn_bench.report.tables.table import Table, TableSpec


def all_tables(frames: Frames) -> list[Table]:
    """The tables that the suite's records can fill, in the order of the page."""
    specs = offered(__name__, folders=__path__, name="TABLE", kind=TableSpec)
    return [table for spec in specs for table in spec.make(frames) if table is not None]

"""Every table of a suite, in the order of the page."""

from __future__ import annotations

from srgnn_bench.report.frames import Frames
from srgnn_bench.report.slices import Kind
from srgnn_bench.report.tables.accuracy import (
    beyond_table,
    error_table,
    length_of_list_table,
    main_table,
)
from srgnn_bench.report.tables.costs import cost_table
from srgnn_bench.report.tables.differences import difference_table
from srgnn_bench.report.tables.published import published_tables, read_published
from srgnn_bench.report.tables.sliced import slice_table
from srgnn_bench.report.tables.table import Table
from srgnn_bench.report.tables.tuned import tuning_table

KINDS: tuple[Kind, ...] = ("session length", "prefix length", "popularity", "repetition")


def all_tables(frames: Frames) -> list[Table]:
    """The tables that the suite's records can fill."""
    datasets = frames.results.datasets
    tables = [
        main_table(frames),
        *(difference_table(frames, dataset=dataset) for dataset in datasets),
        error_table(frames),
        *(length_of_list_table(frames, dataset=dataset) for dataset in datasets),
        *(slice_table(frames, kind=kind, dataset=d) for kind in KINDS for d in datasets),
        beyond_table(frames),
        *published_tables(frames, papers=read_published()),
        cost_table(frames),
        tuning_table(frames),
    ]
    return [table for table in tables if table is not None]

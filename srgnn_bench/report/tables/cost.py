"""What training, tuning and ranking took."""

from __future__ import annotations

import math

from srgnn_bench.report.captions import card, machine, suffix
from srgnn_bench.report.frames import Frames
from srgnn_bench.report.tables.table import MISSING, Table, TableCell, TableSpec, finite

COLUMNS = ("parameters", "s/epoch", "epochs", "training", "tuning", "memory", "ms/session")


def cost_table(frames: Frames) -> Table:
    """Parameters, time, memory per entry and dataset."""
    results = frames.results
    frame = frames.cost
    by_place = frame.set_index(["dataset", "entry"])
    rows = []
    for entry in results.entries:
        cells = [TableCell(results.entry_titles[entry], entry=entry)]
        for dataset in results.datasets:
            if (dataset, entry) not in by_place.index:
                cells += [TableCell(MISSING)] * len(COLUMNS)
                continue
            cost = by_place.loc[(dataset, entry)]
            cells += [
                TableCell(_count(cost["parameters"]), value=cost["parameters"]),
                _number(cost["epoch_seconds"], ".1f"),
                TableCell(f"{cost['epochs']:g}", value=cost["epochs"]),
                TableCell(duration(cost["train_seconds"]), value=cost["train_seconds"]),
                TableCell(duration(cost["tuning_seconds"]), value=finite(cost["tuning_seconds"])),
                TableCell(
                    f"{cost['peak_memory_bytes'] / 2**20:,.0f}", value=cost["peak_memory_bytes"]
                ),
                _number(cost["session_milliseconds"], ".2f"),
            ]
        rows.append(tuple(cells))
    return Table(
        name="cost",
        title="Cost" + suffix(results),
        groups=tuple((results.dataset_titles[d], len(COLUMNS)) for d in results.datasets),
        columns=("Model", *COLUMNS * len(results.datasets)),
        rows=tuple(rows),
        note="Means over seeds. Training: one final run; tuning: all trials; memory: most that was "
        "held, MiB; ms/session: ranking.",
        lines=(
            "Means over seeds. Training: one final run; tuning: all trials of its study together"
            f"{', which the entries share' if results.shares_tuning else ''}; "
            "memory: most that the process held during the run, in MiB; ms/session: ranking the "
            f"full catalogue for all prefixes of a test session. {machine(results)}",
        ),
        card=tuple(card(results)),
        data=frame,
    )


def duration(seconds: float) -> str:
    """Seconds, minutes or hours, whichever reads best."""
    if math.isnan(seconds):
        return MISSING
    if seconds < 90:
        return f"{seconds:.1f} s"
    if seconds < 5400:
        return f"{seconds / 60:.1f} min"
    return f"{seconds / 3600:.1f} h"


def _count(number: float) -> str:
    for scale, unit in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if number >= scale:
            return f"{number / scale:.2f} {unit}"
    return f"{number:g}"


def _number(value: float, form: str) -> TableCell:
    return TableCell(MISSING if math.isnan(value) else f"{value:{form}}", value=finite(value))


TABLE = TableSpec(lambda frames: [cost_table(frames)], order=80)

"""Metrics on parts of the test: short and long sessions, prefix lengths, popularity."""

from __future__ import annotations

from srgnn_bench.evaluation.metrics import metric_title
from srgnn_bench.report.captions import card, suffix
from srgnn_bench.report.frames import Frames
from srgnn_bench.report.frames.slices import Kind
from srgnn_bench.report.tables.table import (
    MISSING,
    Table,
    TableCell,
    TableSpec,
    finite,
    percent,
)

EXPLANATIONS: dict[Kind, str] = {
    "session length": (
        "Short: prefixes of at most 5 clicks, long: of more, as in the SR-GNN paper, which counts "
        "every prefix as a session."
    ),
    "prefix length": "Columns: clicks in the prefix.",
    "popularity": (
        "Test prefixes by the training clicks of their target, cut as near to thirds as ties "
        "allow; targets that training never shows are in the tail."
    ),
    "repetition": (
        "Test prefixes by their target: it repeats the last click, or an earlier one, or is new to "
        "the session."
    ),
}

TITLES: dict[Kind, str] = {
    "session length": "short and long sessions",
    "prefix length": "by length of the prefix",
    "popularity": "by popularity of the target",
    "repetition": "by whether the target repeats a click of the session",
}


def slice_table(frames: Frames, *, kind: Kind, dataset: str) -> Table | None:
    """The headline metrics per slice of one dataset; None where it has no runs."""
    results = frames.results
    frame = frames.slices
    frame = frame[(frame["kind"] == kind) & (frame["dataset"] == dataset)].reset_index(drop=True)
    if frame.empty:
        return None
    sizes = frame.drop_duplicates("slice").set_index("slice")["prefixes"]
    by_place = frame.set_index(["entry", "metric", "slice"])["mean"]
    rows = []
    for entry in results.entries:
        cells = [TableCell(results.entry_titles[entry], entry=entry)]
        for metric in results.metrics:
            for label in sizes.index:
                mean = by_place.get((entry, metric, label))
                cells.append(
                    TableCell(MISSING)
                    if mean is None
                    else TableCell(percent(mean), value=finite(mean))
                )
        rows.append(tuple(cells))
    counted = "; ".join(f"{label}: {size:,}" for label, size in sizes.items())
    return Table(
        name=f"{kind.replace(' ', '-')}-{dataset}",
        title=f"{results.dataset_titles[dataset]}: {TITLES[kind]}" + suffix(results),
        groups=tuple((metric_title(metric), len(sizes)) for metric in results.metrics),
        columns=("Model", *list(sizes.index) * len(results.metrics)),
        rows=tuple(rows),
        note=f"In percent. Prefixes: {counted}.",
        lines=(f"In percent, mean over seeds. {EXPLANATIONS[kind]} Prefixes: {counted}.",),
        card=tuple(card(results, datasets=[dataset])),
        data=frame,
    )


TABLE = TableSpec(
    lambda frames: [
        slice_table(frames, kind=kind, dataset=dataset)
        for kind in TITLES
        for dataset in frames.results.datasets
    ],
    order=50,
)

"""How far other seeds and other test sessions could move the numbers."""

from __future__ import annotations

from srgnn_bench.evaluation.metrics import metric_title
from srgnn_bench.report.captions import (
    card,
    describe_intervals,
    explain_mark,
    mark_interval,
    suffix,
)
from srgnn_bench.report.frames import Frames
from srgnn_bench.report.tables.table import MISSING, Table, TableCell, TableSpec, finite, percent


def uncertainty_table(frames: Frames) -> Table:
    """The two parts of the uncertainty, seeds and test sessions, and what they make together."""
    results = frames.results
    frame = frames.metrics
    frame = frame[frame["metric"].isin(results.metrics)].reset_index(drop=True)
    by_place = frame.set_index(["dataset", "entry", "metric"])
    groups = [(dataset, metric) for dataset in results.datasets for metric in results.metrics]
    rows = []
    for entry in results.entries:
        cells = [TableCell(results.entry_titles[entry], entry=entry)]
        for dataset, metric in groups:
            numbers = by_place.loc[(dataset, entry, metric)]
            half = (numbers["high"] - numbers["low"]) / 2
            mark = mark_interval(numbers["with_seeds"])
            values = [numbers[n] for n in ("mean", "std", "error_seeds", "error_sessions")]
            cells += [TableCell(percent(value), value=finite(value)) for value in values]
            cells.append(TableCell(percent(half) + mark, value=finite(half)))
        rows.append(tuple(cells))
    return Table(
        name="uncertainty",
        title="Uncertainty from seeds and from test sessions" + suffix(results),
        groups=tuple((f"{results.dataset_titles[d]}: {metric_title(m)}", 5) for d, m in groups),
        columns=("Model", *("mean", "sd", "seeds", "sessions", "±") * len(groups)),
        rows=tuple(rows),
        note="In percent. sd: between seeds; seeds, sessions: standard errors from these; ±: half "
        f"the 95% interval{explain_mark(frame['with_seeds'])}.",
        lines=(
            "In percent. sd: standard deviation between seeds, how much another training differs. "
            "seeds, sessions: standard errors of the mean from the finite number of seeds and of "
            f"test sessions ({MISSING} under sd: no chance in the model, or one seed). ±: half the "
            f"95% interval, which holds {describe_intervals(frame['with_seeds'], marked=True)}.",
        ),
        card=tuple(card(results)),
        data=frame,
    )


TABLE = TableSpec(lambda frames: [uncertainty_table(frames)], order=30)

"""Logs that were cut into windows: each window, and the mean over them."""

from __future__ import annotations

from srgnn_bench.evaluation.metrics import metric_title
from srgnn_bench.report.captions import card, suffix
from srgnn_bench.report.frames import Frames
from srgnn_bench.report.frames.differences import comparisons
from srgnn_bench.report.frames.windows import log_titles, windows_of
from srgnn_bench.report.tables.table import (
    Table,
    TableCell,
    TableSpec,
    finite,
    interval,
    p_text,
    percent,
    signed,
)


def window_table(frames: Frames, *, log: str, datasets: list[str]) -> Table | None:
    """Every entry on each window of a log, the mean, and the paired differences of means.

    None where a single window has runs.
    """
    results = frames.results
    everything = frames.windows
    frame = everything[everything["windows_of"] == log].reset_index(drop=True)
    if len(datasets) < 2 or frame.empty:
        return None
    numbers = [dataset.rpartition("-")[2] for dataset in datasets]
    columns = (*numbers, "mean", "sd", "95% interval", "Δ", "95% interval of Δ", "p")
    by_place = frame.set_index(["entry", "metric"])
    single = frames.metrics.set_index(["dataset", "entry", "metric"])["mean"]
    rows = []
    for entry in dict.fromkeys(frame["entry"]):
        cells = [TableCell(results.entry_titles[entry], entry=entry)]
        for metric in results.metrics:
            of = by_place.loc[(entry, metric)]
            each = [float(single.loc[(dataset, entry, metric)]) for dataset in datasets]
            shares = [*each, of["mean"], of["std"]]
            cells += [TableCell(percent(value), value=finite(value)) for value in shares]
            ends = interval(of["low"], of["high"]).replace("+", "")
            cells.append(TableCell(ends, value=finite(of["low"])))
            cells.append(TableCell(signed(of["difference"]), value=finite(of["difference"])))
            ends = interval(of["difference_low"], of["difference_high"])
            cells.append(TableCell(ends, value=finite(of["difference_low"])))
            cells.append(TableCell(p_text(of["p_holm"]), value=finite(of["p_holm"])))
        rows.append(tuple(cells))
    subject = results.entry_titles[results.subject]
    return Table(
        name=f"windows-{log}",
        title=f"{log_titles(results)[log]}: {len(datasets)} windows of equal span, and their mean"
        + suffix(results),
        groups=tuple((metric_title(metric), len(columns)) for metric in results.metrics),
        columns=("Model", *columns * len(results.metrics)),
        rows=tuple(rows),
        note="In percent. sd: between windows; intervals and p: what other windows would change; "
        f"Δ: {subject} less the entry, in points; p: Holm's.",
        lines=(
            "In percent. Each window is prepared, tuned and tested by itself and counts as one. "
            "sd: between windows. The intervals and p say what other windows would change, which "
            "holds other sessions, seeds and tunings; with few windows they are wide. "
            f"Δ: {subject} less the entry, paired by window, in percentage points; p is "
            f"corrected by Holm for the {comparisons(everything)} comparisons of means of this "
            "suite.",
        ),
        card=tuple(card(results, datasets=datasets)),
        data=frame,
    )


def _tables(frames: Frames) -> list[Table | None]:
    logs = windows_of(frames.results)
    return [window_table(frames, log=log, datasets=own) for log, own in logs.items()]


TABLE = TableSpec(_tables, order=25)

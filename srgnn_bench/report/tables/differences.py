"""Paired differences between the subject and every other entry."""

from __future__ import annotations

import numpy as np

from srgnn_bench.evaluation.metrics import metric_title
from srgnn_bench.report.captions import (
    card,
    describe_intervals,
    explain_mark,
    mark_interval,
    suffix,
)
from srgnn_bench.report.frames import Frames
from srgnn_bench.report.frames.differences import comparisons
from srgnn_bench.report.tables.table import (
    MISSING,
    Table,
    TableCell,
    TableSpec,
    finite,
    interval,
    p_text,
    per_dataset,
    signed,
)


def difference_table(frames: Frames, *, dataset: str) -> Table | None:
    """A data set's differences with intervals and p-values, corrected for those of all data sets.

    None where there is nothing to compare.
    """
    results = frames.results
    all_rows = frames.differences
    frame = all_rows[all_rows["dataset"] == dataset].reset_index(drop=True)
    if frame.empty:
        return None
    by_place = frame.set_index(["entry", "metric"])
    columns = ("Δ", "95% interval", "%", "p", *(["FDR"] * frames.fdr), "d", "W/L")
    rows = []
    for entry in results.entries:
        if entry == results.subject:
            continue
        cells = [TableCell(results.entry_titles[entry], entry=entry)]
        for metric in results.metrics:
            if (entry, metric) not in by_place.index:
                cells += [TableCell(MISSING)] * len(columns)
                continue
            found = by_place.loc[(entry, metric)]
            mark = mark_interval(found["with_seeds"])
            effect = f"{found['effect']:+.2f}".replace("-", "−")
            gain = MISSING if np.isnan(found["relative"]) else f"{100 * found['relative']:+.1f}"
            cells += [
                TableCell(signed(found["difference"]), value=found["difference"]),
                TableCell(interval(found["low"], found["high"]) + mark, value=finite(found["low"])),
                TableCell(gain.replace("-", "−"), value=finite(found["relative"])),
                TableCell(p_text(found["p_holm"]), value=finite(found["p_holm"])),
                *([TableCell(p_text(found["fdr"]), value=finite(found["fdr"]))] * frames.fdr),
                TableCell(
                    MISSING if np.isnan(found["effect"]) else effect, value=finite(found["effect"])
                ),
                TableCell(
                    f"{100 * found['better']:.0f}/{100 * found['worse']:.0f}",
                    value=found["better"] - found["worse"],
                ),
            ]
        rows.append(tuple(cells))
    subject = results.entry_titles[results.subject]
    counted = comparisons(all_rows)
    family = f"the {counted} comparisons of this suite"
    return Table(
        name=f"differences-{dataset}",
        title=f"{results.dataset_titles[dataset]}: {subject} less each other entry, paired over "
        "the same test prefixes" + suffix(results),
        groups=tuple((metric_title(metric), len(columns)) for metric in results.metrics),
        columns=("Compared with", *columns * len(results.metrics)),
        rows=tuple(rows),
        note=f"Δ: points, with 95% interval{explain_mark(frame['with_seeds'])}; "
        f"%: of the other's mean; p: Holm's, of {counted}; "
        + ("FDR: Benjamini and Hochberg's; " if frames.fdr else "")
        + "d: Cohen's; W/L: % won, lost.",
        lines=(
            "Δ: difference in percentage points, averaged over seeds; positive: "
            f"{subject} is better. Interval and p hold "
            f"{describe_intervals(frame['with_seeds'], marked=True)}; p is corrected by Holm for "
            f"{family}. "
            + (f"FDR: Benjamini and Hochberg's over {family}. " if frames.fdr else "")
            + "%: Δ relative to the other's mean. d: Cohen's d over sessions (0.2 counts as "
            f"small). W/L: percent of the prefixes on which {subject} scores higher and lower. A "
            "small p says that a difference would be found again, not that it is large.",
        ),
        card=tuple(card(results, datasets=[dataset])),
        data=frame,
    )


TABLE = TableSpec(per_dataset(difference_table), order=20)

"""Paired differences between the subject and every other entry."""

from __future__ import annotations

import numpy as np

from srgnn_bench.report.captions import card, suffix
from srgnn_bench.report.frames import HEADLINE, Frames
from srgnn_bench.report.tables.table import (
    MISSING,
    Table,
    TableCell,
    finite,
    metric_title,
    p_text,
    signed,
)
from srgnn_bench.statistics import RESAMPLES, ROUNDS


def difference_table(frames: Frames) -> Table | None:
    """Differences with intervals and corrected p-values; None where there is nothing to compare."""
    results = frames.results
    frame = frames.differences
    if frame.empty:
        return None
    by_place = frame.set_index(["dataset", "entry", "metric"])
    groups = [(dataset, metric) for dataset in results.datasets for metric in HEADLINE]
    rows = []
    for entry in results.entries:
        if entry == results.subject:
            continue
        cells = [TableCell(results.entry_titles[entry], entry=entry)]
        for dataset, metric in groups:
            if (dataset, entry, metric) not in by_place.index:
                cells += [TableCell(MISSING)] * 6
                continue
            found = by_place.loc[(dataset, entry, metric)]
            interval = f"[{signed(found['low'])}, {signed(found['high'])}]"
            gain = MISSING if np.isnan(found["relative"]) else f"{100 * found['relative']:+.1f}"
            cells += [
                TableCell(signed(found["difference"]), value=found["difference"]),
                TableCell(interval, value=found["low"]),
                TableCell(gain.replace("-", "−"), value=finite(found["relative"])),
                TableCell(p_text(found["p_holm"]), value=found["p_holm"]),
                TableCell(f"{found['effect']:+.2f}".replace("-", "−"), value=found["effect"]),
                TableCell(
                    f"{100 * found['better']:.0f}/{100 * found['worse']:.0f}",
                    value=found["better"] - found["worse"],
                ),
            ]
        rows.append(tuple(cells))
    subject = results.entry_titles[results.subject]
    return Table(
        name="differences",
        title=f"{subject} less each other entry, paired over the same test prefixes"
        + suffix(results),
        groups=tuple((f"{results.dataset_titles[d]}: {metric_title(m)}", 6) for d, m in groups),
        columns=("Compared with", *("Δ", "95% interval", "%", "p", "d", "W/L") * len(groups)),
        rows=tuple(rows),
        lines=(
            "Δ: difference in percentage points, averaged over seeds; positive: "
            f"{subject} is better. Interval: bootstrap over test sessions, {RESAMPLES:,} draws. "
            "%: Δ relative to the other's mean. p: randomisation test by session, "
            f"{ROUNDS:,} rounds, corrected by Holm for the {len(frame)} comparisons of this table. "
            "d: Cohen's d over sessions (0.2 counts as small). W/L: percent of the prefixes on "
            f"which {subject} scores higher and lower. A small p says that a difference is "
            "real on these sessions, not that it is large.",
            *card(results),
        ),
        data=frame,
    )

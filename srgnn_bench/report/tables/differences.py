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
from srgnn_bench.evaluation.statistics import RESAMPLES, ROUNDS


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
    rows = []
    for entry in results.entries:
        if entry == results.subject:
            continue
        cells = [TableCell(results.entry_titles[entry], entry=entry)]
        for metric in HEADLINE:
            if (entry, metric) not in by_place.index:
                cells += [TableCell(MISSING)] * 6
                continue
            found = by_place.loc[(entry, metric)]
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
    family = f"the {len(all_rows)} comparisons of this suite"
    return Table(
        name=f"differences-{dataset}",
        title=f"{results.dataset_titles[dataset]}: {subject} less each other entry, paired over "
        "the same test prefixes" + suffix(results),
        groups=tuple((metric_title(metric), 6) for metric in HEADLINE),
        columns=("Compared with", *("Δ", "95% interval", "%", "p", "d", "W/L") * len(HEADLINE)),
        rows=tuple(rows),
        lines=(
            "Δ: difference in percentage points, averaged over seeds; positive: "
            f"{subject} is better. Interval: bootstrap over test sessions, {RESAMPLES:,} draws. "
            "%: Δ relative to the other's mean. p: randomisation test by session, "
            f"{ROUNDS:,} rounds, corrected by Holm for {family}. "
            "d: Cohen's d over sessions (0.2 counts as small). W/L: percent of the prefixes on "
            f"which {subject} scores higher and lower. A small p says that a difference is "
            "real on these sessions, not that it is large.",
            *card(results, datasets=[dataset]),
        ),
        data=frame,
    )

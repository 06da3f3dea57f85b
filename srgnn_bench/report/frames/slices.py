"""Parts of the test prefixes on which models are compared apart, and what they score there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from srgnn_bench.evaluation.statistics import estimate
from srgnn_bench.report.frames.scores import UNCERTAINTY, Scores, uncertainty
from srgnn_bench.report.results import keys_of

Kind = Literal["session length", "prefix length", "popularity", "repetition"]

SHORT = 5
"""Most clicks of a short session. The SR-GNN paper compares short and long sessions too; it counts
each prefix as a session of its own. So counted, this cut makes 70.1% of the test of Yoochoose 1/64
and 76.4% of that of Diginetica short (measured here, on the authors' files)."""

LENGTHS = ((1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (6, 10), (11, None))
"""First and last length of each slice of prefixes; None: no end."""


@dataclass(frozen=True)
class Slice:
    """A part of the test prefixes.

    Attributes:
        kind: which partition it belongs to.
        label: its name there.
        mask: which prefixes it holds, shape (prefixes,); at least one.
    """

    kind: Kind
    label: str
    mask: npt.NDArray[np.bool_]


def slices_of(prefixes: pd.DataFrame) -> list[Slice]:
    """All slices that hold a prefix.

    Args:
        prefixes: ``length`` in clicks; ``target_count``, the target's training clicks;
            ``target_ago``, how many clicks ago the target was clicked, 0 for never.
    """
    lengths = prefixes["length"].to_numpy()
    counts = prefixes["target_count"].to_numpy()
    ago = prefixes["target_ago"].to_numpy()
    found = [
        Slice("session length", f"short (≤ {SHORT})", lengths <= SHORT),
        Slice("session length", f"long (> {SHORT})", lengths > SHORT),
    ]
    for first, last in LENGTHS:
        label = f"{first}" if first == last else f"{first}–{last}" if last else f"{first}+"
        inside = (lengths >= first) & (lengths <= (last or lengths.max()))
        found.append(Slice("prefix length", label, inside))
    low, high = np.quantile(counts, [1 / 3, 2 / 3], method="lower")
    found += [
        Slice("popularity", f"tail (≤ {low} clicks)", counts <= low),
        Slice("popularity", f"middle (≤ {high})", (counts > low) & (counts <= high)),
        Slice("popularity", f"head (> {high})", counts > high),
    ]
    found += [
        Slice("repetition", "last click", ago == 1),
        Slice("repetition", "earlier click", ago > 1),
        Slice("repetition", "new", ago == 0),
    ]
    return [part for part in found if part.mask.any()]


def slice_frame(scores: Scores) -> pd.DataFrame:
    """The suite's metrics on parts of the test prefixes, and the subject's lead there.

    Columns: ``kind`` (which partition), ``slice`` (its label), ``dataset``, ``entry``,
    ``title``, ``metric``, ``mean``, ``mean_low``, ``mean_high`` (its 95% interval),
    ``difference`` (the subject less the entry, on the same prefixes), ``low``, ``high``,
    ``error``, ``error_sessions``, ``error_seeds``, ``with_seeds`` (of the difference, as in
    ``metrics``), ``prefixes``, ``keys``. Differences are NaN where the subject has no run,
    and for itself.
    """
    rows: list[dict[str, Any]] = []
    for dataset in scores.results.datasets_with_runs:
        prefixes = scores.results.prefixes(dataset)
        for part in slices_of(prefixes):
            rows += _rows(scores, part, dataset)
    frame: pd.DataFrame = pd.DataFrame(rows)
    return frame


def _rows(scores: Scores, part: Slice, dataset: str) -> list[dict[str, Any]]:
    subject, totals = scores.results.subject, scores.totals_of(dataset, part.mask)
    rows = []
    for (entry, metric), of_entry in totals.items():
        mean = estimate(of_entry)
        low, high = mean.interval
        row = {
            "kind": part.kind,
            "slice": part.label,
            "dataset": dataset,
            "entry": entry,
            "title": scores.results.entry_titles[entry],
            "metric": metric,
            "mean": float(mean.value),
            "mean_low": float(low),
            "mean_high": float(high),
            "difference": np.nan,
            **dict.fromkeys(UNCERTAINTY, np.nan),
        }
        if entry != subject and (subject, metric) in totals:
            found = estimate(totals[subject, metric], of_entry)
            row |= {"difference": float(found.value), **uncertainty(found)}
        row |= {
            "prefixes": int(part.mask.sum()),
            "keys": keys_of(scores.results.records[dataset, entry]),
        }
        rows.append(row)
    return rows

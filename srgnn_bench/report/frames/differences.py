"""The subject against every other entry, paired over the same test sessions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from srgnn_bench.evaluation.statistics import NOTHING, estimate, false_discovery, holm
from srgnn_bench.report.frames.scores import UNCERTAINTY, Scores, uncertainty
from srgnn_bench.report.results import keys_of


def comparisons(frame: pd.DataFrame) -> int:
    """How many comparisons Holm's p-values of a frame are corrected for; NaN is none."""
    return int(frame["p_value"].notna().sum())


def difference_frame(scores: Scores) -> pd.DataFrame:
    """The subject less every other entry, paired over the same test sessions.

    Columns: ``dataset``, ``entry`` and ``title`` (of the other), ``metric``, ``difference``,
    ``low``, ``high`` (95% interval), ``error``, ``error_sessions``, ``error_seeds``,
    ``with_seeds`` (as in ``metrics``), ``relative`` (the difference as a share of the other's
    mean), ``p_value``, ``p_holm`` (corrected over this whole frame), ``fdr`` (Benjamini and
    Hochberg over it), ``effect`` (Cohen's d over sessions), ``better``, ``worse`` (shares of
    the prefixes), ``subject_keys``, ``keys``.
    """
    results = scores.results
    rows: list[dict[str, Any]] = []
    for dataset in results.datasets:
        present = results.present(dataset)
        if results.subject not in present:
            continue
        others = [entry for entry in present if entry != results.subject]
        totals = scores.totals(dataset)
        for metric in results.metrics:
            of_subject = scores.of(dataset, results.subject, metric)
            for entry in others:
                other = totals[entry, metric]
                found = estimate(totals[results.subject, metric], other)
                lead = of_subject.mean(axis=0)
                lead = lead - scores.of(dataset, entry, metric).mean(axis=0)
                mean = float(estimate(other).value)
                rows.append(
                    {
                        "dataset": dataset,
                        "entry": entry,
                        "title": results.entry_titles[entry],
                        "metric": metric,
                        "difference": float(found.value),
                        **uncertainty(found),
                        "relative": float(found.value) / mean if mean else np.nan,
                        "p_value": float(found.p_value),
                        "effect": float(found.effect),
                        "better": float((lead > NOTHING).mean()),
                        "worse": float((lead < -NOTHING).mean()),
                        "subject_keys": keys_of(results.records[dataset, results.subject]),
                        "keys": keys_of(results.records[dataset, entry]),
                    }
                )
    names = ["dataset", "entry", "title", "metric", "difference", *UNCERTAINTY, "relative"]
    names += ["p_value", "effect", "better", "worse", "subject_keys", "keys"]
    frame: pd.DataFrame = pd.DataFrame(rows, columns=names)
    p_values = frame["p_value"].to_numpy(dtype=float)
    place = names.index("p_value") + 1
    frame.insert(place, "p_holm", holm(p_values))
    frame.insert(place + 1, "fdr", false_discovery(p_values))
    return frame

"""Sentences about what holds and what does not, written from the paired differences."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from srgnn_bench.evaluation.metrics import metric_title
from srgnn_bench.report.captions import describe_intervals
from srgnn_bench.report.frames import Frames
from srgnn_bench.report.frames.differences import comparisons
from srgnn_bench.report.tables.table import p_text, signed

LEVEL = 0.05
"""A corrected p-value below this counts as a difference."""


def verdicts(frames: Frames) -> list[str]:
    """One sentence per metric: which entries differ from the subject, and on how many datasets."""
    if frames.differences.empty:
        return []
    results = frames.results
    sentences = []
    for metric in results.metrics:
        here = frames.differences[frames.differences["metric"] == metric]
        groups: dict[str, list[str]] = {}
        for entry in dict.fromkeys(here["entry"]):
            signs = [_sign(row) for _, row in here[here["entry"] == entry].iterrows()]
            groups.setdefault(_summary(signs), []).append(results.entry_titles[entry])
        subject = results.entry_titles[results.subject]
        parts = [f"{_and(titles)}: {summary}" for summary, titles in groups.items()]
        sentences.append(f"{metric_title(metric)}, compared with {subject}: {'; '.join(parts)}.")
    return sentences


def conclusions(frames: Frames) -> list[str]:
    """One sentence per other entry and metric, with every difference and its interval."""
    if frames.differences.empty:
        return []
    results = frames.results
    sentences = [
        f"A difference counts as clear where its p-value is below {LEVEL} after Holm's correction "
        f"for all {comparisons(frames.differences)} comparisons. Intervals and p-values hold "
        f"{describe_intervals(frames.differences['with_seeds'])}. The correction is in the "
        "p-values alone: an interval may leave 0 out where the difference is not clear."
    ]
    for entry in dict.fromkeys(frames.differences["entry"]):
        for metric in results.metrics:
            here = frames.differences
            here = here[(here["entry"] == entry) & (here["metric"] == metric)]
            parts: dict[int, list[str]] = {1: [], -1: [], 0: []}
            for _, row in here.iterrows():
                parts[_sign(row)].append(_difference(row, results.dataset_titles[row["dataset"]]))
            words = {1: "higher on", -1: "lower on", 0: "no clear difference on"}
            told = [f"{words[sign]} {_and(texts)}" for sign, texts in parts.items() if texts]
            sentences.append(
                f"{results.entry_titles[entry]} against {results.entry_titles[results.subject]}, "
                f"{metric_title(metric)}: {'; '.join(told)}."
            )
    return sentences


def _sign(row: pd.Series[Any]) -> int:
    """1 where the other entry is above the subject, -1 where it is below, 0 where unclear."""
    if not row["p_holm"] < LEVEL:  # NaN is not clear either
        return 0
    return -1 if row["difference"] > 0 else 1


def _summary(signs: Sequence[int]) -> str:
    """What the signs on several datasets add up to."""
    if len(signs) == 1:
        return {1: "higher", -1: "lower", 0: "no clear difference"}[signs[0]]
    if len(set(signs)) == 1:
        few = len(signs) == 2
        if signs[0] == 0:
            where = "either data set" if few else f"any of {len(signs)} data sets"
            return f"no clear difference on {where}"
        where = "both data sets" if few else f"all {len(signs)} data sets"
        return f"{'higher' if signs[0] > 0 else 'lower'} on {where}"
    counts = [("higher", signs.count(1)), ("lower", signs.count(-1)), ("unclear", signs.count(0))]
    told = [f"{word} on {count}" for word, count in counts if count]
    return f"mixed ({', '.join(told)})"


def _difference(row: pd.Series[Any], dataset: str) -> str:
    text = f"{dataset} ({signed(-row['difference'])} points, "
    if math.isnan(row["low"]):
        return f"{text}no interval)"
    p = p_text(row["p_holm"])
    text += f"95% interval {signed(-row['high'])} to {signed(-row['low'])}, p {p}"
    return f"{text})" if row["with_seeds"] else f"{text}; one seed)"


def _and(texts: Sequence[str]) -> str:
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"

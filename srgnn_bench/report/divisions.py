"""How each data set's sessions came to train, to validate and to be tested, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from srgnn_bench.report.results import SuiteResults
from srgnn_bench.specs.preparation import Division

NEWEST = "the newest {share} of the training sessions"

VALIDATES: dict[Division, str] = {
    "by time": NEWEST,
    "within sessions": "the ends of the training sessions",
    "published": NEWEST,
    "published with validation": "the validation sessions as published",
}
"""What chooses configuration and epochs under ``temporal``."""

HELD_OUT: dict[Division, str] = {
    "by time": f"Whole sessions, by time, before prefixes are made: {NEWEST} validate; no session "
    "is on two sides",
    "within sessions": "Within sessions: their ends are the test, and the ends of what is left of "
    "them validate; a session is on all sides",
    "published": f"Whole sessions, as published, before prefixes are made: {NEWEST} validate",
    "published with validation": "Whole sessions, as published, those that validate too",
}
"""What is kept from training under ``temporal``."""

_OWN = "The data set's own test sessions; no validation sessions are held out"

NOTHING_HELD_OUT: dict[Division, str] = {
    "by time": _OWN,
    "within sessions": "The ends of the data set's sessions, whose beginnings train; nothing is "
    "held out to validate",
    "published": _OWN,
    "published with validation": _OWN,
}
"""What is kept from training under ``published``."""


def divisions(results: SuiteResults, *, datasets: Sequence[str]) -> dict[str, Division]:
    """Title -> how it was divided, of those of the data sets that have runs."""
    return {
        results.dataset_titles[dataset]: results.facts(dataset).division or "by time"
        for dataset in datasets
        if results.present(dataset)
    }


def told(
    results: SuiteResults, words: Mapping[Division, str], *, datasets: Sequence[str]
) -> list[str]:
    """The words for each way in which data sets were divided, with their titles if it is not one.

    Args:
        results: the suite, whose share of validation the words may name.
        words: for each way; equal ones are one.
        datasets: those to speak of. Where none has runs, it is as if they were divided by time.
    """
    titles: dict[str, list[str]] = {}
    for title, division in divisions(results, datasets=datasets).items():
        titles.setdefault(words[division], []).append(title)
    share = f"{results.spec.protocol.validation_fraction:.0%}"
    if len(titles) < 2:
        return [next(iter(titles), words["by time"]).format(share=share)]
    return [f"{text.format(share=share)} ({', '.join(of)})" for text, of in titles.items()]

"""S-kNN and its relatives as one would write them down: every session is looked at."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from math import exp, log, log10, sqrt
from typing import Any

import numpy as np

WEIGHTS = {
    "same": lambda j, length: 1,
    "div": lambda j, length: j / length,
    "linear": lambda j, length: max(0, 1 - (length - j) / 10),
    "log": lambda j, length: 1 / log10(length - j + 1.7),
    "quadratic": lambda j, length: (j / length) ** 2,
}
DECAYS = {
    "same": lambda d: 1,
    "div": lambda d: 1 / d,
    "linear": lambda d: max(0, 1 - d / 10),
    "log": lambda d: 1 / log10(d + 1.7),
    "quadratic": lambda d: 1 / d**2,
}


def similar_sessions(
    prefix: list[int],
    training: list[list[int]],
    similarity: Any,
    *,
    sample: int,
    neighbours: int,
    times: list[int] | None = None,
) -> list[tuple[int, float]]:
    """Neighbours of a prefix, number and similarity, found by looking at every session.

    ``similarity(n)`` gives that of training session n, where 0 is none. Sessions of the same time
    are in or out together, and so are those that are as similar besides.
    """
    when = times or list(range(len(training)))
    sharing = [n for n, session in enumerate(training) if set(session) & set(prefix)]
    recent = first_with_equals(sharing, sample, key=lambda n: when[n])
    near = [(n, similarity(n)) for n in recent]
    near = first_with_equals(
        near, neighbours, key=lambda pair: (np.float32(pair[1]), when[pair[0]])
    )
    return [pair for pair in near if pair[1] > 0]


def first_with_equals(values: list[Any], count: int, *, key: Any) -> list[Any]:
    """The ``count`` greatest by a key, and those that equal the last of them."""
    least = sorted(map(key, values), reverse=True)[:count][-1:]
    return sorted((v for v in values if [key(v)] >= least), key=key, reverse=True)


def last_place(session: list[int], item: int) -> int:
    """Place of the last click on an item, from 1."""
    return len(session) - session[::-1].index(item)


def sknn(prefix, training, *, n_items, neighbours, sample_size, similarity, followed_in=None):
    """S-kNN; SF-SkNN where ``followed_in`` is given."""

    def compare(n):
        ours, theirs = set(prefix), set(training[n])
        shared = len(ours & theirs)
        if similarity == "cosine":
            return shared / sqrt(len(ours) * len(theirs))
        return shared / len(ours | theirs)

    def after_last(sessions):
        return {two for session in sessions for one, two in pairwise(session) if one == prefix[-1]}

    ever = after_last(training) if followed_in == "training" else set()

    def may_follow(item, n):
        return followed_in is None or item in ever or item in after_last([training[n]])

    near = similar_sessions(prefix, training, compare, sample=sample_size, neighbours=neighbours)
    expected = np.zeros(n_items + 1)
    for n, value in near:
        for item in set(training[n]):
            expected[item] += value * may_follow(item, n)
    return expected


def vsknn(prefix, training, *, n_items, settings):
    """V-SkNN."""
    holding = Counter(item for session in training for item in set(session))
    idf = {item: log(len(training) / count) for item, count in holding.items()}
    length = len(prefix)
    weights = {}
    for j, item in enumerate(prefix, start=1):
        kind = settings["weighting"]
        weights[item] = idf.get(item, 0) if kind == "idf" else WEIGHTS[kind](j, length)
    looked_up = [item for item in prefix if weights[item] > 0]

    def compare(n):
        value = sum(weights[item] for item in set(training[n]) & set(looked_up))
        return value / sqrt(len(set(training[n]))) if settings["similarity"] == "cosine" else value

    near = similar_sessions(
        looked_up,
        training,
        compare,
        sample=settings["sample_size"],
        neighbours=settings["neighbours"],
    )
    expected = np.zeros(n_items + 1)
    for n, value in near:
        shared = max(last_place(prefix, item) for item in set(training[n]) & set(prefix))
        value *= DECAYS[settings["weighting_score"]](length - shared + 1)
        for item in set(training[n]):
            expected[item] += value * (1 + settings["idf_weighting"] * idf[item])
    return expected


def stan(prefix, training, times, *, n_items, settings, now):
    """STAN as printed, at the time ``now``; VSTAN where there is a ``lambda4``."""
    length = len(prefix)
    holding = Counter(item for session in training for item in set(session))

    def compare(n):
        shared = set(training[n]) & set(prefix)
        weights = [exp((last_place(prefix, i) - length) / settings["lambda1"]) for i in shared]
        recency = exp(-(now - times[n]) / settings["lambda2"])
        return sum(weights) / sqrt(len(set(training[n]))) * recency

    near = similar_sessions(
        prefix,
        training,
        compare,
        sample=settings["sample_size"],
        neighbours=settings["neighbours"],
        times=times,
    )
    expected = np.zeros(n_items + 1)
    for n, value in near:
        session = training[n]
        shared = set(session) & set(prefix)
        at = max(last_place(session, item) for item in shared)
        if "lambda4" in settings:
            back = length - max(last_place(prefix, item) for item in shared)
            value *= exp(-back / settings["lambda4"])
        for item in set(session):
            distance = abs(last_place(session, item) - at)
            idf = settings.get("idf_weighting", 0) * log(len(training) / holding[item])
            expected[item] += value * exp(-distance / settings["lambda3"]) * (1 + idf)
    return expected

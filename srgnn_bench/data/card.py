"""A data card: what a prepared dataset holds, and how much its order says."""

from __future__ import annotations

from datetime import datetime, timezone
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from srgnn_bench.data.prepare import PreparedDataset
from srgnn_bench.data.sessions import Integers, Sessions
from srgnn_bench.evaluation.metrics import Metric
from srgnn_bench.specs.dataset import Counts, DatasetSpec

CUTOFF = 20
SHUFFLES = 3
NEWEST_SESSIONS = 200_000
JUDGED_SHARE = 0.1


class _Facts(BaseModel):
    """Base of what a card says."""

    model_config = ConfigDict(frozen=True)


class Step(_Facts):
    """What was left after a step of the preparation."""

    step: str
    sessions: int
    clicks: int
    items: int


class Side(_Facts):
    """The training or the test sessions."""

    sessions: int
    clicks: int
    prefixes: int
    """Prefixes that are trained on, or judged."""
    items: int
    first: str | None
    """Time of the oldest session in UTC; None where the source has no times."""
    last: str | None
    median_length: float
    mean_length: float
    longest: int
    lengths: dict[int, int]
    """Number of sessions of each length."""
    repeat_rate: float
    """Share of the clicks after a session's first that are on an item clicked before in it."""


class Unknown(_Facts):
    """What the test holds that training never shows."""

    items: int
    item_share: float
    """Of the items in the test sessions."""
    targets: int
    """Judged prefixes with such a target: misses for every model."""
    target_share: float


class ShuffleDiagnostic(_Facts):
    """How much a first-order Markov model loses when the clicks of each session are shuffled.

    A loss near 0 says that the order of clicks tells nothing beyond which items go together:
    such data cannot show what a model of sequences is worth.
    """

    mrr: float
    """MRR@20 on the newest tenth of the newest training sessions, fitted on the others."""
    mrr_shuffled: float
    """The same with all sessions shuffled, mean over three shuffles."""
    loss: float
    """1 - mrr_shuffled / mrr; 0 where mrr is 0."""
    judged: int
    """Prefixes judged."""


class TestKind(_Facts):
    """What the test is: how much of the world it shows, and how much order there is to learn."""

    span_seconds: int | None
    """From the oldest test session to the newest; None where the source has no times."""
    repeated_sessions: int
    """Test sessions that some training session equals, click by click."""
    shuffle: ShuffleDiagnostic | None
    """None where there are too few training sessions for it."""


class DataCard(_Facts):
    """All that is known of a prepared dataset."""

    name: str
    title: str
    source: str
    files: tuple[str, ...]
    fingerprint: str
    citation: str | None
    licence: str | None
    note: str | None
    dropped: dict[str, int]
    """Rows that were dropped while reading, by reason."""
    steps: tuple[Step, ...]
    train: Side
    test: Side
    counts: Counts
    expected: Counts | None
    unknown: Unknown
    kind: TestKind
    doubts: dict[str, dict[str, Any]]
    """What the log says that it hardly means: the numbers of each kind."""
    warnings: tuple[str, ...]
    """The doubts in words, and all else to know before results are read."""


def card_of(data: PreparedDataset, spec: DatasetSpec) -> DataCard:
    """The data card of a prepared dataset."""
    judged = data.judged_clicks()
    return DataCard(
        name=data.name,
        title=data.title,
        source=data.source,
        files=tuple(str(path) for path in data.files),
        fingerprint=data.fingerprint,
        citation=spec.citation,
        licence=spec.licence,
        note=spec.note,
        dropped=data.dropped,
        steps=tuple(
            Step(step=s.step, sessions=s.sessions, clicks=s.clicks, items=s.items)
            for s in data.steps
        ),
        train=_side(data.train, data.train.lengths - 1, has_times=data.has_times),
        test=_side(data.test, judged, has_times=data.has_times),
        counts=data.counts(),
        expected=spec.expected.get(data.source),
        unknown=_unknown(data, judged),
        kind=test_kind(data),
        doubts=data.doubts,
        warnings=data.warnings,
    )


@lru_cache(maxsize=1)
def test_kind(data: PreparedDataset) -> TestKind:
    """See ``TestKind``; kept, since every run of a dataset asks for it."""
    times = data.test.times
    return TestKind(
        span_seconds=int(times[-1] - times[0]) if data.has_times else None,
        repeated_sessions=_repeated(data),
        shuffle=shuffle_diagnostic(data.train),
    )


def shuffle_diagnostic(sessions: Sessions, *, seed: int = 0) -> ShuffleDiagnostic | None:
    """See ``ShuffleDiagnostic``; None where no prefix could be judged.

    Args:
        sessions: training sessions, oldest first; the newest 200,000 are used.
        seed: of the shuffles.
    """
    used = sessions.between(max(0, len(sessions) - NEWEST_SESSIONS), len(sessions))
    cut = len(used) - max(1, round(len(used) * JUDGED_SHARE))
    judged_from = used.offsets[cut]
    judged = len(used.items) - judged_from - (len(used) - cut)
    if cut == 0 or judged == 0:
        return None
    real = _markov_mrr(used.items, used, cut)
    random = np.random.default_rng(seed)
    session = used.session_of_click
    shuffled = [
        _markov_mrr(used.items[np.lexsort((random.random(len(session)), session))], used, cut)
        for _ in range(SHUFFLES)
    ]
    mean = float(np.mean(shuffled))
    return ShuffleDiagnostic(
        mrr=real,
        mrr_shuffled=mean,
        loss=1 - mean / real if real else 0.0,
        judged=int(judged),
    )


def _markov_mrr(items: Integers, sessions: Sessions, cut: int) -> float:
    """MRR@20 of the Markov model of the sessions before ``cut`` on those from it on.

    Args:
        items: item of every click, in the order to be judged, shape (clicks,).
        sessions: where each session begins and ends.
        cut: first session that is judged.
    """
    follows = np.ones(len(items), dtype=bool)
    follows[sessions.offsets[:-1]] = False  # the first click of a session follows nothing
    after = np.flatnonzero(follows)
    n_fitted = int(np.searchsorted(after, sessions.offsets[cut]))
    width = int(items.max()) + 1
    pairs = items[after - 1] * width + items[after]
    ranks = _ranks(pairs[:n_fitted], pairs[n_fitted:], width=width)
    return Metric("mrr", CUTOFF).mean(ranks)


def _ranks(fitted: Integers, judged: Integers, *, width: int) -> Integers:
    """Rank of each judged pair's second item by how often it followed the first one.

    Ties count against the target; what never followed ranks beyond the cutoff.

    Args:
        fitted: pairs, the first item times ``width`` plus the second, shape (fitted,).
        judged: pairs likewise, shape (judged,).
        width: more than the largest item.
    """
    known, counts = np.unique(fitted, return_counts=True)
    if len(known) == 0:
        return np.full(len(judged), CUTOFF + 1)
    most = int(counts.max())
    by_count = np.sort((known // width) * (most + 1) + (most - counts))
    place = np.minimum(np.searchsorted(known, judged), len(known) - 1)
    found = known[place] == judged
    row = (judged // width) * (most + 1)
    at_least_as_often = np.searchsorted(by_count, row + most - counts[place], side="right")
    ranks = at_least_as_often - np.searchsorted(by_count, row)
    return np.where(found, ranks, CUTOFF + 1)


def _side(sessions: Sessions, judged: Integers, *, has_times: bool) -> Side:
    lengths = sessions.lengths
    values, numbers = np.unique(lengths, return_counts=True)
    session = sessions.session_of_click
    width = int(sessions.items.max()) + 1
    distinct = len(np.unique(session * width + sessions.items))
    return Side(
        sessions=len(sessions),
        clicks=len(sessions.items),
        prefixes=int(judged.sum()),
        items=len(np.unique(sessions.items)),
        first=_utc(int(sessions.times[0])) if has_times else None,
        last=_utc(int(sessions.times[-1])) if has_times else None,
        median_length=float(np.median(lengths)),
        mean_length=float(np.mean(lengths)),
        longest=int(lengths.max()),
        lengths=dict(zip(values.tolist(), numbers.tolist(), strict=True)),
        repeat_rate=(len(session) - distinct) / max(1, len(session) - len(sessions)),
    )


def _repeated(data: PreparedDataset) -> int:
    """Test sessions that equal a training session."""

    def texts(sessions: Sessions) -> list[bytes]:
        bounds = pairwise(sessions.offsets.tolist())
        return [sessions.items[start:stop].tobytes() for start, stop in bounds]

    known = set(texts(data.train))
    return sum(text in known for text in texts(data.test))


def _unknown(data: PreparedDataset, judged: Integers) -> Unknown:
    test_items = np.unique(data.test.items)
    new = np.setdiff1d(test_items, data.train.items)
    is_target = np.arange(len(data.test.items)) >= np.repeat(
        data.test.offsets[1:] - judged, data.test.lengths
    )
    targets = int(np.count_nonzero(np.isin(data.test.items[is_target], new)))
    return Unknown(
        items=len(new),
        item_share=len(new) / len(test_items),
        targets=targets,
        target_share=targets / int(judged.sum()),
    )


def _utc(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, tz=timezone.utc).strftime("%Y-%m-%d %H:%M:%S")

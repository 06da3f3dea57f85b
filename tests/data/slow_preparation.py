"""The preparation of the SR-GNN authors, written the slow and obvious way.

It follows the rules of their ``preprocess.py`` (github.com/CRIPAC-DIG/SR-GNN), except that a
session's date is that of its newest click rather than of its last row, and that sessions of equal
date stand in the order of their ids.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class SlowClick:
    """A row of a log; ``time`` in whole seconds."""

    session: Any
    item: Any
    time: int
    order: int


Side = dict[Any, list[Any]]


def slow_prepare(
    clicks: Sequence[SlowClick],
    *,
    days: float,
    min_session: int = 2,
    min_item: int = 5,
    newest_part: int = 1,
    in_file_order: bool = False,
) -> tuple[Side, Side]:
    """Training and test sessions, oldest first: session id -> items."""
    rows: dict[Any, list[SlowClick]] = {}
    for click in clicks:
        rows.setdefault(click.session, []).append(click)
    date = {session: max(c.time for c in group) for session, group in rows.items()}
    items = {
        session: [c.item for c in (group if in_file_order else sorted(group, key=_order))]
        for session, group in rows.items()
    }
    items = {s: sequence for s, sequence in items.items() if len(sequence) >= min_session}
    counts = Counter(item for sequence in items.values() for item in sequence)
    items = {s: [i for i in sequence if counts[i] >= min_item] for s, sequence in items.items()}
    items = {s: sequence for s, sequence in items.items() if len(sequence) >= min_session}
    if not items:
        return {}, {}
    split = max(date[s] for s in items) - days * 86_400
    oldest_first = sorted(items, key=lambda s: (date[s], s))
    train = {s: items[s] for s in oldest_first if date[s] < split}
    known = {item for sequence in train.values() for item in sequence}
    test = {s: [i for i in items[s] if i in known] for s in oldest_first if date[s] > split}
    test = {s: sequence for s, sequence in test.items() if len(sequence) >= 2}
    return _newest(train, newest_part), test


def _order(click: SlowClick) -> int:
    return click.order


def _newest(train: Side, part: int) -> Side:
    """The sessions of the newest 1/part of the prefixes, the oldest of them whole."""
    prefixes = [s for s, sequence in train.items() for _ in range(len(sequence) - 1)]
    wanted = len(prefixes) // part
    kept = set(prefixes[len(prefixes) - wanted :])
    return {s: sequence for s, sequence in train.items() if s in kept}

"""Each filter against the obvious way to do it with lists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from srgnn_bench.session_table import SessionTable
from srgnn_bench.specs.preparation import Filter

Lists = dict[int, list[int]]
FILTER: TypeAdapter[Any] = TypeAdapter(Filter)


def table_of(lists: list[list[int]]) -> SessionTable:
    places = np.arange(len(lists))
    return SessionTable(
        items=np.array([item for one in lists for item in one], dtype=np.int64),
        lengths=np.array([len(one) for one in lists], dtype=np.int64),
        times=places * 10,
        group=places,
    )


def lists_of(table: SessionTable) -> Lists:
    assert np.array_equal(table.times, table.group * 10)
    ends = np.cumsum(table.lengths)
    return {
        int(g): table.items[end - length : end].tolist()
        for g, end, length in zip(table.group, ends, table.lengths, strict=True)
    }


def min_session(lists: Lists, clicks: int) -> Lists:
    return {s: one for s, one in lists.items() if len(one) >= clicks}


def min_item(lists: Lists, clicks: int) -> Lists:
    counts = Counter(item for one in lists.values() for item in one)
    kept = {s: [i for i in one if counts[i] >= clicks] for s, one in lists.items()}
    return {s: one for s, one in kept.items() if one}


def top_items(lists: Lists, items: int) -> Lists:
    counts = Counter(item for one in lists.values() for item in one)
    top = set(sorted(counts, key=lambda item: (-counts[item], item))[:items])
    kept = {s: [i for i in one if i in top] for s, one in lists.items()}
    return {s: one for s, one in kept.items() if one}


def no_repeats(lists: Lists) -> Lists:
    return {
        s: [item for place, item in enumerate(one) if place == 0 or one[place - 1] != item]
        for s, one in lists.items()
    }


def core(lists: Lists, session_clicks: int, item_clicks: int) -> Lists:
    while True:
        smaller = min_item(min_session(lists, session_clicks), item_clicks)
        if smaller == lists:
            return lists
        lists = smaller


CASES: list[tuple[dict[str, Any], Callable[[Lists], Lists]]] = [
    ({"step": "min_session_length", "clicks": 2}, lambda x: min_session(x, 2)),
    ({"step": "min_item_count", "clicks": 3}, lambda x: min_item(x, 3)),
    (
        {"step": "max_session_length", "clicks": 3},
        lambda x: {s: one[:3] for s, one in x.items()},
    ),
    (
        {"step": "max_session_length", "clicks": 3, "longer": "drop"},
        lambda x: {s: one for s, one in x.items() if len(one) <= 3},
    ),
    ({"step": "top_items", "items": 2}, lambda x: top_items(x, 2)),
    ({"step": "no_immediate_repeats"}, no_repeats),
    ({"step": "core", "session_clicks": 2, "item_clicks": 3}, lambda x: core(x, 2, 3)),
]


@pytest.mark.parametrize(
    ("step", "slow"), CASES, ids=lambda case: str(case) if isinstance(case, dict) else "slow"
)
@given(lists=st.lists(st.lists(st.integers(1, 5), min_size=1, max_size=6), min_size=1, max_size=8))
def test_filters_do_what_they_say(
    step: dict[str, Any], slow: Callable[[Lists], Lists], lists: list[list[int]]
) -> None:
    checked = FILTER.validate_python(step)
    assert lists_of(checked.apply(table_of(lists))) == slow(dict(enumerate(lists)))
    assert checked.words

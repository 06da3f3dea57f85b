"""Splits against what they are said to equal: shares as they are written, RecBole's own rules."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from recbole.data.dataset import Dataset

from srgnn_bench.session_table import SessionTable
from srgnn_bench.specs.preparation import LeaveOneOut, NewestSessions, WithinSessions

LENGTHS = np.arange(1, 61)
"""Clicks of a session; those that RecBole calls its interactions are the prefixes, one less."""


def recbole_by_ratio(prefixes: int, fraction: float) -> int:
    """How many prefixes of a session its ``RS`` puts on the last side."""
    [cut] = Dataset._calcu_split_ids(None, tot=prefixes, ratios=[1 - fraction, fraction])
    return prefixes - int(cut)


def recbole_leaving_one(prefixes: int) -> int:
    """How many prefixes of a session its ``LS`` puts on the last side."""
    sides: Any = Dataset._split_index_by_leave_one_out(None, [range(prefixes)], leave_one_num=1)
    return len(sides[-1])


@pytest.mark.parametrize("fraction", [0.01, 0.1, 0.2, 0.29, 1 / 3, 0.5, 0.57, 0.7, 0.9, 0.999])
def test_within_sessions_judges_what_recbole_does(fraction: float) -> None:
    split = WithinSessions(kind="within_sessions", fraction=fraction)
    expected = [0, *(recbole_by_ratio(n - 1, fraction) for n in LENGTHS[1:].tolist())]
    assert split.judged(LENGTHS).tolist() == expected


def test_leave_one_out_judges_what_recbole_does() -> None:
    split = LeaveOneOut(kind="leave_one_out")
    expected = [0, *(recbole_leaving_one(n - 1) for n in LENGTHS[1:].tolist())]
    assert split.judged(LENGTHS).tolist() == expected


@pytest.mark.parametrize("sessions", [7, 100, 10_000])
def test_the_newest_share_is_that_of_the_number_as_it_is_written(sessions: int) -> None:
    places = np.arange(sessions)
    table = SessionTable(items=places, lengths=np.ones_like(places), times=places, group=places)
    for percent in range(1, 100):
        split = NewestSessions(kind="newest_sessions", fraction=percent / 100)
        assert len(split.divide(table)[1]) == sessions * percent // 100, percent

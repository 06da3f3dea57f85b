from __future__ import annotations

import time
from itertools import count

import numpy as np
import pytest

from benchmarks.measure import OutOfBoundsError, alternate, apart
from benchmarks.sessions import generated, sampled, stage


def add(one: int, other: int) -> int:
    return one + other


def fail() -> None:
    raise ValueError("no luck")


def hold(megabytes: int) -> None:
    held = np.ones(megabytes * 10**6, dtype=np.uint8)
    time.sleep(60)
    held.sum()


def test_contenders_take_turns_and_the_first_round_does_not_count():
    calls: list[str] = []
    numbers = count()

    def contender(name):
        def run():
            calls.append(name)
            return float(next(numbers))

        return run

    found = alternate({name: contender(name) for name in "ab"}, repetitions=2)
    assert "".join(calls) == "ababab"
    assert found == {"a": (2.0, 4.0), "b": (3.0, 5.0)}


def test_apart_returns_what_the_function_returns():
    assert apart(add, 1, 2) == 3


def test_a_failure_apart_is_a_failure_here():
    with pytest.raises(RuntimeError, match="ValueError: no luck"):
        apart(fail)


def test_bounds_hold():
    with pytest.raises(OutOfBoundsError, match="more than 1 s"):
        apart(time.sleep, 60, seconds=1)
    with pytest.raises(OutOfBoundsError, match="GB"):
        apart(hold, 1500, megabytes=1000)


def test_generated_sessions_hold_every_item():
    sessions = generated(sessions=2000, items=500, seed=1)
    assert np.array_equal(np.unique(sessions.items), np.arange(1, 501))
    assert sessions.lengths.min() == 2
    prefixes = sampled(stage(sessions, sessions).train_prefixes, count=100, seed=0)
    assert len(prefixes) == 100
    assert (prefixes.stop > prefixes.start).all()
    assert (prefixes.stop - prefixes.start).max() == min(50, sessions.lengths.max() - 1)

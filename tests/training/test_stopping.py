"""The course that a stop rule takes, epoch by epoch."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from srgnn_bench.specs.model import TrainingSpec
from srgnn_bench.store.record import Schedule
from srgnn_bench.training.stopping import Next, Plateau, Repeat, Steps, StopRule, judged_rule


def course(rule: StopRule, values: list[float]) -> list[tuple[int, int]]:
    """Place and cuts of every epoch, told one value after the other until the rule ends it."""
    told = iter(values)
    taken = []
    following = Next.EPOCH
    while following is not Next.END:
        taken.append((rule.epoch + 1, rule.cuts))
        following = rule.after(next(told))
    return taken


def test_a_plateau_goes_back_to_its_best_epoch_and_cuts() -> None:
    rule = Plateau(epochs=20, patience=1)
    #             1    2    3 worse, 3    4    5 worse, 5    6 worse: the end
    values = [0.10, 0.20, 0.15, 0.25, 0.26, 0.25, 0.27, 0.20]
    taken = course(rule, values)
    assert taken == [(1, 0), (2, 0), (3, 0), (3, 1), (4, 1), (5, 1), (5, 2), (6, 2)]
    assert rule.schedule == Schedule(epochs=5, cuts=(2, 4))


def test_a_cut_that_gains_nothing_is_no_part_of_the_schedule() -> None:
    rule = Plateau(epochs=20, patience=2)
    course(rule, [0.3, 0.2, 0.1, 0.2, 0.1, 0.2, 0.1])
    assert rule.schedule == Schedule(epochs=1)


def test_what_still_improves_is_cut_when_few_epochs_are_left() -> None:
    rule = Plateau(epochs=16, patience=1)
    taken = course(rule, [n / 100 for n in range(16)])
    assert [cuts for _, cuts in taken] == [0] * 12 + [1] * 2 + [2] * 2
    assert rule.schedule == Schedule(epochs=16, cuts=(12, 14))


@given(st.lists(st.floats(0, 1), min_size=30, max_size=30), st.integers(1, 30), st.integers(1, 4))
def test_a_plateau_keeps_the_best_value_within_its_epochs(
    values: list[float], epochs: int, patience: int
) -> None:
    rule = Plateau(epochs=epochs, patience=patience)
    taken = course(rule, values)
    assert len(taken) <= epochs
    schedule = rule.schedule
    kept = dict(zip((place for place, _ in taken), values, strict=False))  # the last of a place
    seen = values[: len(taken)]
    assert kept[schedule.epochs] == max(seen)
    # The course that led there is what the schedule says, cut for cut.
    cuts = dict(taken)
    repeated = course(Repeat(schedule), [math.nan] * schedule.epochs)
    assert repeated == [(place, cuts[place]) for place in range(1, schedule.epochs + 1)]


@given(st.lists(st.floats(0, 1), min_size=12, max_size=12), st.integers(1, 12))
def test_a_rule_that_is_told_the_same_again_comes_to_the_same_place(
    values: list[float], cut_off: int
) -> None:
    whole, again = (Plateau(epochs=12, patience=1) for _ in range(2))
    taken = course(whole, values)
    for value in values[: min(cut_off, len(taken) - 1)]:
        again.after(value)
    assert course(again, values[min(cut_off, len(taken) - 1) :]) == taken[cut_off:] or (
        cut_off >= len(taken)
    )
    assert again.schedule == whole.schedule


def test_steps_are_the_papers() -> None:
    rule = Steps(3, epochs=30, patience=3)
    taken = course(rule, [0.1, 0.2, 0.3, 0.5, 0.4, 0.4, 0.4])
    assert taken == [(1, 0), (2, 0), (3, 0), (4, 1), (5, 1), (6, 1), (7, 2)]
    assert rule.schedule == Schedule(epochs=4, cuts=(3,))
    assert course(Steps(None, epochs=3, patience=3), [0.1] * 3) == [(1, 0), (2, 0), (3, 0)]


def test_the_settings_choose_the_rule() -> None:
    assert isinstance(judged_rule(TrainingSpec()), Plateau)
    assert isinstance(judged_rule(TrainingSpec(lr_schedule="step", lr_decay_step=3)), Steps)


@pytest.mark.parametrize("cuts", [(3, 2), (4,), (-1,)])
def test_a_schedule_that_cannot_be_is_refused(cuts: tuple[int, ...]) -> None:
    with pytest.raises(ValidationError, match="cuts must stand in order"):
        Schedule(epochs=4, cuts=cuts)

"""The course that a stop rule takes, epoch by epoch."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from srgnn_bench.specs.model import TrainingSpec
from srgnn_bench.store.record import Schedule
from srgnn_bench.store.study import EpochValue, Trial
from srgnn_bench.training.stopping import Next, Plateau, Repeat, Steps, StopRule, judged_rule


def course(
    rule: StopRule, values: list[float], *, after: Callable[[int], None] = lambda number: None
) -> list[tuple[int, int]]:
    """Place and cuts of every epoch, told one value after the other until the rule ends it.

    ``after`` is called after each, with its number.
    """
    told = iter(values)
    taken = []
    following = Next.EPOCH
    while following is not Next.END:
        taken.append((rule.epoch + 1, rule.cuts))
        following = rule.after(next(told))
        after(len(taken))
    return taken


def test_a_plateau_goes_back_to_its_best_epoch_and_cuts() -> None:
    rule = Plateau(epochs=20, patience=1)
    told = [
        # place, cuts, value
        (1, 0, 0.10),
        (2, 0, 0.20),
        (3, 0, 0.15),  # worse: a cut at 2 is tried,
        (3, 1, 0.25),  # then one at 1,
        (2, 1, 0.22),  # which is worse
        (4, 1, 0.26),
        (5, 1, 0.25),  # worse: the second cut at 4
        (5, 2, 0.27),
        (6, 2, 0.20),  # worse: the end
    ]
    taken = course(rule, [value for *_, value in told])
    assert taken == [(place, cuts) for place, cuts, _ in told]
    assert rule.schedule == Schedule(epochs=5, cuts=(2, 4))


def test_the_first_cut_is_tried_earlier_as_long_as_that_is_better() -> None:
    rule = Plateau(epochs=20, patience=1)
    told = [
        (1, 0, 0.10),
        (2, 0, 0.20),
        (3, 0, 0.30),
        (4, 0, 0.40),
        (5, 0, 0.39),
        (5, 1, 0.41),  # cut at 4
        (4, 1, 0.45),  # at 3, better
        (3, 1, 0.43),  # at 2: not better, and two epochs before the best
        (5, 1, 0.46),  # on from the cut at 3
        (6, 1, 0.45),
        (6, 2, 0.44),
    ]
    taken = course(rule, [value for *_, value in told])
    assert taken == [(place, cuts) for place, cuts, _ in told]
    assert rule.schedule == Schedule(epochs=5, cuts=(3,))


def test_the_first_cut_is_tried_two_epochs_earlier_at_the_most() -> None:
    rule = Plateau(epochs=20, patience=1)
    values = [0.1, 0.2, 0.3, 0.4, 0.3, 0.5, 0.6, 0.7, 0.8, 0.1, 0.1]
    taken = course(rule, values)
    assert [place for place, cuts in taken if cuts == 1] == [5, 4, 3, 4, 5]
    assert rule.schedule == Schedule(epochs=4, cuts=(2,))


def test_weights_that_are_wanted_are_those_that_may_follow() -> None:
    rule = Plateau(epochs=20, patience=1)
    wanted = []
    for value in [0.1, 0.2, 0.3, 0.4, 0.3, 0.5, 0.6, 0.55]:
        rule.after(value)
        wanted.append(set(rule.wanted))
    assert wanted[:4] == [{1}, {1, 2}, {1, 2, 3}, {2, 3, 4}]
    assert wanted[4:6] == [{2, 3, 4}, {2, 3, 4, 6}]
    assert (rule.to, wanted[-1]) == (7, {7})  # the cut at 3 is gone on with


def test_a_cut_that_gains_nothing_is_no_part_of_the_schedule() -> None:
    rule = Plateau(epochs=20, patience=2)
    course(rule, [0.3, 0.2, 0.1, 0.2, 0.1, 0.2, 0.1])
    assert rule.schedule == Schedule(epochs=1)


def test_what_still_improves_is_cut_when_few_epochs_are_left() -> None:
    rule = Plateau(epochs=16, patience=1)
    taken = course(rule, [n / 100 for n in range(16)])
    assert [cuts for _, cuts in taken] == [0] * 12 + [1] * 2 + [2] * 2
    assert rule.schedule == Schedule(epochs=14, cuts=(11, 12))


@given(st.lists(st.floats(0, 1), min_size=30, max_size=30), st.integers(1, 30), st.integers(1, 4))
def test_a_plateau_keeps_the_best_value_within_its_epochs(
    values: list[float], epochs: int, patience: int
) -> None:
    rule = Plateau(epochs=epochs, patience=patience)
    kept: set[int] = set()

    def keep(number: int) -> None:
        kept.add(number)
        assert rule.to in kept, "weights that were given up are wanted again"
        kept.intersection_update(rule.wanted)

    taken = course(rule, values, after=keep)
    assert len(taken) <= epochs
    schedule = rule.schedule
    seen = values[: len(taken)]
    assert seen[rule.to - 1] == max(seen)
    # The course that led there is what the schedule says, cut for cut.
    trial = Trial(
        number=0,
        state="complete",
        value=max(seen),
        parameters={},
        epochs=tuple(
            EpochValue(epoch=place, value=value, cuts=cuts)
            for (place, cuts), value in zip(taken, seen, strict=True)
        ),
        schedule=schedule,
        seconds=1.0,
    )
    if schedule.cuts:
        assert list(trial.course) == list(range(1, schedule.epochs + 1))
    assert trial.course[schedule.epochs] == max(seen)
    places = dict(course(Repeat(schedule), [math.nan] * schedule.epochs))
    taught = {(e.epoch, e.cuts) for e in trial.epochs if e.value == trial.course.get(e.epoch)}
    assert set(places.items()) <= taught


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

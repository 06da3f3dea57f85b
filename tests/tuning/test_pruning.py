"""Trials are compared where their learning rate was cut for the same time."""

from __future__ import annotations

from srgnn_bench.store.record import Schedule
from srgnn_bench.store.study import EpochValue, Trial
from srgnn_bench.training.stopping import Next, Plateau
from srgnn_bench.tuning.pruning import Pruned, plateaus


def ended(number: int, *values: float) -> Trial:
    """A completed trial of these values, as a plateau rule makes it of them."""
    rule = Plateau(epochs=20, patience=1)
    epochs = []
    for value in values:
        epochs.append(EpochValue(epoch=rule.epoch + 1, value=value, cuts=rule.cuts))
        rule.after(value)
    return Trial(
        number=number,
        state="complete",
        value=max(values),
        parameters={},
        epochs=tuple(epochs),
        schedule=rule.schedule,
        seconds=1.0,
    )


GOOD = (0.3, 0.5, 0.4, 0.6, 0.5, 0.55, 0.7, 0.6)


def told(*values: float, earlier: list[Trial]) -> Pruned:
    rule = Pruned(Plateau(epochs=20, patience=1), earlier=earlier)
    for value in values:
        if rule.after(value) is Next.END:
            break
    return rule


def test_what_is_at_chance_at_its_first_plateau_has_collapsed() -> None:
    rule = Pruned(Plateau(epochs=20, patience=1), earlier=[], chance=0.1)
    assert rule.after(0.1) is Next.EPOCH
    assert rule.after(0.05) is Next.END
    assert rule.state == "collapsed"


def test_what_has_learned_the_clicks_alone_has_collapsed_though_it_ends_above_them() -> None:
    """Popularity had 5.23 percent on a quarter of Yoochoose; what learned no more had 5.4."""
    rule = Pruned(Plateau(epochs=20, patience=1), earlier=[], chance=0.0523)
    assert rule.after(0.0540) is Next.EPOCH
    assert rule.after(0.0539) is Next.END
    assert rule.state == "collapsed"


def test_what_stands_low_at_the_first_cut_goes_on() -> None:
    """A large learning rate gains most by its cuts."""
    earlier = [ended(n, *GOOD) for n in range(3)]
    late = told(0.15, 0.05, 0.65, 0.6, 0.75, 0.7, earlier=earlier)
    assert late.state == "complete"
    assert late.schedule == Schedule(epochs=3, cuts=(1, 2))


def test_what_still_stands_below_the_median_at_the_second_cut_ends() -> None:
    earlier = [ended(n, *GOOD) for n in range(3)]
    low = told(0.1, 0.05, 0.2, 0.1, 0.9, earlier=earlier)
    assert low.state == "pruned"
    assert low.epoch == 2  # taken back at the cut; 0.9 was never seen


def test_two_completed_trials_are_compared_with_and_one_is_not() -> None:
    low = (0.1, 0.05, 0.2, 0.1)
    assert told(*low, earlier=[ended(0, *GOOD)]).state == "complete"
    assert told(*low, earlier=[ended(0, *GOOD), ended(1, *GOOD)]).state == "pruned"


def test_the_plateaus_of_a_trial_are_its_values_at_the_cuts() -> None:
    assert plateaus(ended(0, *GOOD)) == [0.5, 0.6]
    # A cut that gained nothing: the value stayed where it was.
    assert plateaus(ended(0, 0.3, 0.5, 0.4, 0.6, 0.5, 0.4)) == [0.5, 0.6]
    assert plateaus(ended(0, 0.3, 0.2, 0.1, 0.1)) == [0.3, 0.3]
    assert plateaus(ended(0, 0.3, 0.2, 0.1, 0.1).model_copy(update={"schedule": None})) == []

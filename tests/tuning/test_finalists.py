"""The best trials are trained at full size, and choose configuration and schedule."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from srgnn_bench.specs.suite import TuningSpec
from srgnn_bench.store.record import Schedule
from srgnn_bench.store.study import StudyFacts, Trial, different, standing_of


def facts(*, part: float = 0.25) -> StudyFacts:
    return StudyFacts(
        key="k",
        dataset="tiny",
        model="model",
        title="Model",
        identity={"protocol": {"tuning_fraction": part}},
        space={"learning_rate": {"type": "float", "low": 0.0, "high": 1.0}},
    )


def line(number: int, value: float | None, **changes) -> Trial:
    state = "complete" if value is not None else "pruned"
    content = {
        "number": number,
        "state": state,
        "value": value,
        "parameters": {"learning_rate": number / 10},
        "epochs": (),
        "schedule": Schedule(epochs=number + 1),
        "seconds": 10.0,
    }
    return Trial(**{**content, **changes})


TRIALS = [line(0, 0.1), line(1, 0.4), line(2, 0.3), line(3, None), line(4, 0.2)]
BUDGET = TuningSpec(trials=5)


def test_the_best_different_configurations_become_finalists() -> None:
    standing = standing_of(facts(), TRIALS, BUDGET)
    assert standing.over
    assert not standing.is_done
    assert [trial.number for trial in standing.chosen] == [1, 2, 4]
    again = line(5, 0.39, parameters=TRIALS[1].parameters)
    assert [trial.number for trial in different([*TRIALS, again])] == [1, 2, 4, 0]


def test_finalists_choose_configuration_and_schedule() -> None:
    ended = [
        line(1, 0.5, finalist=True),
        line(2, 0.6, finalist=True, schedule=Schedule(epochs=9, cuts=(4,))),
        line(4, None, finalist=True),
    ]
    standing = standing_of(facts(), [*TRIALS, *ended], BUDGET)
    assert standing.is_done
    assert standing.best.number == 2
    assert standing.best.schedule == Schedule(epochs=9, cuts=(4,))
    # Not before all of them have ended.
    assert not standing_of(facts(), [*TRIALS, *ended[:2]], BUDGET).is_done


def test_trials_that_see_all_sessions_are_the_finalists_already() -> None:
    for whole, budget in ((1.0, BUDGET), (0.25, TuningSpec(trials=5, finalists=0))):
        standing = standing_of(facts(part=whole), TRIALS, budget)
        assert standing.is_done
        assert standing.best.number == 1


def test_one_configuration_of_a_fitted_model_has_nothing_left_to_choose() -> None:
    fitted = line(0, 0.2, schedule=None, parameters={})
    assert standing_of(facts(), [fitted], TuningSpec(trials=1)).is_done


def test_a_collapsed_trial_never_wins_over_one_that_completed() -> None:
    collapsed = line(5, 0.9, state="collapsed")
    assert different([*TRIALS, collapsed])[0].number == 1
    assert different([collapsed])[0].number == 5  # but a smoke test ends with something


def test_trials_get_half_of_a_budget_in_seconds_and_finalists_the_rest() -> None:
    standing = standing_of(facts(), TRIALS, TuningSpec(seconds=40))
    assert [trial.number for trial in standing.trials] == [0, 1]
    first, second = (line(n, 0.5, finalist=True) for n in (1, 0))
    assert not standing_of(facts(), [*TRIALS, first], TuningSpec(seconds=40)).is_done
    assert standing_of(facts(), [*TRIALS, first, second], TuningSpec(seconds=40)).is_done
    # The first is always trained; there is no time for the second.
    slow = first.model_copy(update={"seconds": 30.0})
    assert standing_of(facts(), [*TRIALS, slow], TuningSpec(seconds=40)).is_done


def test_more_finalists_than_trials_are_refused() -> None:
    with pytest.raises(ValidationError, match=r"finalists \(3\) are chosen among the trials \(2\)"):
        TuningSpec(trials=2, finalists=3)
    assert TuningSpec(trials=2).most_finalists == 2
    assert TuningSpec(trials=10).most_finalists == TuningSpec(seconds=60).most_finalists == 3

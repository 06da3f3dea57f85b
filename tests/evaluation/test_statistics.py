"""Against scipy and statsmodels, by hand, and by simulation with a known truth."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from srgnn_bench.evaluation.statistics import (
    Floats,
    SessionTotals,
    best_over_orders,
    by_session,
    estimate,
    false_discovery,
    holm,
    next_value,
    seed_variance,
    session_variance,
)


def drawn(
    generator: np.random.Generator,
    *,
    trials: int,
    seeds: int,
    sessions: int,
    spread: float,
    difference: float = 0.0,
    skewed: bool = False,
) -> tuple[SessionTotals, SessionTotals]:
    """Totals of two trained models in many trials; in each, seeds and sessions are drawn anew.

    Args:
        generator: draws all.
        trials: how many.
        seeds: runs of each model.
        sessions: shared by both.
        spread: standard deviation over seeds, in standard errors of the difference by sessions.
        difference: the truth.
        skewed: whether sessions' differences are only 0 in the mean; otherwise they are also as
            often above it as below.
    """
    counts = np.minimum(generator.geometric(0.3, size=(trials, sessions)), 20).astype(float)
    shape = (trials, 1, sessions)
    # Few sessions prefer the one model by much, many the other by a little.
    rare = generator.random(size=shape) < 0.2
    of_session = np.where(rare, 0.4, -0.1) if skewed else generator.normal(0, 0.2, size=shape)
    error = 0.2 / np.sqrt(sessions)
    totals = []
    for model in range(2):
        luck = spread * error * generator.normal(size=(trials, seeds, 1))
        both = generator.normal(0, 0.1, size=(trials, seeds, sessions))
        level = (difference + of_session) if model == 0 else 0.0
        totals.append(SessionTotals((level + luck + both) * counts[:, None], counts))
    return totals[0], totals[1]


def test_totals_agree_with_a_loop():
    generator = np.random.default_rng(0)
    values = generator.normal(size=(3, 40))
    sessions = generator.integers(100, size=40)
    totals = by_session(values, sessions=sessions)
    for column, session in enumerate(np.unique(sessions)):
        assert totals.counts[column] == (sessions == session).sum()
        np.testing.assert_allclose(
            totals.sums[:, column], values[:, sessions == session].sum(axis=1)
        )
    assert estimate(totals).value == pytest.approx(values.mean())


def test_values_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="do not fit"):
        by_session(np.zeros((1, 3)), sessions=np.zeros(4, dtype=np.int64))
    with pytest.raises(ValueError, match="do not fit"):
        by_session(np.zeros((1, 0)), sessions=np.zeros(0, dtype=np.int64))


def test_the_sessions_part_is_the_jackknife_left_out_one_by_one():
    generator = np.random.default_rng(1)
    sums, counts = generator.normal(size=9), generator.integers(1, 8, size=9).astype(float)
    whole = sums.sum() / counts.sum()
    without = [np.delete(sums, place).sum() / np.delete(counts, place).sum() for place in range(9)]
    expected = 8 / 9 * sum((mean - whole) ** 2 for mean in without)
    assert session_variance(sums, counts) == pytest.approx(expected)


def test_the_sessions_part_agrees_with_the_bootstrap_of_scipy():
    generator = np.random.default_rng(2)
    counts = generator.integers(1, 12, size=400).astype(float)
    sums = counts * generator.normal(0.2, 0.3, size=400)

    def ratio(sums: Floats, counts: Floats, axis: int = -1) -> Floats:
        return sums.sum(axis=axis) / counts.sum(axis=axis)

    outside = stats.bootstrap(
        (sums, counts), ratio, paired=True, vectorized=True, n_resamples=4000, rng=generator,
        batch=500, method="percentile",
    )  # fmt: skip
    found = estimate(SessionTotals(sums[None], counts, chance=False))
    assert found.error == pytest.approx(outside.standard_error, rel=0.04)
    low, high = found.interval
    assert low == pytest.approx(outside.confidence_interval.low, abs=0.1 * found.error)
    assert high == pytest.approx(outside.confidence_interval.high, abs=0.1 * found.error)


def test_sessions_of_one_prefix_and_no_seeds_are_the_t_test():
    values = np.random.default_rng(3).normal(0.1, 1.0, size=60)
    found = estimate(SessionTotals(values[None], np.ones(60), chance=False))
    outside = stats.ttest_1samp(values, 0.0)
    assert found.p_value == pytest.approx(outside.pvalue)
    low, high = found.interval
    assert (low, high) == pytest.approx(tuple(outside.confidence_interval()))
    assert found.effect == pytest.approx(values.mean() / values.std(ddof=1))


def test_seeds_that_move_all_sessions_alike_are_welchs_test():
    counts = np.full(50, 2.0)
    generator = np.random.default_rng(4)
    levels = [generator.normal(0, 1, size=4), generator.normal(0, 3, size=7)]
    first, second = (SessionTotals(level[:, None] * counts, counts) for level in levels)
    found = estimate(first, second)
    outside = stats.ttest_ind(*levels, equal_var=False)
    assert found.error_sessions == 0
    assert found.p_value == pytest.approx(outside.pvalue)
    assert found.degrees == pytest.approx(outside.df)


def test_seeds_that_change_nothing_on_average_have_no_part():
    generator = np.random.default_rng(5)
    counts = np.ones(4000)
    assert seed_variance(SessionTotals(np.ones((5, 4000)), counts)) == 0
    noise = SessionTotals(generator.normal(size=(300, 4, 500)), np.ones(500))
    # Between runs there is 1 / 500, all of it from the sessions; what is left is chance.
    assert seed_variance(noise).mean() < 0.4 / 500


def test_parts_add_up_and_one_seed_leaves_the_sessions_alone():
    generator = np.random.default_rng(6)
    first, second = drawn(generator, trials=1, seeds=4, sessions=80, spread=2.0)
    whole = estimate(first, second)
    assert whole.with_seeds
    assert whole.error**2 == pytest.approx(whole.error_sessions**2 + whole.error_seeds**2)
    single = SessionTotals(first.sums[:, :1], first.counts)
    alone = estimate(single, second)
    assert not alone.with_seeds
    assert np.isnan(alone.error_seeds)
    assert alone.error == alone.error_sessions
    fitted = SessionTotals(first.sums[:, :1], first.counts, chance=False)
    assert estimate(fitted, second).with_seeds


def test_pairs_agree_with_each_other():
    first, second = drawn(np.random.default_rng(7), trials=1, seeds=3, sessions=50, spread=1.0)
    there, back = estimate(first, second), estimate(second, first)
    assert there.value == -back.value
    np.testing.assert_allclose(there.p_value, back.p_value)
    np.testing.assert_allclose(there.effect, -back.effect)
    np.testing.assert_allclose(there.interval[0], -back.interval[1])


@given(st.integers(0, 10_000))
def test_interval_p_value_and_effect_never_disagree(seed: int):
    first, second = drawn(
        np.random.default_rng(seed), trials=20, seeds=3, sessions=12, spread=1.0, difference=0.1
    )
    found = estimate(first, second)
    low, high = found.interval
    np.testing.assert_array_equal(found.p_value < 0.05, (low > 0) | (high < 0))
    np.testing.assert_array_equal(np.sign(found.effect), np.sign(found.value))


def test_equal_models_do_not_differ_and_shared_runs_differ_by_nothing():
    values = np.random.default_rng(8).normal(size=(3, 30))
    totals = by_session(values, sessions=np.arange(30) // 3)
    found = estimate(totals, by_session(values, sessions=np.arange(30) // 3))
    assert (found.value, found.error, found.effect, found.p_value) == (0, 0, 0, 1)
    assert found.interval == (0, 0)


@pytest.mark.parametrize("sessions", [1, 5])
def test_what_all_sessions_agree_on_has_no_interval(sessions: int):
    counts = np.arange(1.0, sessions + 1)
    found = estimate(SessionTotals(0.1 * counts[None], counts, chance=False))
    assert found.value == pytest.approx(0.1)
    assert np.isnan([found.error, *found.interval, found.p_value, found.effect]).all()


def test_one_more_value_falls_into_its_interval_as_often_as_stated():
    generator = np.random.default_rng(7)
    drawn = generator.normal(0.7, 0.01, size=(4000, 4))
    for level in (0.95, 0.5):
        ends = np.array([next_value(values[:3], level=level) for values in drawn])
        inside = (ends[:, 0] <= drawn[:, 3]) & (drawn[:, 3] <= ends[:, 1])
        assert inside.mean() == pytest.approx(level, abs=0.02)
    assert np.isnan(next_value(np.array([0.7]))).all()


def test_holm_and_false_discovery_agree_with_statsmodels_and_leave_nan_out():
    p_values = np.array([0.04, 0.01, 0.03, 0.02, 0.9])
    for ours, method in ((holm, "holm"), (false_discovery, "fdr_bh")):
        np.testing.assert_allclose(ours(p_values), multipletests(p_values, method=method)[1])
        with_gap = ours(np.insert(p_values, 2, np.nan))
        assert np.isnan(with_gap[2])
        np.testing.assert_allclose(np.delete(with_gap, 2), ours(p_values))
        assert len(ours(np.array([]))) == 0
    # Holm (1979): sorted 0.01 0.02 0.03 0.04 times 4 3 2 1, made monotone
    np.testing.assert_allclose(holm(np.array([0.04, 0.01, 0.03, 0.02])), [0.06, 0.04, 0.06, 0.06])


@pytest.mark.parametrize("spread", [0.0, 1.0, 2.0])
@pytest.mark.parametrize(
    ("seeds", "sessions", "skewed"),
    # So strong a skew needs some hundreds of sessions.
    [(5, 20, False), (5, 300, False), (10, 100, False), (5, 500, True), (10, 500, True)],
)
def test_false_alarms_and_misses_come_at_the_stated_rate(
    seeds: int, sessions: int, spread: float, skewed: bool
) -> None:
    first, second = drawn(
        np.random.default_rng([seeds, sessions]),
        trials=3000,
        seeds=seeds,
        sessions=sessions,
        spread=spread,
        difference=0.05,
        skewed=skewed,
    )
    found = estimate(first, second)
    low, high = found.interval
    missed = ((low > 0.05) | (high < 0.05)).mean()
    # 4 to 6%, and what 3,000 trials leave to chance
    assert 0.03 < missed < 0.07


def test_sessions_alone_would_call_equal_models_different_far_too_often() -> None:
    first, second = drawn(np.random.default_rng(9), trials=2000, seeds=3, sessions=500, spread=3.0)
    whole = estimate(first, second)
    alone = 2 * stats.norm.sf(np.abs(whole.value / whole.error_sessions))
    assert (alone < 0.05).mean() > 0.25
    assert (whole.p_value < 0.05).mean() < 0.08


def test_a_planted_difference_is_found():
    first, second = drawn(
        np.random.default_rng(11), trials=1, seeds=3, sessions=400, spread=0.5, difference=0.1
    )
    found = estimate(first, second)
    low, high = found.interval
    assert 0 < low < found.value < high
    assert found.p_value < 0.001


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_the_best_of_n_is_the_mean_over_all_orders(values: list[float]) -> None:
    orders = np.array(list(itertools.permutations(values)))
    expected = np.maximum.accumulate(orders, axis=1).mean(axis=0)
    np.testing.assert_allclose(best_over_orders(np.array(values)), expected, atol=1e-12)

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from srgnn_bench.statistics import (
    SessionTotals,
    bootstrap_means,
    by_session,
    compare,
    holm,
    percentile_interval,
    randomisation_p_values,
    standard_errors,
    standardised,
)


def clustered(
    generator: np.random.Generator, *, sessions: int, mean: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Differences whose sessions share an effect of their own, so that prefixes are dependent."""
    lengths = generator.integers(1, 12, size=sessions)
    session = np.repeat(np.arange(sessions), lengths)
    own = generator.normal(0, 0.3, size=sessions)[session]
    return mean + own + generator.normal(0, 0.3, size=len(session)), session


def test_totals_agree_with_a_loop():
    generator = np.random.default_rng(0)
    values = generator.normal(size=(40, 3))
    sessions = generator.integers(100, size=40)
    totals = by_session(values, sessions=sessions)
    for row, session in enumerate(np.unique(sessions)):
        assert totals.counts[row] == (sessions == session).sum()
        np.testing.assert_allclose(totals.sums[row], values[sessions == session].sum(axis=0))
    np.testing.assert_allclose(totals.means, values.mean(axis=0))


def test_values_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="do not fit"):
        by_session(np.zeros((3, 1)), sessions=np.zeros(4, dtype=np.int64))
    with pytest.raises(ValueError, match="do not fit"):
        by_session(np.zeros((0, 1)), sessions=np.zeros(0, dtype=np.int64))


def test_bootstrap_agrees_with_scipy():
    values, sessions = clustered(np.random.default_rng(1), sessions=80)
    totals = by_session(values[:, None], sessions=sessions)
    low, high = percentile_interval(bootstrap_means(totals, resamples=20_000, seed=3))

    def ratio(sums, counts, axis=-1):
        return sums.sum(axis=axis) / counts.sum(axis=axis)

    outside = stats.bootstrap(
        (totals.sums[:, 0], totals.counts),
        ratio,
        paired=True,
        vectorized=True,
        n_resamples=20_000,
        method="percentile",
        rng=np.random.default_rng(4),
        batch=1000,
    )
    width = outside.confidence_interval.high - outside.confidence_interval.low
    assert low[0] == pytest.approx(outside.confidence_interval.low, abs=0.03 * width)
    assert high[0] == pytest.approx(outside.confidence_interval.high, abs=0.03 * width)


def test_randomisation_agrees_with_the_exact_test_of_scipy():
    generator = np.random.default_rng(5)
    sums = generator.integers(-2, 4, size=(11, 4)).astype(float)  # many ties, as hits have
    totals = SessionTotals(sums, np.ones(11))
    ours = randomisation_p_values(totals, rounds=40_000, seed=6)
    for column, p_value in enumerate(ours):
        exact = stats.permutation_test(
            (sums[:, column],),
            lambda x, axis=-1: np.abs(x.sum(axis=axis)),
            permutation_type="samples",
            vectorized=True,
            n_resamples=np.inf,
            alternative="greater",
        )
        assert p_value == pytest.approx(exact.pvalue, abs=0.01)


def test_pairs_agree_with_each_other_and_with_the_models_alone():
    difference, sessions = clustered(np.random.default_rng(7), sessions=60)
    base = np.random.default_rng(8).normal(size=len(sessions))
    values = np.column_stack([base, base + difference, np.zeros(len(sessions))])
    found = compare(
        values, pairs=[(1, 0), (0, 1), (0, 2)], sessions=sessions, seed=9, resamples=300, rounds=300
    )
    there, back, against_nothing = found.comparisons
    assert there.difference == pytest.approx(difference.mean())
    assert (back.low, back.high) == pytest.approx((-there.high, -there.low))
    assert back.p_value == there.p_value
    assert (back.better, back.worse) == (there.worse, there.better)
    assert back.effect == pytest.approx(-there.effect)
    assert (against_nothing.low, against_nothing.high) == (found.low[0], found.high[0])


def test_standard_errors_agree_with_the_bootstrap_and_with_independent_prefixes():
    values, sessions = clustered(np.random.default_rng(14), sessions=400)
    totals = by_session(values[:, None], sessions=sessions)
    draws = bootstrap_means(totals, resamples=4000, seed=15)
    assert standard_errors(totals)[0] == pytest.approx(draws.std(), rel=0.05)
    alone = by_session(values[:, None], sessions=np.arange(len(values)))
    assert standard_errors(alone)[0] == pytest.approx(stats.sem(values))


def test_no_digit_of_a_bootstrap_depends_on_the_order_of_its_sums():
    values, sessions = clustered(np.random.default_rng(17), sessions=300)
    totals = by_session(values[:, None], sessions=sessions)
    draws = bootstrap_means(totals, resamples=100, seed=18)
    drawn = np.random.default_rng(18).integers(300, size=(100, 300))
    exact = [math.fsum(totals.sums[row, 0]) / totals.counts[row].sum() for row in drawn]
    assert draws[:, 0].tolist() == np.round(exact, 10).tolist()


def test_false_alarms_come_at_the_stated_rate():
    alarms = 0
    for trial in range(400):
        values, sessions = clustered(np.random.default_rng([9, trial]), sessions=40)
        totals = by_session(values[:, None], sessions=sessions)
        alarms += int(randomisation_p_values(totals, rounds=199, seed=trial)[0] <= 0.05)
    # 99.9% of binomial(400, 0.05) lies within these ends
    low, high = stats.binom.interval(0.999, 400, 0.05)
    assert low <= alarms <= high


def test_intervals_cover_the_truth_at_the_stated_rate_and_would_not_without_clusters():
    covered = naive = 0
    for trial in range(300):
        values, sessions = clustered(np.random.default_rng([10, trial]), sessions=300, mean=0.1)
        for place, clusters in enumerate((sessions, np.arange(len(values)))):
            totals = by_session(values[:, None], sessions=clusters)
            draws = bootstrap_means(totals, resamples=400, seed=trial)
            low, high = percentile_interval(draws)
            inside = bool(low[0] <= 0.1 <= high[0])
            covered += inside if place == 0 else 0
            naive += inside if place == 1 else 0
    low, high = stats.binom.interval(0.999, 300, 0.95)
    assert low <= covered <= high
    assert naive < 0.85 * 300


def test_a_planted_difference_is_found():
    values, sessions = clustered(np.random.default_rng(11), sessions=400, mean=0.1)
    values = np.column_stack([values, np.zeros(len(values))])
    [found] = compare(
        values, pairs=[(0, 1)], sessions=sessions, seed=12, resamples=500, rounds=999
    ).comparisons
    assert found.low > 0
    assert found.low < found.difference < found.high
    assert found.p_value == pytest.approx(0.001)
    assert found.better > found.worse


def test_two_equal_models_do_not_differ():
    values = np.random.default_rng(13).normal(size=(30, 1)).repeat(2, axis=1)
    [found] = compare(
        values, pairs=[(0, 1)], sessions=np.arange(30) // 3, seed=13, resamples=100, rounds=100
    ).comparisons
    assert (found.difference, found.low, found.high, found.effect) == (0, 0, 0, 0)
    assert found.p_value == 1.0


def test_effect_sizes():
    totals = SessionTotals(np.array([[2.0, 0.5], [2.0, 1.5]]), np.array([2.0, 1.0]))
    means = np.array([0.25, 1.5])
    assert standardised(totals)[1] == pytest.approx(means.mean() / means.std(ddof=1))
    same = SessionTotals(np.array([[2.0], [1.0]]), np.array([2.0, 1.0]))
    assert standardised(same)[0] == np.inf
    # Equal in exact arithmetic, and not in the last digits.
    tenths = SessionTotals(np.full((7, 1), 0.1) * [[n] for n in range(1, 8)], np.arange(1.0, 8.0))
    assert standardised(tenths)[0] == np.inf


def test_holm_is_the_textbook_procedure():
    # Holm (1979): sorted 0.01 0.02 0.03 0.04 times 4 3 2 1, made monotone
    np.testing.assert_allclose(holm(np.array([0.04, 0.01, 0.03, 0.02])), [0.06, 0.04, 0.06, 0.06])
    assert len(holm(np.array([]))) == 0

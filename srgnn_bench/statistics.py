"""Paired statistics over test prefixes, clustered by session.

Two models rank the same test prefixes, so their scores are compared prefix by prefix. Prefixes of
one session are nested and anything but independent: the session is the unit that is resampled
and whose labels are exchanged. Treating prefixes as independent makes intervals too narrow and
calls too many differences significant.

All comparisons of a data set share their resamples, which turns thousands of resamplings of tens
of thousands of sessions into a few matrix products. The scipy functions ``bootstrap`` and
``permutation_test`` do the same one comparison at a time, which takes minutes; they serve as the
oracle in the tests.

What these statistics speak of is the sampling of test sessions, for the models as they were
trained. How much another seed would change a model is another question, answered by the spread
over seeds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from statsmodels.stats.multitest import multipletests

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

RESAMPLES = 2000
"""Bootstrap resamples: the ends of a 95% interval then rest on 50 draws each."""

ROUNDS = 9999
"""Rounds of the randomisation test: the smallest p-value is 1 / 10,000."""

NORMAL_95 = 1.96
"""Half a 95% interval in standard errors, where there is no bootstrap."""

PLACES = 10
"""Of drawn means. How threads share a product moves digits far behind these, and with them the
bytes of a report."""

_CHUNK = 250


@dataclass(frozen=True)
class SessionTotals:
    """Scores of prefixes, added up per session.

    Attributes:
        sums: sum over a session's prefixes, shape (sessions, columns).
        counts: number of its prefixes, shape (sessions,).
    """

    sums: Floats
    counts: Floats

    @property
    def means(self) -> Floats:
        """Mean over all prefixes, shape (columns,)."""
        means: Floats = self.sums.sum(axis=0) / self.counts.sum()
        return means


def by_session(values: Floats, *, sessions: Integers) -> SessionTotals:
    """Add up prefix scores per session.

    Args:
        values: one score per prefix and column, shape (prefixes, columns).
        sessions: session of each prefix, shape (prefixes,).

    Raises:
        ValueError: no prefixes, or shapes that do not fit.
    """
    if values.ndim != 2 or len(values) != len(sessions) or len(values) == 0:
        raise ValueError(f"values {values.shape} do not fit sessions {sessions.shape}")
    _, place = np.unique(sessions, return_inverse=True)
    counts = np.bincount(place).astype(np.float64)
    sums = np.zeros((len(counts), values.shape[1]))
    np.add.at(sums, place, values)
    return SessionTotals(sums, counts)


def bootstrap_means(totals: SessionTotals, *, resamples: int = RESAMPLES, seed: int) -> Floats:
    """Means over prefixes when whole sessions are drawn with replacement.

    Args:
        totals: the sessions.
        resamples: number of draws.
        seed: of the draws, which are the same for every column.

    Returns:
        One mean per draw and column, to ``PLACES`` digits, shape (resamples, columns). Each is a
        ratio of two sums, since sessions differ in length (Davison and Hinkley 1997, section 3.8).
    """
    generator = np.random.default_rng(seed)
    n = len(totals.counts)
    both = np.column_stack([totals.sums, totals.counts])
    parts = []
    for start in range(0, resamples, _CHUNK):
        drawn = generator.integers(n, size=(min(_CHUNK, resamples - start), n))
        weights = np.stack([np.bincount(row, minlength=n) for row in drawn]).astype(np.float64)
        parts.append(weights @ both)
    drawn_totals = np.concatenate(parts)
    means: Floats = np.round(drawn_totals[:, :-1] / drawn_totals[:, -1:], PLACES)
    return means


def percentile_interval(draws: Floats, *, level: float = 0.95) -> tuple[Floats, Floats]:
    """Lower and upper ends of the central interval of bootstrap draws, per column."""
    tail = 100 * (1 - level) / 2
    low, high = np.percentile(draws, [tail, 100 - tail], axis=0)
    return low, high


def randomisation_p_values(totals: SessionTotals, *, rounds: int = ROUNDS, seed: int) -> Floats:
    """Two-sided p-values of the paired randomisation test by session.

    Under the null hypothesis the two models' labels can be exchanged within a session, which
    turns the sign of its difference. The p-value is the share of random exchanges whose mean
    difference is at least as far from 0 as the one seen, the one seen included (Phipson and
    Smyth 2010), so it is never 0.

    Args:
        totals: differences between two models, one comparison per column.
        rounds: number of random exchanges.
        seed: of the exchanges, which are the same for every column.

    Returns:
        One p-value per column, shape (columns,).
    """
    generator = np.random.default_rng(seed)
    n = len(totals.counts)
    seen = np.abs(totals.sums.sum(axis=0))
    # Sums that are equal in exact arithmetic may differ in the last digits.
    threshold = seen - 1e-9 * np.maximum(seen, 1.0)
    as_far = np.zeros(len(seen), dtype=np.int64)
    for start in range(0, rounds, _CHUNK):
        rows = min(_CHUNK, rounds - start)
        bits = np.unpackbits(
            generator.integers(256, size=(rows, (n + 7) // 8), dtype=np.uint8), axis=1, count=n
        )
        # sum of signs * d = 2 * (sum of the d with sign +) - (sum of all d)
        flipped = 2 * (bits.astype(np.float64) @ totals.sums) - totals.sums.sum(axis=0)
        as_far += (np.abs(flipped) >= threshold).sum(axis=0)
    p_values: Floats = (1 + as_far) / (1 + rounds)
    return p_values


def holm(p_values: Floats) -> Floats:
    """Holm's (1979) p-values, adjusted for a family of comparisons; empty for an empty family."""
    if len(p_values) == 0:
        return p_values
    adjusted: Floats = multipletests(p_values, method="holm")[1]
    return adjusted


def standardised(totals: SessionTotals) -> Floats:
    """Cohen's d_z: mean of the sessions' mean differences in units of their deviation.

    0 where every session has the same difference of 0; infinite where it is the same but not 0.
    """
    means = totals.sums / totals.counts[:, None]
    centre = means.mean(axis=0)
    deviation = means.std(axis=0, ddof=1) if len(means) > 1 else np.zeros_like(centre)
    # What is equal in exact arithmetic may differ in the last digits.
    deviation = np.where(deviation <= 1e-12 * np.abs(centre), 0.0, deviation)
    with np.errstate(divide="ignore", invalid="ignore"):
        effect: Floats = np.where(centre == 0.0, 0.0, centre / deviation)
    return effect


def standard_errors(totals: SessionTotals) -> Floats:
    """Standard errors of the means over prefixes, by linearisation of the ratio, per column.

    What the bootstrap estimates by drawing, in closed form: for the many small slices of a
    report, where an interval of plus and minus ``NORMAL_95`` of these is enough.
    """
    n = len(totals.counts)
    if n < 2:
        return np.full(totals.sums.shape[1], np.nan)
    residuals = totals.sums - totals.means * totals.counts[:, None]
    errors: Floats = np.sqrt(n / (n - 1) * (residuals**2).sum(axis=0)) / totals.counts.sum()
    return errors


@dataclass(frozen=True)
class Comparison:
    """How one model differs from another on the same test prefixes.

    Attributes:
        difference: mean difference over prefixes.
        low: lower end of its 95% interval, bootstrapped by session.
        high: upper end.
        p_value: of the randomisation test by session, not yet corrected for other comparisons.
        effect: standardised difference, Cohen's d_z over sessions.
        better: share of the prefixes with a higher score.
        worse: share with a lower one.
    """

    difference: float
    low: float
    high: float
    p_value: float
    effect: float
    better: float
    worse: float


@dataclass(frozen=True)
class Sampling:
    """What the sampling of test sessions leaves open about the models of one data set.

    Attributes:
        low: lower ends of the 95% intervals of the models' means, shape (models,).
        high: upper ends.
        comparisons: one per pair asked for, in order.
    """

    low: Floats
    high: Floats
    comparisons: list[Comparison]


def compare(
    values: Floats,
    *,
    pairs: Sequence[tuple[int, int]],
    sessions: Integers,
    seed: int,
    resamples: int = RESAMPLES,
    rounds: int = ROUNDS,
) -> Sampling:
    """Compare models on the prefixes of one data set, all with the same resamples.

    Args:
        values: score of each prefix and model, averaged over the model's seeds, shape
            (prefixes, models).
        pairs: columns to compare: the first less the second.
        sessions: session of each prefix, shape (prefixes,).
        seed: of the resamples.
        resamples: draws of the bootstrap.
        rounds: rounds of the randomisation test.

    Raises:
        ValueError: no prefixes, or shapes that do not fit.
    """
    totals = by_session(values, sessions=sessions)
    draws = bootstrap_means(totals, resamples=resamples, seed=seed)
    low, high = percentile_interval(draws)
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    differences = values[:, first] - values[:, second]
    of_pairs = SessionTotals(totals.sums[:, first] - totals.sums[:, second], totals.counts)
    columns = zip(
        of_pairs.means,
        *percentile_interval(draws[:, first] - draws[:, second]),
        randomisation_p_values(of_pairs, rounds=rounds, seed=seed),
        standardised(of_pairs),
        (differences > 0).mean(axis=0),
        (differences < 0).mean(axis=0),
        strict=True,
    )
    comparisons = [Comparison(*(float(value) for value in column)) for column in columns]
    return Sampling(low, high, comparisons)

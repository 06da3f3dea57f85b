"""What other seeds and other test sessions would change about a metric or a difference.

A model's runs, one per seed, all rank the same test prefixes. Two things would come out
differently if the benchmark were made again: the test sessions, which are shared by all runs, and
the seeds, which every model draws for itself. Prefixes of one session are nested and anything but
independent, so the session is the unit, never the prefix. A score of run ``a`` in session ``c``
is read as

    level + what the seed changes (a) + what the session changes (c) + what both together change,

which is a crossed design, and the variance of a mean over runs and sessions has three parts:

- the sessions' part, from the scores averaged over runs: the delete-one-session jackknife, which
  allows for sessions of different lengths (Cameron, Gelbach and Miller 2008; MacKinnon, Nielsen
  and Webb 2023). It contains what session and seed change together, once;
- for each model that is trained, the seeds' part: the variance between its runs' means, less what
  that variance owes to the finite number of sessions, which the first part holds already (the
  subtraction of Cameron, Gelbach and Miller 2011, where clusters cross), never below 0;
- for a model that is fitted without chance nothing: its runs are equal by construction.

The reference is Student's t with the degrees of freedom of Satterthwaite (1946) and Welch (1947):
with few seeds the seeds' part is itself uncertain. A bootstrap of seeds and sessions together
(Owen 2007) draws from three seeds as if these were all there are, and its intervals are too short.

The configuration that tuning chose is taken as given: how much another tuning would change is
not in these numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln, stdtr, stdtrit

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

LEVEL = 0.95
"""Of every interval."""

NOTHING = 1e-12
"""What equal scores may differ by in floating point."""


@dataclass(frozen=True)
class SessionTotals:
    """Scores of a model's runs, added up per session.

    Attributes:
        sums: sum over a session's prefixes, shape (..., runs, sessions).
        counts: number of its prefixes, shape (..., sessions).
        chance: whether another seed could give other scores; False for what is only fitted.
    """

    sums: Floats
    counts: Floats
    chance: bool = True

    @property
    def runs(self) -> int:
        """Number of runs."""
        return int(self.sums.shape[-2])


def by_session(values: Floats, *, sessions: Integers, chance: bool = True) -> SessionTotals:
    """Add up prefix scores per session: the one place that decides what a cluster is.

    Args:
        values: one score per run and prefix, shape (runs, prefixes).
        sessions: session of each prefix, shape (prefixes,).
        chance: whether another seed could give other scores.

    Raises:
        ValueError: no prefixes, or shapes that do not fit.
    """
    if values.ndim != 2 or values.shape[1] != len(sessions) or len(sessions) == 0:
        raise ValueError(f"values {values.shape} do not fit sessions {sessions.shape}")
    _, place = np.unique(sessions, return_inverse=True)
    counts = np.bincount(place).astype(np.float64)
    return SessionTotals(
        np.stack([np.bincount(place, weights=run) for run in values]), counts, chance
    )


@dataclass(frozen=True)
class Estimate:
    """A mean, or a difference of two, with what seeds and sessions leave open.

    All shapes (...), those of the totals in front of runs and sessions.

    Attributes:
        value: mean over prefixes and runs, or the difference.
        error: its standard error.
        degrees: degrees of freedom of the error.
        error_sessions: the sessions' part of the error.
        error_seeds: the seeds' part; NaN where a single run of a trained model hides it.
        sessions: number of sessions.
        with_seeds: whether the error holds what other seeds would change. It does not where a
            trained model has a single run: it is then that of the sessions only.
    """

    value: Floats
    error: Floats
    degrees: Floats
    error_sessions: Floats
    error_seeds: Floats
    sessions: int
    with_seeds: bool

    @property
    def interval(self) -> tuple[Floats, Floats]:
        """Ends of the 95% interval, each of shape (...); NaN where there is no error to tell."""
        half = stdtrit(self.degrees, (1 + LEVEL) / 2) * self.error
        return self.value - half, self.value + half

    @property
    def p_value(self) -> Floats:
        """Two-sided, of the hypothesis that the value is 0; below 0.05 where the interval omits 0.

        Shape (...). 1 where the value is 0 without any error, NaN where the error is not known.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            p_values: Floats = 2 * stdtr(self.degrees, -np.abs(self.value / self.error))
        return np.where((self.value == 0) & (self.error == 0), 1.0, p_values)

    @property
    def effect(self) -> Floats:
        """Cohen's d over sessions: the value in units of the sessions' standard deviation.

        Shape (...). The deviation is the linearised one, each session weighted by its prefixes as
        the value is, so that both have one sign. 0 where the value is, NaN where nothing deviates.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            effect = self.value / (self.error_sessions * np.sqrt(self.sessions))
        return np.where(self.value == 0, 0.0, np.where(np.isfinite(effect), effect, np.nan))


def estimate(first: SessionTotals, less: SessionTotals | None = None) -> Estimate:
    """The mean of a model's runs, or by how much it is above another model's.

    Args:
        first: a model's totals.
        less: those of another, on the same sessions; None for the mean alone.

    Returns:
        The estimate. Its error is NaN for a single session, and where no session deviates from a
        value that is not 0: what all agree on says nothing of how far others might differ.
    """
    sides = [first] if less is None else [first, less]
    # Runs that two entries share differ by nothing, whatever the seeds.
    same = less is not None and np.array_equal(first.sums, less.sums)
    drawn = [side for side in sides if side.chance and not same]
    sums = first.sums.mean(axis=-2) - (0.0 if less is None else less.sums.mean(axis=-2))
    counts = first.counts
    n = counts.shape[-1]
    value = _settled(sums.sum(axis=-1) / counts.sum(axis=-1))
    by_sessions = session_variance(sums, counts)
    variance, spread = by_sessions, by_sessions**2 / max(n - 1, 1)
    known = all(side.runs > 1 for side in drawn)
    for side in drawn if known else []:
        own = seed_variance(side) / side.runs
        variance, spread = variance + own, spread + own**2 / (side.runs - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        # Without any error there are no degrees either; any number of them gives an interval of 0.
        degrees = np.where(spread > 0, variance**2 / spread, n - 1.0)
    error = np.sqrt(np.where((variance == 0) & (value != 0), np.nan, variance))
    return Estimate(
        value=value,
        error=error,
        degrees=degrees,
        error_sessions=np.sqrt(by_sessions),
        error_seeds=np.sqrt(variance - by_sessions) if known else np.full_like(value, np.nan),
        sessions=n,
        with_seeds=known,
    )


def session_variance(sums: Floats, counts: Floats) -> Floats:
    """Variance of a mean over prefixes from the sampling of sessions, by the jackknife.

    Args:
        sums: sum of each session's scores, shape (..., sessions).
        counts: its prefixes, shape (..., sessions).

    Returns:
        Shape (...); NaN for one session, which tells nothing of others.
    """
    n = counts.shape[-1]
    total = counts.sum(axis=-1, keepdims=True)
    if n < 2:
        return np.full(sums.shape[:-1], np.nan)
    residuals = sums - sums.sum(axis=-1, keepdims=True) / total * counts
    moved = residuals / (total - counts)  # what the mean does when one session is left out
    variance: Floats = (n - 1) / n * np.einsum("...c,...c->...", moved, moved)
    return _settled(variance, of=NOTHING**2)


def seed_variance(totals: SessionTotals) -> Floats:
    """Variance between seeds, less what it owes to the sampling of sessions; from 0, shape (...).

    Args:
        totals: at least two runs.
    """
    means = totals.sums.sum(axis=-1) / totals.counts.sum(axis=-1)[..., None]
    own = totals.sums - totals.sums.mean(axis=-2, keepdims=True)
    by_sessions = session_variance(own, totals.counts[..., None, :]).sum(axis=-1)
    variance = means.var(axis=-1, ddof=1) - by_sessions / (totals.runs - 1)
    floored: Floats = np.maximum(_settled(variance, of=NOTHING**2), 0.0)
    return floored


def _settled(values: Floats, *, of: float = NOTHING) -> Floats:
    """0 for what would be 0 but for rounding."""
    settled: Floats = np.where(np.abs(values) <= of, 0.0, values)
    return settled


def next_value(values: Floats, *, level: float = LEVEL) -> tuple[float, float]:
    """Ends of the interval in which one more value of the same kind falls, as another seed's.

    Student's prediction interval (Hahn and Meeker 1991): mean +- t s sqrt(1 + 1/n), t with n - 1
    degrees of freedom.

    Args:
        values: shape (n,).
        level: how often it does.

    Returns:
        Both NaN for fewer than two values, which tell nothing of others.
    """
    n = len(values)
    if n < 2:
        return np.nan, np.nan
    half = stdtrit(n - 1, (1 + level) / 2) * values.std(ddof=1) * np.sqrt(1 + 1 / n)
    return float(values.mean() - half), float(values.mean() + half)


def holm(p_values: Floats) -> Floats:
    """Holm's (1979) p-values, adjusted for a family of comparisons.

    Args:
        p_values: shape (comparisons,); NaN is no comparison: it stays, and counts for none.
    """
    adjusted: Floats = p_values.copy()
    told = np.flatnonzero(~np.isnan(p_values))
    order = told[np.argsort(p_values[told])]
    steps = p_values[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted


def false_discovery(p_values: Floats) -> Floats:
    """Benjamini and Hochberg's (1995) adjusted p-values; NaN as for ``holm``.

    Calling everything below 0.05 different makes wrong at most a twentieth of what is called so,
    in expectation: a weaker promise than Holm's, which is that nothing is called so wrongly.

    Args:
        p_values: shape (hypotheses,).

    Returns:
        Shape (hypotheses,).
    """
    adjusted: Floats = p_values.copy()
    told = np.flatnonzero(~np.isnan(p_values))
    order = told[np.argsort(p_values[told])[::-1]]
    steps = p_values[order] * len(order) / np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.minimum.accumulate(steps), 1.0)
    return adjusted


def best_over_orders(values: Floats) -> Floats:
    """What the best of so many values is on average, over all orders in which they could come.

    The mean of the largest of n values that are drawn without replacement, for each n: the
    estimate of Dodge et al. ("Show Your Work", EMNLP 2019) without their replacement.

    Args:
        values: shape (values,), such as one per trial.

    Returns:
        Shape (values,): the mean of the best of 1, 2, ... of them; it never falls.
    """
    total = len(values)
    drawn = np.arange(1, total + 1)[:, None]
    smaller = np.arange(total)[None, :]  # values below this one, from which the others come
    ways = gammaln(smaller + 1) - gammaln(drawn) - gammaln(np.maximum(smaller - drawn + 2, 1))
    of = gammaln(total + 1) - gammaln(drawn + 1) - gammaln(total - drawn + 1)
    chance = np.where(smaller >= drawn - 1, np.exp(ways - of), 0.0)
    means: Floats = chance @ np.sort(values)
    return means

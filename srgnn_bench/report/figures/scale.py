"""How far an axis reaches, and what lies beyond it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

ROOM = 6.0
"""An axis reaches at most this many times as far as the upper half of its values."""

MARGIN = 0.08
"""Of the axis, at either end."""

LABEL_ROOM = 0.16
"""Of the axis, for what is written of values beyond its lower end."""


@dataclass(frozen=True)
class Scale:
    """An axis.

    Attributes:
        low: where it begins.
        high: where it ends.
        beyond: the names of the values that lie below it.
    """

    low: float
    high: float
    beyond: frozenset[str]


def scale_of(
    values: pd.Series[float],
    *,
    lows: pd.Series[float] | None = None,
    highs: pd.Series[float] | None = None,
) -> Scale:
    """The axis for values of which some may lie so far below that they would squeeze the others.

    Args:
        values: what is drawn, by name; NaN where there is nothing.
        lows: how far each reaches below, by the same names; NaN or None for the value alone.
        highs: likewise, above.
    """
    values = values.dropna()
    if values.empty:
        return Scale(0.0, 1.0, frozenset())
    lows = values if lows is None else lows.reindex(values.index).fillna(values)
    highs = values if highs is None else highs.reindex(values.index).fillna(values)
    best, half = float(values.max()), float(values.median())
    # Where half of the values are alike, nothing says how far the others may be.
    least = best - ROOM * (best - half) if half < best else -np.inf
    drawn = values >= least
    while True:
        ends = float(lows[drawn].min()), float(highs[drawn].max())
        margin = MARGIN * (ends[1] - ends[0]) or max(0.05 * abs(ends[1]), 1e-3)
        room = 0.0 if drawn.all() else LABEL_ROOM * (ends[1] - ends[0])
        low, high = ends[0] - margin - room, ends[1] + margin
        inside = values >= low
        if (inside == drawn).all():
            return Scale(low, high, frozenset(values.index[~drawn]))
        drawn = inside


def whole_numbers() -> MaxNLocator:
    """Ticks of an axis that counts; a single number has one."""
    return MaxNLocator(integer=True, nbins=6, min_n_ticks=1)

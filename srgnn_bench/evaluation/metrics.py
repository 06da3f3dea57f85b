"""The metrics: one table of those that are a function of the target's rank, and those of lists.

Every test prefix has exactly one target, so Recall@K equals the hit rate, and the ideal DCG is 1.
A rank counts from 1; it is the number of catalogue items whose score is at least the target's,
so ties count against the target. A target outside the catalogue has a rank beyond every item.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from srgnn_bench.errors import SpecError

Ranks = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Measure:
    """A measure of ranks, before its K is chosen.

    Attributes:
        title: name as printed.
        gain: what a target at a rank counts, from ranks as floats; beyond K it counts 0.
    """

    title: str
    gain: Callable[[Floats], Floats]


MEASURES = {
    "recall": Measure("Recall", np.ones_like),
    "mrr": Measure("MRR", lambda ranks: 1.0 / ranks),
    "ndcg": Measure("NDCG", lambda ranks: 1.0 / np.log2(1.0 + ranks)),
}
"""Measures of ranks by name. One more is one entry here: reports compute it from stored ranks.

Recall@K is the share of the prefixes whose target ranks among the first K. The session-based
papers print it as P@K, HR@K or hit rate. MRR@K is the mean of 1 / rank, NDCG@K with one relevant
item the mean of 1 / log2(1 + rank) (Jarvelin and Kekalainen 2002).
"""

ALIASES = {"hit": "recall", "hr": "recall", "hit_rate": "recall"}
"""Other words for a measure, which are read and not printed."""

LIST_TITLES = {"coverage": "Coverage", "popularity": "Popularity", "repeat": "Repeats"}
"""Titles of the metrics of recommended lists, which a run stores with its record."""

CUTOFFS = (5, 10, 20)
"""The K at which a run's record states every measure."""


@dataclass(frozen=True)
class Metric:
    """A measure of ranks at a K.

    Attributes:
        measure: its name in ``MEASURES``.
        k: length of the list, from 1.
    """

    measure: str
    k: int

    @classmethod
    def named(cls, name: str) -> Metric:
        """The metric of a name such as ``ndcg@50``, of any K; ``hit@20`` is ``recall@20``.

        Raises:
            SpecError: there is no such measure, or K is no whole number from 1.
        """
        word, _, k = name.partition("@")
        measure = ALIASES.get(word, word)
        if measure not in MEASURES or not re.fullmatch(r"[1-9][0-9]{0,8}", k):
            raise SpecError(
                f"There is no metric '{name}'.",
                remedy=f"Write {' or '.join(f'{known}@K' for known in MEASURES)}, with K a whole "
                "number from 1, such as recall@20.",
            )
        return cls(measure, int(k))

    @property
    def name(self) -> str:
        """As frames and records call it: ``recall@20``."""
        return f"{self.measure}@{self.k}"

    def scores(self, ranks: Ranks) -> Floats:
        """What each prefix adds to the metric, which is their mean.

        Args:
            ranks: ranks of the targets, from 1, any shape.

        Returns:
            Scores between 0 and 1, of the same shape.

        Raises:
            ValueError: a rank below 1.
        """
        if ranks.size and ranks.min() < 1:
            raise ValueError("ranks count from 1")
        scores: Floats = np.where(
            ranks <= self.k, MEASURES[self.measure].gain(ranks.astype(np.float64)), 0.0
        )
        return scores

    def mean(self, ranks: Ranks) -> float:
        """The metric of the ranks of one run's targets, shape (prefixes,).

        Raises:
            ValueError: no ranks, or one below 1.
        """
        if ranks.size == 0:
            raise ValueError("no prefixes were ranked")
        return float(self.scores(ranks).mean())


def metric_title(name: str) -> str:
    """A metric's name as printed: ``recall@20`` -> ``Recall@20``."""
    word, _, k = name.partition("@")
    return f"{MEASURES[word].title if word in MEASURES else LIST_TITLES[word]}@{k}"


def coverage(top: Ranks, *, n_items: int) -> float:
    """Catalogue coverage: share of the items that at least one list recommends.

    Args:
        top: items of every list, numbered from 1; 0 where there is none, shape (prefixes, K).
        n_items: items in the catalogue.
    """
    recommended = np.unique(top)
    return float(np.count_nonzero(recommended) / n_items)


def average_popularity(top: Ranks, *, clicks: Ranks) -> float:
    """Mean training clicks of the recommended items, as a share of those of the most clicked item.

    Args:
        top: as for ``coverage``; prefixes without a list do not count.
        clicks: training clicks of each item, entry 0 for padding, shape (items + 1,).
    """
    recommended = top[top > 0]
    return float(np.mean(clicks[recommended]) / clicks.max()) if len(recommended) else 0.0


def repeat_share(top: Ranks, *, prefix: Ranks, items: Ranks) -> float:
    """Share of the recommended items that the prefix holds already.

    Args:
        top: as for ``coverage``; prefixes without a list do not count.
        prefix: the prefix that shows each click, from 0, shape (shown clicks,).
        items: item of each of those clicks, shape (shown clicks,).
    """
    width = max(int(top.max()), int(items.max(initial=0))) + 1
    shown = prefix * width + items
    recommended = np.arange(len(top))[:, None] * width + top
    counted = top > 0
    repeats = np.isin(recommended, shown) & counted
    return float(repeats.sum() / counted.sum()) if counted.any() else 0.0


def rank_metrics(ranks: Ranks) -> dict[str, float]:
    """What a record states of its ranks: every measure at every cutoff, unrounded.

    Raises:
        ValueError: no ranks, or one below 1.
    """
    metrics = (Metric(measure, k) for measure in MEASURES for k in CUTOFFS)
    return {metric.name: metric.mean(ranks) for metric in metrics}

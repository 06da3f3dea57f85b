"""STAN: S-kNN that knows the order of clicks and the age of sessions.

Source: Garg, Gupta, Malhotra, Vig and Shroff, "Sequence and Time Aware Neighborhood for
Session-based Recommendations: STAN", SIGIR 2019.

With s the current session of l clicks, n a training session and p the place of the last click on
an item, from 1:

    w1(i) = exp((p(i, s) - l) / lambda1)                     recent clicks of s weigh more
    w2(n) = exp(-(t(s) - t(n)) / lambda2)                    recent sessions weigh more
    w3(i, n) = exp(-|p(i, n) - p*(n)| / lambda3)             items near the shared one weigh more
    sim(s, n) = sum of w1(i) over the items i of s & n, divided by sqrt(|n|), times w2(n)
    score(i)  = sum of sim(s, n) w3(i, n) over the nearest n that hold i

p*(n) is the last place in n of an item of s, as session-rec has it. The paper's norm of s is the
same for all n. So is t(s): w2 is a factor of the session times a factor of n, and the age of n is
counted here from the newest candidate, so that no time of the session is needed. lambda2 is in
the unit of the dataset's times: seconds or, where a source has none, sessions.

The defaults are session-rec's: lambda1 1.02 and lambda3 2.05 clicks, lambda2 5 days, a sample of
5000. It leaves the number of neighbours open; its configurations take 100 to 1000. A large lambda
switches its weight off. A similarity below 1e-45 of the largest counts as none.
"""

from __future__ import annotations

import numpy as np
from pydantic import Field
from scipy.sparse import csr_array

from srgnn_bench.counting.bases import NeighbourParameters, NeighbourRecommender
from srgnn_bench.counting.neighbours import NeighbourItems, PrefixItems
from srgnn_bench.counting.sparse_rows import Floats, with_values
from srgnn_bench.data.sessions import Integers, Sessions


class STANParameters(NeighbourParameters):
    """Parameters of STAN."""

    sample_size: int = Field(5000, ge=1)
    """Sessions that are compared, the most recent that share an item; more where others are as
    recent as the last."""

    lambda1: float = Field(1.02, gt=0)
    """Clicks after which a click of the current session weighs 1/e."""

    lambda2: float = Field(432_000.0, gt=0)
    """Age at which a training session weighs 1/e, in seconds or sessions."""

    lambda3: float = Field(2.05, gt=0)
    """Distance from the shared item at which an item of a neighbour weighs 1/e, in clicks."""


class STAN(NeighbourRecommender):
    """Scores an item by its nearness to shared items in recent, similar sessions.

    Attributes:
        times: time of each training session, shape (sessions,); set by ``fit``.
    """

    Parameters = STANParameters
    parameters_: STANParameters
    times: Integers

    def learn(self, sessions: Sessions) -> None:
        """Index the sessions by their items, and keep their times."""
        super().learn(sessions)
        self.times = sessions.times

    def similarities(self, prefixes: PrefixItems) -> csr_array:
        """Weights of the shared items, norm and recency, shape (prefixes, sessions)."""
        back = prefixes.length() - prefixes.positions.data
        weights = np.exp(-back / self.parameters_.lambda1)
        similar = self.index.candidates(prefixes.weighted(weights))
        recency = np.exp(-self._age(similar) / self.parameters_.lambda2)
        norms = self.index.norms[similar.indices]
        return with_values(similar, similar.data / norms * recency)

    def votes(self, neighbours: csr_array, prefixes: PrefixItems) -> csr_array:
        """Sum of the neighbours' similarities, by nearness, shape (prefixes, n_items)."""
        return self.by_nearness(self.index.items_of(neighbours, prefixes=prefixes), neighbours.data)

    def by_nearness(self, near: NeighbourItems, values: Floats) -> csr_array:
        """Sum of the neighbours' values, by nearness to the shared item, shape (prefixes, n_items).

        Args:
            near: items of all neighbours.
            values: value of each neighbour, shape (neighbours,).
        """
        place = near.positions.data
        shared = near.largest(np.where(near.shared > 0, place, 0))
        distance = np.abs(place - near.spread(shared))
        nearness = np.exp(-np.arange(distance.max(initial=0) + 1) / self.parameters_.lambda3)
        return near.sum(near.spread(values) * nearness[distance])

    def _age(self, candidates: csr_array) -> Integers:
        """Time from each candidate to the newest one of its prefix, shape (entries,)."""
        times = self.times[candidates.indices]
        counts = np.diff(candidates.indptr)
        found = counts > 0
        newest = np.maximum.reduceat(times, candidates.indptr[:-1][found])
        age: Integers = np.repeat(newest, counts[found]) - times
        return age

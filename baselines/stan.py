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
switches its weight off.

Similarities, with w2 = 1 for the newest candidate, are compared in single precision. So those below
1e-45 are equal, and of their sessions the more recent is the nearer. Scores below 1.2e-38 are equal
too, and above those of the items that no neighbour holds.
"""

from __future__ import annotations

import numpy as np
from pydantic import Field
from scipy.sparse import csr_array

from srgnn_bench.counting.bases import NeighbourParameters, NeighbourRecommender
from srgnn_bench.counting.neighbours import NeighbourItems, PrefixItems
from srgnn_bench.counting.sparse_rows import Floats, keep_best, value_bits, with_values
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
        nearness: exp(-|d| / lambda3) at index d, for d from minus to plus the longest session's
            length; negative ones count from the end, shape (2 * length + 1,).
    """

    Parameters = STANParameters
    parameters_: STANParameters
    times: Integers
    nearness: Floats
    _per_overlap: Floats

    def learn(self, sessions: Sessions) -> None:
        """Index the sessions by their items, and keep their times."""
        super().learn(sessions)
        self.times = sessions.times
        ages = sessions.times[-1] - sessions.times
        self._per_overlap = np.exp(-ages / self.parameters_.lambda2) / self.index.norms
        decays = np.exp(-np.arange(sessions.lengths.max() + 1) / self.parameters_.lambda3)
        self.nearness = np.concatenate([decays, decays[:0:-1]])

    def similarities(self, prefixes: PrefixItems) -> csr_array:
        """Weights of the shared items, norm and recency, shape (prefixes, sessions)."""
        back = prefixes.length() - prefixes.positions.data
        weights = np.exp(-back / self.parameters_.lambda1)
        sampled = self.index.candidates(prefixes.weighted(weights))
        newest = self._newest(sampled)
        similar = self._close(sampled)
        values = similar.data / self.index.norms[similar.indices]
        age = np.repeat(newest, np.diff(similar.indptr)) - self.times[similar.indices]
        values *= np.exp(-age / self.parameters_.lambda2)
        return with_values(similar, values)

    def votes(self, neighbours: csr_array, prefixes: PrefixItems) -> csr_array:
        """Sum of the neighbours' similarities, by nearness, shape (prefixes, n_items)."""
        near = self.index.items_of(neighbours, prefixes=prefixes)
        return self.by_nearness(near, neighbours.data, shared=near.last_shared()[0])

    def by_nearness(self, near: NeighbourItems, values: Floats, *, shared: Integers) -> csr_array:
        """Sum of the neighbours' values, by nearness to the shared item, shape (prefixes, n_items).

        Args:
            near: items of all neighbours.
            values: value of each neighbour, shape (neighbours,).
            shared: place of its last shared item in each neighbour, shape (neighbours,).
        """
        distance = near.positions.data - near.spread(shared)
        return near.sum(self.nearness[distance], of_neighbours=values)

    def _newest(self, candidates: csr_array) -> Integers:
        """Time of the newest candidate of each prefix, 0 where it has none, shape (prefixes,)."""
        newest = np.zeros(candidates.shape[0], dtype=self.times.dtype)
        found = np.diff(candidates.indptr) > 0
        last = np.maximum.reduceat(candidates.indices, candidates.indptr[:-1][found])
        newest[found] = self.times[last]
        return newest

    def _close(self, candidates: csr_array) -> csr_array:
        """The candidates that can be among the nearest, few of all.

        With the age counted from the newest session of all, the similarity is one product. It is
        the same but for a factor of the prefix and for rounding, which less than four steps of
        single precision make up for.
        """
        rough = candidates.data * self._per_overlap[candidates.indices.astype(np.intp)]
        return keep_best(
            candidates,
            value_bits(rough),
            count=self.parameters_.neighbours,
            least_equal=lambda bits: bits - 4,
        )

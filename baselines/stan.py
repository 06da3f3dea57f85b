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
5000; it leaves the number of neighbours open, and the paper has 500. A large lambda
switches its weight off.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import Field
from scipy.sparse import csr_array

from srgnn_bench.data.sessions import Integers, Sessions
from srgnn_bench.models.neighbours import SessionIndex, nearest
from srgnn_bench.models.parameters import ModelParameters
from srgnn_bench.models.sparse_rows import Floats, last_positions, rows_of, with_values
from srgnn_bench.models.sparse_scores import SparseRecommender


class STANParameters(ModelParameters):
    """Parameters of STAN."""

    neighbours: int = Field(500, ge=1)
    """Most neighbours of a session, the most similar."""

    sample_size: int = Field(5000, ge=1)
    """Sessions that are compared, the most recent that share an item."""

    lambda1: float = Field(1.02, gt=0)
    """Clicks after which a click of the current session weighs 1/e."""

    lambda2: float = Field(432_000.0, gt=0)
    """Age at which a training session weighs 1/e, in seconds or sessions."""

    lambda3: float = Field(2.05, gt=0)
    """Distance from the shared item at which an item of a neighbour weighs 1/e, in clicks."""


class STAN(SparseRecommender):
    """Scores an item by its nearness to shared items in recent, similar sessions."""

    Parameters = STANParameters
    index: SessionIndex
    times: Floats

    def __init__(self, config: Any, dataset: Any) -> None:
        super().__init__(config, dataset)
        self.parameters_ = self.Parameters.read(config)

    def fit(self, sessions: Sessions) -> None:
        """Index the sessions by their items."""
        self.index = SessionIndex(
            sessions, n_items=self.n_items, sample_size=self.parameters_.sample_size
        )
        self.times = sessions.times.astype(np.float64)

    def scores(self, items: Integers, offsets: Integers) -> csr_array:
        """Decayed sum of the neighbours' similarities, shape (prefixes, n_items)."""
        p = self.parameters_
        prefixes = last_positions(items, offsets, n_items=self.n_items)
        back = np.diff(offsets)[rows_of(prefixes)] - prefixes.data
        similar = self.index.candidates(with_values(prefixes, np.exp(-back / p.lambda1)))
        similarity = similar.data / np.sqrt(self.index.sizes[similar.indices])
        recency = np.exp(-self._age(similar) / p.lambda2)
        neighbours = nearest(with_values(similar, similarity * recency), count=p.neighbours)
        near = self.index.items_of(neighbours, prefixes=prefixes)
        place = near.positions.data
        shared = near.largest(np.where(near.shared > 0, place, 0))
        distance = np.abs(place - near.spread(shared))
        nearness = np.exp(-np.arange(distance.max(initial=0) + 1) / p.lambda3)
        return near.sum(near.spread(neighbours.data) * nearness[distance])

    def _age(self, candidates: csr_array) -> Floats:
        """Time from each candidate to the newest one of its prefix, shape (entries,)."""
        times = self.times[candidates.indices]
        rows = rows_of(candidates)
        newest = np.full(candidates.shape[0], -np.inf)
        np.maximum.at(newest, rows, times)
        age: Floats = newest[rows] - times
        return age

"""VSTAN: STAN whose votes weigh with the shared click's recency and the items' idf, as V-SkNN's do.

Source: Ludewig, Mauro, Latifi and Jannach, "Empirical analysis of session-based recommendation
algorithms", UMUAI 31, 2021; the class ``VSKNN_STAN`` of their framework session-rec.

With STAN's similarity sim(s, n) and weight w3(i, n) (see ``baselines/stan.py``), l the clicks of
the current session s and p(s, n) the place in s of its last click on an item of n:

    w4(n)    = exp((p(s, n) - l) / lambda4)         neighbours that share recent clicks weigh more
    score(i) = sum of sim(s, n) w3(i, n) w4(n) over the nearest n that hold i
               * (1 + idf_weighting * idf(i))

idf(i) = ln(sessions / sessions that hold i). The decays of V-SkNN by names are not part of it; w1
is STAN's. session-rec's norm of s is the same for all n, as STAN's is, and left out here; its idf
counts clicks instead of sessions, so that it can be negative. Small similarities and scores are
told apart as far as STAN's are.

The defaults are session-rec's: STAN's, and lambda4 1.02 clicks and an idf_weighting of 5. It
searches lambda4 from nearly 0 to twice the mean length of a session and the weight of the idf
among 1, 2, 5 and 10.
"""

from __future__ import annotations

import numpy as np
from pydantic import Field
from scipy.sparse import csr_array

from srgnn_bench.counting.neighbours import PrefixItems
from srgnn_bench.counting.sparse_rows import Floats, rows_of, with_values
from srgnn_bench.data.sessions import Sessions

from .stan import STAN, STANParameters


class VSTANParameters(STANParameters):
    """Parameters of VSTAN."""

    lambda4: float = Field(1.02, gt=0)
    """Clicks since the last shared click after which a neighbour counts 1/e."""

    idf_weighting: float = Field(5.0, ge=0)
    """Weight of the items' idf in the scores; 0 leaves it out."""


class VSTAN(STAN):
    """Scores an item as STAN does, by the recency of the shared click and the item's idf besides.

    Attributes:
        idf: inverse document frequency of each item, shape (n_items,); set by ``fit``.
    """

    Parameters = VSTANParameters
    parameters_: VSTANParameters
    idf: Floats

    def learn(self, sessions: Sessions) -> None:
        """Index the sessions by their items, and count the sessions of each item."""
        super().learn(sessions)
        self.idf = self.index.idf()

    def votes(self, neighbours: csr_array, prefixes: PrefixItems) -> csr_array:
        """STAN's sum, by the recency of the shared click and the idf, shape (prefixes, n_items)."""
        near = self.index.items_of(neighbours, prefixes=prefixes)
        shared, shown = near.last_shared()
        back = prefixes.lengths[rows_of(neighbours)] - shown
        recency = np.exp(-back / self.parameters_.lambda4)
        votes = self.by_nearness(near, neighbours.data * recency, shared=shared)
        weights = 1 + self.parameters_.idf_weighting * self.idf[votes.indices]
        return with_values(votes, votes.data * weights)

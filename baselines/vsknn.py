"""V-SkNN: S-kNN in which recent clicks weigh more.

Source: V-SKNN in Ludewig and Jannach, "Evaluation of session-based recommendation algorithms",
UMUAI 28, 2018; the idf of items and the choice of decays as in Ludewig, Mauro, Latifi and
Jannach, "Empirical analysis of session-based recommendation algorithms", UMUAI 31, 2021, and
their framework session-rec.

With w(i) the weight of the last click on item i in session s of l clicks, and n a training
session, a set of items:

    sim(s, n) = sum of w(i) over the items i of s & n, divided by the norm of n
    score(i)  = sum of sim(s, n) * decay(d(s, n)) over the nearest n that hold i
                * (1 + idf_weighting * idf(i))

d counts clicks from the end of s to the most recent one on an item of n, 1 for the last click;
idf(i) = ln(sessions / sessions that hold i). The norm is 1 under ``vec``, the paper's dot
product, and sqrt(|n|) under ``cosine``.

``weighting`` names w, a decay of the click's position (``div``, the paper's, is j / l for click j
of l), or ``idf`` for idf(i) instead, session-rec's idf_weighting_session. Items of weight 0 are
not looked up. ``weighting_score`` names the decay of d. See ``srgnn_bench.counting.decays``.

The defaults are session-rec's; its configurations take 100 to 500 neighbours of samples of 500 to
5000. Its idf counts clicks instead of sessions, so that it can be negative.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field
from scipy.sparse import csr_array

from srgnn_bench.counting.bases import NeighbourParameters, NeighbourRecommender
from srgnn_bench.counting.decays import Decay, by_distance, by_position
from srgnn_bench.counting.neighbours import PrefixItems
from srgnn_bench.counting.sparse_rows import Floats, rows_of, with_values
from srgnn_bench.data.sessions import Sessions

Weighting = Literal["same", "div", "linear", "log", "quadratic", "idf"]


class VSKNNParameters(NeighbourParameters):
    """Parameters of V-SkNN."""

    similarity: Literal["vec", "cosine"] = "cosine"
    """Whether the size of the neighbour is divided out."""

    weighting: Weighting = "div"
    """Weight of the session's own clicks in the similarity."""

    weighting_score: Decay = "div"
    """Decay of a neighbour's contribution with the age of the most recent shared click."""

    idf_weighting: float = Field(0.0, ge=0)
    """Weight of the items' idf in the scores; 0 leaves it out."""


class VSKNN(NeighbourRecommender):
    """Scores an item by neighbouring sessions that share recent clicks and hold it.

    Attributes:
        idf: inverse document frequency of each item, shape (n_items,); set by ``fit``.
    """

    Parameters = VSKNNParameters
    parameters_: VSKNNParameters
    idf: Floats

    def learn(self, sessions: Sessions) -> None:
        """Index the sessions by their items, and count the sessions of each item."""
        super().learn(sessions)
        self.idf = self.index.idf()

    def similarities(self, prefixes: PrefixItems) -> csr_array:
        """Weights of the shared items over the norm, shape (prefixes, sessions)."""
        kind, places = self.parameters_.weighting, prefixes.positions
        if kind == "idf":
            weights = self.idf[places.indices]
        else:
            weights = by_position(kind, places.data, lengths=prefixes.length())
        similar = self.index.candidates(prefixes.weighted(weights))
        if self.parameters_.similarity == "vec":
            return similar
        return with_values(similar, similar.data / self.index.norms[similar.indices])

    def votes(self, neighbours: csr_array, prefixes: PrefixItems) -> csr_array:
        """Decayed sum of the neighbours' similarities, shape (prefixes, n_items)."""
        p = self.parameters_
        near = self.index.items_of(neighbours, prefixes=prefixes)
        age = prefixes.lengths[rows_of(neighbours)] + 1 - near.last_shared()[1]
        decays = by_distance(p.weighting_score, np.arange(1, prefixes.lengths.max() + 1))
        decayed = with_values(neighbours, neighbours.data * decays[age - 1])
        votes = decayed @ self.index.holds
        return with_values(votes, votes.data * (1 + p.idf_weighting * self.idf[votes.indices]))

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

``weighting`` names w at position j, d = l - j clicks before the last: ``div``, the paper's, is
j / l; ``quadratic`` (j / l)**2; ``log`` 1 / log10(d + 1.7); ``linear`` max(0, 1 - d / 10);
``same`` 1; ``idf`` takes idf(i) instead, session-rec's idf_weighting_session. Items of weight 0
are not looked up. ``weighting_score`` names the decay of d.

The defaults are session-rec's; its own configurations use 100 to 500 neighbours of samples of 500
to 5000. It differs in three places: its ``linear`` weights fall below 0 and, by a slip, become 0
in sessions of more than ten clicks; its idf counts clicks instead of sessions, so that it can be
negative; a repeated item takes the weight of its last click, as here, but its norm divides by
numbers that are equal for all n.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from pydantic import Field
from scipy.sparse import csr_array

from srgnn_bench.data.sessions import Integers, Sessions
from srgnn_bench.models.item_pairs import Decay, decay
from srgnn_bench.models.neighbours import SessionIndex, nearest
from srgnn_bench.models.parameters import ModelParameters
from srgnn_bench.models.sparse_rows import Floats, last_positions, rows_of, with_values
from srgnn_bench.models.sparse_scores import SparseRecommender

Weighting = Literal["same", "div", "linear", "log", "quadratic", "idf"]


class VSKNNParameters(ModelParameters):
    """Parameters of V-SkNN."""

    neighbours: int = Field(500, ge=1)
    """Most neighbours of a session, the most similar."""

    sample_size: int = Field(1000, ge=1)
    """Sessions that are compared, the most recent that share an item."""

    similarity: Literal["vec", "cosine"] = "cosine"
    """Whether the size of the neighbour is divided out."""

    weighting: Weighting = "div"
    """Weight of the session's own clicks in the similarity."""

    weighting_score: Decay = "div"
    """Decay of a neighbour's contribution with the age of the most recent shared click."""

    idf_weighting: float = Field(0.0, ge=0)
    """Weight of the items' idf in the scores; 0 leaves it out."""


class VSKNN(SparseRecommender):
    """Scores an item by neighbouring sessions that share recent clicks and hold it."""

    Parameters = VSKNNParameters
    index: SessionIndex
    idf: Floats

    def __init__(self, config: Any, dataset: Any) -> None:
        super().__init__(config, dataset)
        self.parameters_ = self.Parameters.read(config)

    def fit(self, sessions: Sessions) -> None:
        """Index the sessions by their items, and count the sessions of each item."""
        self.index = SessionIndex(
            sessions, n_items=self.n_items, sample_size=self.parameters_.sample_size
        )
        held_by = np.maximum(1, self.index.holds.sum(axis=0))
        self.idf = np.log(len(sessions) / held_by)

    def scores(self, items: Integers, offsets: Integers) -> csr_array:
        """Decayed sum of the neighbours' similarities, shape (prefixes, n_items)."""
        p = self.parameters_
        prefixes = last_positions(items, offsets, n_items=self.n_items)
        lengths = np.diff(offsets)
        similar = self.index.candidates(self._weights(prefixes, lengths))
        if p.similarity == "cosine":
            norm = np.sqrt(self.index.sizes[similar.indices])
            similar = with_values(similar, similar.data / norm)
        neighbours = nearest(similar, count=p.neighbours)
        near = self.index.items_of(neighbours, prefixes=prefixes)
        age = lengths[rows_of(neighbours)] + 1 - near.largest(near.shared)
        decayed = with_values(neighbours, neighbours.data * decay(p.weighting_score, age))
        scores = decayed @ self.index.holds
        return with_values(scores, scores.data * (1 + p.idf_weighting * self.idf[scores.indices]))

    def _weights(self, prefixes: csr_array, lengths: Integers) -> csr_array:
        """Weight of each item of each prefix, shape (prefixes, n_items)."""
        kind = self.parameters_.weighting
        if kind == "idf":
            weights = self.idf[prefixes.indices]
        else:
            lengths = lengths[rows_of(prefixes)]
            weights = position_weights(kind, prefixes.data, lengths=lengths)
        return with_values(prefixes, weights)


def position_weights(kind: Decay, positions: Integers, *, lengths: Integers) -> Floats:
    """Weight of a click by its position, from 1, and by the clicks of its session."""
    back = lengths - positions
    if kind == "same":
        return np.ones(len(positions))
    if kind == "div":
        return positions / lengths
    if kind == "linear":
        return np.maximum(0.0, 1 - back / 10)
    if kind == "log":
        return 1 / np.log10(back + 1.7)
    quadratic: Floats = (positions / lengths) ** 2
    return quadratic

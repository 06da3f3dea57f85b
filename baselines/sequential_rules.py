"""Sequential rules of two items: what was clicked later in the same sessions, and how soon.

Sources: Kamehkhosh, Jannach and Ludewig, "A Comparison of Frequent Pattern Techniques and a Deep
Learning Method for Session-Based Recommendation", RecTemp at RecSys 2017; SR in Ludewig and
Jannach, "Evaluation of session-based recommendation algorithms", UMUAI 28, 2018.

The strength of item i after a last click on j is the sum, over all pairs of a click on j and a
later click on i in the same training session, of w(d), with d the number of clicks from the one
to the other. The papers weight with w(d) = 1 / d and divide by a number that depends on j alone.

The defaults, 1 / d within 10 clicks, are session-rec's, which also keeps the 20 strongest rules
of an item alone.
"""

from __future__ import annotations

import numpy as np
from pydantic import Field
from scipy.sparse import csr_array

from srgnn_bench.counting.bases import LastClickParameters, LastClickRecommender
from srgnn_bench.counting.decays import Decay, by_distance
from srgnn_bench.counting.item_pairs import follows
from srgnn_bench.data.sessions import Sessions


class SequentialRulesParameters(LastClickParameters):
    """Parameters of the sequential rules."""

    steps: int = Field(10, ge=1)
    """Largest distance between two clicks that make a rule, in clicks."""

    weighting: Decay = "div"
    """How the weight of a pair falls with that distance."""


class SequentialRules(LastClickRecommender):
    """Scores an item by how often and how soon it came after the last click's item."""

    Parameters = SequentialRulesParameters
    parameters_: SequentialRulesParameters

    def strengths(self, sessions: Sessions) -> csr_array:
        """Weighted number of times that an item (column) came after another (row).

        Shape (n_items, n_items).
        """
        p = self.parameters_
        weights = by_distance(p.weighting, np.arange(1, p.steps + 1))
        return follows(sessions, n_items=self.n_items, weights=weights)

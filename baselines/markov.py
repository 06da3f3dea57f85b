"""First-order Markov chain: what came right after the last click.

Source: MC in Ludewig and Jannach, "Evaluation of session-based recommendation algorithms", UMUAI
28, 2018.

The strength of item i after a last click on j is the number of times that i came right after j in
the training sessions. The paper divides by the number of times that anything came after j, which
is the same for every i. session-rec keeps the 20 most frequent followers of an item and leaves
the order of equal counts to its sorting; here equal counts are ties, unless ``ties`` says
otherwise.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from srgnn_bench.counting.bases import LastClickRecommender
from srgnn_bench.counting.item_pairs import follows
from srgnn_bench.data.sessions import Sessions


class FirstOrderMarkov(LastClickRecommender):
    """Scores an item by how often it came right after the last click."""

    def strengths(self, sessions: Sessions) -> csr_array:
        """Transitions from an item (row) to another (column), shape (n_items, n_items)."""
        return follows(sessions, n_items=self.n_items, weights=np.ones(1))

"""Association rules of two items: what was clicked in the same sessions.

Source: AR in Ludewig and Jannach, "Evaluation of session-based recommendation algorithms", UMUAI
28, 2018.

The strength of item i after a last click on j is the number of pairs of clicks, one on j and one
on i, before or after it, in the same training session. There is no threshold of support or
confidence. The paper divides by a number that depends on j alone. session-rec keeps the 20
strongest rules of an item and leaves the order of equal counts to its sorting; here equal counts
are ties, unless ``ties`` says otherwise.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from srgnn_bench.counting.bases import LastClickRecommender
from srgnn_bench.counting.item_pairs import clicks_of
from srgnn_bench.counting.sparse_rows import rows_of, select, with_values
from srgnn_bench.data.sessions import Sessions


class AssociationRules(LastClickRecommender):
    """Scores an item by the pairs of clicks on it and on the last click's item."""

    learns_order = False

    def strengths(self, sessions: Sessions) -> csr_array:
        """Pairs of clicks on an item (row) and another (column), shape (n_items, n_items)."""
        clicks = clicks_of(sessions, n_items=self.n_items)
        pairs = clicks.T.tocsr() @ clicks
        # No click pairs with itself: n clicks of a session on one item make n (n - 1) pairs.
        own = np.where(rows_of(pairs) == pairs.indices, clicks.sum(axis=0)[pairs.indices], 0)
        pairs = with_values(pairs, pairs.data - own)
        return select(pairs, pairs.data > 0)

"""Context tree: what came next after the last click, the last two clicks, the last three, mixed.

Source: Mi and Faltings, "Context Tree for Adaptive Session-based Recommendation", 2018,
arXiv:1806.03733, in its static form; their code as session-rec has it.

Every sequence of clicks that stands in a training session and goes on is a context, a node of a
tree: below the root, the empty context, hang the last items, below these the items before them.
The context of k clicks has an expert, with n_k the number of times that the context went on and
c_k(i) those on which it went on with item i:

    p_k(i) = (1 + c_k(i)) / (pseudo_clicks + n_k)

Along the path that the current session's last clicks take from the root, experts are mixed, each
with all shorter ones:

    q_0 = p_0,    q_k = w_k p_k + (1 - w_k) q_{k-1},    w_k = expert_weight ** k

and the deepest q that training knows is the score. The root's expert counts all clicks, so what
never followed the last click is ordered by popularity.

Here q is given without what is the same for all items: divided by the product of all 1 - w_k, and
less the experts' 1 / (pseudo_clicks + n_k). That changes no list, and leaves each item's clicks to
be added up along the path. A context that never went on would change nothing and is left out.

Defaults: the code's 2 pseudo clicks and expert_weight 1/2. It looks back 50 clicks, where w is
2**-50; here it is 10. The paper updates the weights of a path by Bayes' rule after every click;
the code stores the updated ones where its mixture does not read them, so it mixes with the fixed
ones above, as this does.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from pydantic import Field
from scipy.sparse import csr_array

from srgnn_bench.counting.bases import CountingRecommender
from srgnn_bench.counting.sparse_rows import Floats, places_of, rows_of, with_values
from srgnn_bench.data.sessions import Integers, Sessions
from srgnn_bench.models import ModelParameters


class ContextTreeParameters(ModelParameters):
    """Parameters of the context tree."""

    depth: int = Field(10, ge=1)
    """Clicks of the longest context."""

    expert_weight: float = Field(0.5, gt=0, lt=1)
    """To the power of k: weight of the expert of k clicks, against all shorter ones."""

    pseudo_clicks: float = Field(2.0, gt=0)
    """Clicks added to those that went on from a context: the higher, the less a rare one says."""


class ContextTree(CountingRecommender):
    """Scores an item by how often it came next after the last clicks, of several lengths.

    Attributes:
        keys: parent node * n_items + item of each node but the root, which is node 0, ascending,
            so that node k stands at place k - 1, shape (nodes,).
        experts: what each node but the root adds to each item, shape (nodes, n_items).
        popularity: what the root gives each item, shape (n_items,).
    """

    Parameters = ContextTreeParameters
    parameters_: ContextTreeParameters
    keys: Integers
    experts: csr_array
    popularity: Floats

    def learn(self, sessions: Sessions) -> None:
        """Grow the tree, all contexts of one length at a time."""
        p, items = self.parameters_, sessions.items
        session = sessions.session_of_click
        click = np.flatnonzero(session[1:] == session[:-1])
        place = click - sessions.offsets[session[click]]
        node, levels = np.zeros(len(click), dtype=np.int64), [np.zeros(0, dtype=np.int64)]
        nodes, followers, nodes_before = [node[:0]], [items[:0]], 1
        for back in range(p.depth):
            long_enough = place >= back
            click, place, node = click[long_enough], place[long_enough], node[long_enough]
            # Nodes of a level have greater numbers than those above it, and so have their keys.
            keys, node = np.unique(node * self.n_items + items[click - back], return_inverse=True)
            node += nodes_before
            nodes_before += len(keys)
            levels.append(keys)
            nodes.append(node)
            followers.append(items[click + 1])
        self.keys = np.concatenate(levels)
        where = np.concatenate(nodes) - 1, np.concatenate(followers)
        counts = csr_array((np.ones(len(where[0])), where), shape=(len(self.keys), self.n_items))
        weights = p.expert_weight ** np.arange(1, p.depth + 1)
        weights /= np.cumprod(1 - weights)
        weight = np.repeat(weights, [len(keys) for keys in levels[1:]])
        per_click = weight / (p.pseudo_clicks + counts.sum(axis=1))
        self.experts = with_values(counts, counts.data * per_click[rows_of(counts)])
        clicks = np.bincount(items, minlength=self.n_items)
        self.popularity = clicks / (p.pseudo_clicks + len(items))

    def full_sort_predict(self, interaction: Any) -> torch.Tensor:
        """Scores of the padding item (0) and of every item, shape (prefixes, n_items)."""
        found = self._path(*self.flat_prefixes(interaction)) @ self.experts
        scores = np.tile(self.popularity.astype(np.float32), (found.shape[0], 1))
        scores[rows_of(found), found.indices] = self.popularity[found.indices] + found.data
        return torch.from_numpy(scores).to(interaction[self.ITEM_SEQ].device)

    def _path(self, items: Integers, offsets: Integers) -> csr_array:
        """1 for every node on a prefix's path, root left out, shape (prefixes, nodes)."""
        prefix, node = np.arange(len(offsets) - 1), np.zeros(len(offsets) - 1, dtype=np.int64)
        rows, columns = [prefix[:0]], [node[:0]]
        for back in range(self.parameters_.depth):
            long_enough = offsets[prefix + 1] - offsets[prefix] > back
            prefix, node = prefix[long_enough], node[long_enough]
            keys = node * self.n_items + items[offsets[prefix + 1] - 1 - back]
            place, known = places_of(keys, keys=self.keys)
            prefix, node = prefix[known], place + 1
            rows.append(prefix)
            columns.append(place)
        where = np.concatenate(rows), np.concatenate(columns)
        return csr_array((np.ones(len(where[0])), where), shape=(len(offsets) - 1, len(self.keys)))

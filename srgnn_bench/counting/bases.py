"""Bases of the models that count clicks and sessions, with NumPy and SciPy.

They stand between RecBole's padded batches and the sparse matrices that the models look up.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Literal

import numpy as np
import torch
from pydantic import Field
from scipy.sparse import csr_array

from srgnn_bench.counting.item_pairs import by_popularity
from srgnn_bench.counting.neighbours import PrefixItems, SessionIndex
from srgnn_bench.counting.sparse_rows import last_positions, rounded
from srgnn_bench.data.sessions import Integers, Sessions
from srgnn_bench.models import FittedRecommender, ModelParameters


class CountingRecommender(FittedRecommender):
    """Base of the models that are fitted to the training sessions by counting.

    Such a model is its training sessions: they are what its state dict holds, and loading one
    learns from them again.
    """

    Parameters: type[ModelParameters] = ModelParameters
    parameters_: Any
    _sessions: Sessions | None = None

    def __init__(self, config: Any, dataset: Any) -> None:
        super().__init__(config, dataset)
        self.parameters_ = self.Parameters.read(config)

    def fit(self, sessions: Sessions) -> None:
        """Learn from all training sessions; they are kept, and not changed."""
        self.learn(sessions)
        self._sessions = sessions

    @abstractmethod
    def learn(self, sessions: Sessions) -> None:
        """Prepare what the scores look up."""

    def flat_prefixes(self, interaction: Any) -> tuple[Integers, Integers]:
        """Clicks of a batch, prefix after prefix, without padding.

        Returns:
            Items, shape (clicks,), and offsets: prefix i holds
            ``items[offsets[i]:offsets[i + 1]]``, shape (prefixes + 1,).
        """
        padded = interaction[self.ITEM_SEQ].cpu().numpy()
        lengths = interaction[self.ITEM_SEQ_LEN].cpu().numpy()
        items = padded[np.arange(padded.shape[1]) < lengths[:, None]]
        return items, np.concatenate([[0], np.cumsum(lengths)])

    def get_extra_state(self) -> dict[str, torch.Tensor] | None:
        """The training sessions; None before ``fit``."""
        if self._sessions is None:
            return None
        return {name: torch.from_numpy(array) for name, array in vars(self._sessions).items()}

    def set_extra_state(self, state: dict[str, torch.Tensor] | None) -> None:
        """Learn from the sessions of a state dict."""
        if state is not None:
            self.fit(Sessions(**{name: array.cpu().numpy() for name, array in state.items()}))


class SparseRecommender(CountingRecommender):
    """Base of the models under which a session reaches a few items; all others score 0."""

    @abstractmethod
    def scores(self, items: Integers, offsets: Integers) -> csr_array:
        """Scores of the items that each prefix reaches, all positive, shape (prefixes, n_items).

        Args:
            items: clicks, prefix after prefix, shape (clicks,).
            offsets: prefix i holds ``items[offsets[i]:offsets[i + 1]]``, shape (prefixes + 1,).
        """

    def sparse_scores(self, interaction: Any) -> csr_array:
        """Scores of the items that each prefix reaches, shape (prefixes, n_items), float32.

        They do not depend on what else is in the batch, and threads can ask for them at once.
        """
        return rounded(self.scores(*self.flat_prefixes(interaction)))

    def full_sort_predict(self, interaction: Any) -> torch.Tensor:
        """Scores of the padding item (0) and of every item, shape (prefixes, n_items)."""
        dense = torch.from_numpy(self.sparse_scores(interaction).toarray())
        return dense.to(interaction[self.ITEM_SEQ].device)


class LastClickParameters(ModelParameters):
    """Parameters of every model that knows a session by its last click alone."""

    ties: Literal["against", "popularity"] = "against"
    """Order of items that go with the last click equally strongly: ``against``, none, so that
    ties count against the target as for every model; ``popularity``, by their training clicks,
    as session popularity orders them. Items with equal clicks too stay tied."""


class LastClickRecommender(SparseRecommender):
    """Base of the models that know a session by its last click alone.

    Attributes:
        after: score of each item (column) after a last click (row), shape (n_items, n_items).
    """

    Parameters: type[ModelParameters] = LastClickParameters
    parameters_: LastClickParameters
    after: csr_array

    @abstractmethod
    def strengths(self, sessions: Sessions) -> csr_array:
        """How strongly an item (column) goes with a last click (row), shape (n_items, n_items)."""

    def learn(self, sessions: Sessions) -> None:
        """Keep the strengths or, where popularity decides ties, what it makes of them."""
        self.after = self.strengths(sessions)
        if self.parameters_.ties == "popularity":
            clicks = np.bincount(sessions.items, minlength=self.n_items)
            self.after = by_popularity(self.after, clicks=clicks)

    def scores(self, items: Integers, offsets: Integers) -> csr_array:
        """Scores of the items after each prefix's last click, shape (prefixes, n_items)."""
        return self.after[items[offsets[1:] - 1]]


class NeighbourParameters(ModelParameters):
    """Parameters of every model of neighbouring sessions."""

    neighbours: int = Field(500, ge=1)
    """Neighbours of a session, the most similar; more where others are as near as the last."""

    sample_size: int = Field(1000, ge=1)
    """Sessions that are compared, the most recent that share an item; more where others are as
    recent as the last."""


class NeighbourRecommender(SparseRecommender):
    """Base of the models that recommend what similar training sessions hold.

    Attributes:
        index: the training sessions; set by ``fit``.
    """

    Parameters = NeighbourParameters
    learns_order = False
    index: SessionIndex

    def learn(self, sessions: Sessions) -> None:
        """Index the sessions by their items."""
        self.index = SessionIndex(
            sessions, n_items=self.n_items, sample_size=self.parameters_.sample_size
        )

    def scores(self, items: Integers, offsets: Integers) -> csr_array:
        """Votes of the nearest candidates, shape (prefixes, n_items)."""
        prefixes = PrefixItems(
            positions=last_positions(items, offsets, n_items=self.n_items),
            lengths=np.diff(offsets),
        )
        similarities = self.similarities(prefixes)
        neighbours = self.index.nearest(similarities, count=self.parameters_.neighbours)
        return self.votes(neighbours, prefixes)

    @abstractmethod
    def similarities(self, prefixes: PrefixItems) -> csr_array:
        """Similarity of each prefix to its candidates, shape (prefixes, sessions)."""

    @abstractmethod
    def votes(self, neighbours: csr_array, prefixes: PrefixItems) -> csr_array:
        """What the neighbours add up to for each item, shape (prefixes, n_items).

        Args:
            neighbours: similarity of each prefix to its neighbours, shape (prefixes, sessions).
            prefixes: the prefixes.
        """

"""Models that are fitted in one pass over the training sessions rather than trained."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

import torch
from recbole.model.abstract_recommender import SequentialRecommender
from recbole.utils import InputType

from srgnn_bench.data.sessions import Sessions
from srgnn_bench.models.item_scores import AllScores


class FittedRecommender(AllScores, SequentialRecommender):  # type: ignore[misc]
    """Base of the models without gradients: popularity, nearest neighbours, rules.

    They run under the same protocol, tuning budget and ranking as the trained ones; what other
    models do in epochs, they do in ``fit``.
    """

    input_type = InputType.POINTWISE

    has_chance: ClassVar[bool] = False
    """Whether ``fit`` draws anything, so that another seed gives another model. Where it does not,
    the seeds of a suite would all give the same numbers, and there is one final run."""

    learns_order: ClassVar[bool] = True
    """Whether it can tell what follows what, and not only which items go together."""

    any_length: ClassVar[bool] = True
    """Whether it sees whole prefixes, however long, or as many last clicks as the longest prefix of
    training holds."""

    @abstractmethod
    def fit(self, sessions: Sessions) -> None:
        """Learn from all training sessions, given oldest first and numbered 1 to n_items - 1."""

    @abstractmethod
    def full_sort_predict(self, interaction: Any) -> torch.Tensor:
        """Scores of the padding item and of every item, shape (batch, n_items), all finite."""

    def calculate_loss(self, interaction: Any) -> torch.Tensor:  # noqa: ARG002 - RecBole calls it so
        """Fitted models have no loss.

        Raises:
            TypeError: always.
        """
        raise TypeError(f"{type(self).__name__} is fitted with fit(sessions), not trained")

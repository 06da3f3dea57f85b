"""What every model has in common that scores an item by a product with the session's vector.

The padding item (item 0) is not an item. Its row of the embedding is zero at initialisation, has
no share in the softmax (as in the SR-GNN authors' code, which scores ``embedding.weight[1:]``) and
gets no gradient. So it stays zero, and the amount of padding never changes a score. RecBole's own
classes initialise it at random and let it compete with the items in training.
"""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from recbole.utils import InputType
from torch import nn

from srgnn_bench.errors import ModelError
from srgnn_bench.layers.softmax_loss import full_softmax_loss
from srgnn_bench.models.parameters import ModelParameters


class ItemProducts:
    """Mixin for a RecBole ``SequentialRecommender``; it stands first among the bases.

    The other base gives ``forward(item_seq, item_seq_len)``, which returns the sessions' vectors,
    and ``item_embedding``. This one gives the scores that follow from them.
    """

    input_type = InputType.POINTWISE

    any_length: ClassVar[bool] = False
    """Whether it sees whole prefixes, however long. Others, such as those with a vector for every
    position, see as many last clicks as the longest prefix of training holds."""

    item_embedding: nn.Embedding
    ITEM_SEQ: str
    ITEM_SEQ_LEN: str
    ITEM_ID: str

    def session_vectors(self, interaction: Any) -> torch.Tensor:
        """Vectors of a batch of sessions, shape (sessions, d)."""
        vectors: torch.Tensor = self.forward(  # type: ignore[attr-defined]
            interaction[self.ITEM_SEQ], interaction[self.ITEM_SEQ_LEN]
        )
        return vectors

    def item_vectors(self) -> torch.Tensor:
        """Vectors of all items, row 0 for the padding item, shape (items + 1, d)."""
        return self.item_embedding.weight

    def predict(self, interaction: Any) -> torch.Tensor:
        """Score of one given item per session, shape (sessions,)."""
        items = self.item_vectors()[interaction[self.ITEM_ID]]
        return (self.session_vectors(interaction) * items).sum(1)

    def full_sort_predict(self, interaction: Any) -> torch.Tensor:
        """Scores of the padding item and of all items, shape (sessions, items + 1)."""
        return self.session_vectors(interaction) @ self.item_vectors().T


def encoding() -> torch.autocast:
    """Where sessions become vectors: in single precision on a CPU, under torch's autocast too.

    oneDNN builds a product in half precision anew for each shape, which takes longer than what the
    product saves, and the clicks of a batch of sessions come in as many shapes as there are
    batches. The products of the loss have one shape, and those of a GPU need no building.
    """
    return torch.autocast("cpu", enabled=False)


class FullSoftmax(ItemProducts):
    """``ItemProducts`` with one loss for all, so that no comparison is decided by a loss's code."""

    Parameters: ClassVar[type[ModelParameters]]
    POS_ITEM_ID: str

    def __init__(self, config: Any, dataset: Any) -> None:
        """Complete the model's parameters in ``config`` and build the other base from it.

        Raises:
            ModelError: ``config`` asks for another loss than the cross-entropy.
        """
        if config["loss_type"] not in (None, "CE"):
            raise ModelError(
                f"{type(self).__name__} has no loss {config['loss_type']}.",
                remedy="Leave loss_type out: the loss is the cross-entropy over all items.",
            )
        config["loss_type"] = "CE"
        self.Parameters.read(config).write(config)
        super().__init__(config, dataset)  # type: ignore[call-arg]

    def calculate_loss(self, interaction: Any) -> torch.Tensor:
        """Mean cross-entropy of a batch's targets over all items, shape ()."""
        with encoding():
            item_vectors = self.item_vectors_of_the_loss()
            vectors = self.session_vectors(interaction)
        return full_softmax_loss(vectors, item_vectors, interaction[self.POS_ITEM_ID])

    def item_vectors_of_the_loss(self) -> torch.Tensor:
        """``item_vectors`` for the loss, to be asked for before any item is looked up.

        Autograd goes backwards, so what was asked for first has its gradient last. That of the loss
        holds every item, and takes in those of the lookups, which are sparse on a CPU; where it
        comes before them, torch adds them to a copy of it. ``expand_as`` gives it a place in that
        order.
        """
        item_vectors = self.item_vectors()
        return item_vectors.expand_as(item_vectors)

"""What is known about RecBole 1.2.1's own sequential models, read in their source.

Each list names classes of ``recbole.model.sequential_recommender``; the tests hold the harness
against each entry.
"""

from __future__ import annotations

from typing import Any

PACKAGE = "recbole.model.sequential_recommender."

PLAIN_SOFTMAX = frozenset({"GRU4Rec", "LightSANs", "NARM", "SASRec", "SRGNN", "STAMP"})
"""With ``loss_type`` CE, their loss is the cross-entropy of ``output @ item_embedding.weight.T``
and nothing else: no regularisation, temperature, normalisation or bias. ``output`` is what
``forward(item_seq, item_seq_len)`` returns."""

ANY_WIDTH = frozenset(
    {"BERT4Rec", "CORE", "FPMC", "GCSAN", "GRU4Rec", "NARM", "SASRec", "SRGNN", "STAMP"}
)
"""Padding does not change their scores, or only through the padding item's vector. The others have
layers as wide as ``MAX_ITEM_LIST_LENGTH`` or read padding, so all of their batches must be that
wide."""

WITHOUT_ORDER = frozenset({"CORE", "SHAN"})
"""They look for the next item near a mean of the clicked items' own vectors: of what follows what,
they know little."""

_FEATURES = "it needs features of items, which sessions do not have"
_GRAPH = "it needs a knowledge graph of items"
_PAIRS = "it scores one given item at a time from features of users and items"

UNFIT: dict[str, str] = {
    "DIEN": _PAIRS,
    "DIN": _PAIRS,
    "FDSA": _FEATURES,
    "FEARec": "its training needs batches that RecBole's own dataset draws (pairs of sessions with"
    " the same target)",
    "GRU4RecF": _FEATURES,
    "GRU4RecKG": _GRAPH,
    "KSR": _GRAPH,
    "S3Rec": "it is trained in two stages, and the first needs features of items",
    "SASRecF": _FEATURES,
    "TransRec": "to rank, it needs a vector per prefix and item at once: gigabytes per batch",
}
"""Class name -> why it cannot run on sessions."""

UNTRIED = ("Fossil", "GRU4RecCPR", "HGN", "HRM", "NPE", "SASRecCPR", "SINE")
"""Nothing is known that keeps them from running, but no file of this package names them. The two
with CPR came with RecBole 1.2.1."""


def learns_order(model_class: type[Any]) -> bool:
    """Whether a model can tell what follows what; a class of one's own says so itself."""
    if is_recboles(model_class):
        return model_class.__name__ not in WITHOUT_ORDER
    return getattr(model_class, "learns_order", True)


def has_own_loss(class_path: str, *, loss: str) -> bool:
    """Whether a class of RecBole trains with another loss than the shared full softmax.

    Args:
        class_path: ``module:Class``; a class that is not RecBole's has none to speak of.
        loss: its ``loss_type``.
    """
    module, name = class_path.split(":")
    return module.startswith(PACKAGE) and not (loss == "CE" and name in PLAIN_SOFTMAX)


def is_recboles(model_class: type[Any]) -> bool:
    """Whether a class is one of RecBole's own sequential models."""
    return model_class.__module__.startswith(PACKAGE)


def recboles_word(model_class: type[Any]) -> str | None:
    """What keys call a model of RecBole's own; None for any other class."""
    return f"recbole-{model_class.__name__.lower()}/1" if is_recboles(model_class) else None


def needs_fixed_width(model_class: type[Any]) -> bool:
    """Whether a class, or one that it derives from, is a RecBole model that reads padding."""
    return any(is_recboles(base) and base.__name__ not in ANY_WIDTH for base in model_class.__mro__)

"""SR-GNN, and what every model is made from.

A model of your own derives from ``FullSoftmax`` or ``FittedRecommender`` and states its
``ModelParameters``.
"""

from srgnn_bench.layers.initialisation import clear_padding
from srgnn_bench.models.fitted import FittedRecommender
from srgnn_bench.models.full_softmax import FullSoftmax
from srgnn_bench.models.parameters import ModelParameters

__all__ = ["FittedRecommender", "FullSoftmax", "ModelParameters", "clear_padding"]

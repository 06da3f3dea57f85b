"""SR-GNN, and what every model is made from.

A model of your own derives from ``FullSoftmax`` or ``FittedRecommender``, or from ``ItemProducts``
where its loss is another, and states its ``ModelParameters``. Where it needs batches or an
optimizer of its own, it has a method for them (``HasOwnBatches``, ``HasOwnOptimizer``).
"""

from srgnn_bench.layers.initialisation import clear_padding
from srgnn_bench.models.fitted import FittedRecommender
from srgnn_bench.models.full_softmax import FullSoftmax, ItemProducts
from srgnn_bench.models.parameters import ModelParameters
from srgnn_bench.models.training import HasOwnBatches, HasOwnOptimizer, TrainingBatches

__all__ = [
    "FittedRecommender",
    "FullSoftmax",
    "HasOwnBatches",
    "HasOwnOptimizer",
    "ItemProducts",
    "ModelParameters",
    "TrainingBatches",
    "clear_padding",
]

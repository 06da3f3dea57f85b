"""SR-GNN, and what every model is made from.

A model of your own derives from ``FullSoftmax`` or ``FittedRecommender``, or from ``ItemProducts``
where its loss is another, and states its ``ModelParameters``. One that scores items by more than
a product derives from ``ItemScores``. One whose clicks see none but those before them derives from
``CausalSoftmax``, and may learn from all positions of a session at once. Where a model needs
batches or an optimizer of its own, it has a method for them (``HasOwnBatches``,
``HasOwnOptimizer``).
"""

from srgnn_bench.layers.initialisation import clear_padding
from srgnn_bench.models.fitted import FittedRecommender
from srgnn_bench.models.full_softmax import FullSoftmax, ItemProducts, encoding
from srgnn_bench.models.item_scores import ItemScores
from srgnn_bench.models.parameters import ModelParameters
from srgnn_bench.models.positions import CausalSoftmax, PositionsParameters
from srgnn_bench.models.training import HasOwnBatches, HasOwnOptimizer, TrainingBatches

__all__ = [
    "CausalSoftmax",
    "FittedRecommender",
    "FullSoftmax",
    "HasOwnBatches",
    "HasOwnOptimizer",
    "ItemProducts",
    "ItemScores",
    "ModelParameters",
    "PositionsParameters",
    "TrainingBatches",
    "clear_padding",
    "encoding",
]

"""Contracts that every model must keep; other packages can test theirs against them.

from srgnn_bench.testing import ModelContract
from my_package import MyModel

class TestMyModel(ModelContract):
    model_class = MyModel
    configuration = {"embedding_size": 16}
"""

from srgnn_bench.testing.models import ModelContract
from srgnn_bench.testing.planted import planted_sessions

__all__ = ["ModelContract", "planted_sessions"]

"""A model that fails in training until an environment variable mends it."""

from __future__ import annotations

import os

import torch
from recbole.model.abstract_recommender import SequentialRecommender
from recbole.utils import InputType


class Broken(SequentialRecommender):
    input_type = InputType.POINTWISE

    def __init__(self, config, dataset):
        super().__init__(config, dataset)
        self.weight = torch.nn.Parameter(torch.zeros(self.n_items))

    def calculate_loss(self, interaction):
        if "BROKEN_MODEL_IS_MENDED" not in os.environ:
            raise RuntimeError("wrong on purpose")
        return (self.weight**2).sum()

    def full_sort_predict(self, interaction):
        return self.weight.expand(len(interaction), -1)

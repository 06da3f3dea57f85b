"""A model that fails in the way that an environment variable names, or runs (``mended``)."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import torch
from recbole.model.abstract_recommender import SequentialRecommender
from recbole.utils import InputType


class Broken(SequentialRecommender):
    input_type = InputType.POINTWISE

    def __init__(self, config, dataset):
        super().__init__(config, dataset)
        self.weight = torch.nn.Parameter(torch.zeros(self.n_items))

    def calculate_loss(self, interaction):
        trouble = os.environ.get("BROKEN_MODEL", "raises")
        if trouble == "raises":
            raise RuntimeError("wrong on purpose")
        if trouble == "out-of-memory":
            torch.empty(10**15)
        if trouble == "hangs":
            time.sleep(3600)
        if trouble == "clings":  # what closes after Ctrl-C may take its time
            try:
                Path(os.environ["BROKEN_MODEL_STARTED"]).touch()
                time.sleep(3600)
            finally:
                Path(os.environ["BROKEN_MODEL_CLOSING"]).touch()
                time.sleep(3600)
        if trouble == "dies":
            os.kill(os.getpid(), signal.SIGKILL)  # as the kernel does where memory is short
        return (self.weight**2).sum() * (float("nan") if trouble == "nan" else 1)

    def full_sort_predict(self, interaction):
        scores = self.weight.expand(len(interaction), -1)
        return scores * float("nan") if os.environ.get("BROKEN_MODEL") == "nan-scores" else scores

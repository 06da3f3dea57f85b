"""NARM as RecBole has it, on packed sequences.

Sources: Li et al., "Neural Attentive Session-based Recommendation", CIKM 2017; RecBole's ``NARM``;
the authors' code, https://github.com/lijingsdu/sessionRec_NARM.

Departures from the authors' code, all of them RecBole's: the weights of attention are not
normalised, as in the paper's equation, where the code takes their softmax over the clicks;
sigmoids are exact, where it has Theano's piecewise linear ones; weights begin with Xavier's
normal distribution, where it draws them with variance 2 / rows. Its vectors of items have 50
numbers, the model's file has 100 as for the other models.
"""

from __future__ import annotations

from typing import Any

import torch
from pydantic import Field
from recbole.model.sequential_recommender.narm import NARM

from srgnn_bench.layers.attention import soft_attention
from srgnn_bench.layers.packed_gru import packed_gru
from srgnn_bench.layers.ragged import packed_clicks
from srgnn_bench.models import FullSoftmax, ModelParameters, clear_padding


class NARMParameters(ModelParameters):
    """Parameters of NARM; the defaults are RecBole's."""

    embedding_size: int = Field(64, ge=1)
    """Length of the vectors of items and sessions."""

    hidden_size: int = Field(128, ge=1)
    """Length of the GRU's state."""

    n_layers: int = Field(1, ge=1)
    """GRU layers, one on the other."""

    embedding_dropout: float = Field(0.25, ge=0, lt=1)
    """Dropout of item embeddings, the first of RecBole's ``dropout_probs``."""

    session_dropout: float = Field(0.5, ge=0, lt=1)
    """Dropout of the session's representation, the second of RecBole's ``dropout_probs``."""


class FastNARM(FullSoftmax, NARM):  # type: ignore[misc]
    """RecBole's NARM without a step spent on padding; equal weights give equal scores."""

    Parameters = NARMParameters
    any_length = True

    def __init__(self, config: Any, dataset: Any) -> None:
        own = NARMParameters.read(config)
        config["dropout_probs"] = [own.embedding_dropout, own.session_dropout]
        super().__init__(config, dataset)
        clear_padding(self.item_embedding)

    def forward(self, item_seq: torch.Tensor, item_seq_len: torch.Tensor) -> torch.Tensor:
        """Vectors of a batch of sessions, shape (sessions, embedding_size)."""
        clicks = packed_clicks(item_seq, item_seq_len)
        embedded = self.emb_dropout(self.item_embedding(clicks.items))
        states, final = packed_gru(self.gru, clicks.sequence(embedded))
        of_click, of_session = states.data, final[-1]
        attention = soft_attention(
            self.a_2(of_session), self.a_1(of_click), clicks.session, score=self.v_t
        )
        local = clicks.sum(attention * of_click)
        vectors: torch.Tensor = self.b(self.ct_dropout(torch.cat([local, of_session], dim=1)))
        return vectors

"""Atten-Mixer: no graph, but attention from several levels of what the last clicks were after.

Source: Zhang, Guo, Li, Xie, Kim, Zhang, Xie, Wang and Kim, "Efficiently Leveraging Multi-level User
Intent for Session-based Recommendation via Atten-Mixer Network", WSDM 2023; the equations are
those of the authors' code, https://github.com/Peiyance/Atten-Mixer-torch.
"""

from __future__ import annotations

from typing import Any

import torch
from pydantic import Field
from recbole.model.abstract_recommender import SequentialRecommender
from torch import nn
from torch.nn.functional import normalize

from srgnn_bench.layers.attention import check_heads
from srgnn_bench.layers.initialisation import initialise_uniformly
from srgnn_bench.layers.ragged import OrderedClicks, ordered_clicks, softmax_by
from srgnn_bench.layers.unit_rows import unit_rows
from srgnn_bench.models import FullSoftmax, ModelParameters


class AttenMixerParameters(ModelParameters):
    """Parameters of Atten-Mixer; the defaults are those of the authors' code."""

    embedding_size: int = Field(256, ge=1)
    """Length of the vectors of items and sessions; a multiple of ``heads``."""

    heads: int = Field(8, ge=1)
    """Heads of attention."""

    levels: int = Field(7, ge=1)
    """Levels of intent: the last click, the last two clicks, up to so many."""

    power: float = Field(4.0, ge=1)
    """The p of the pooling over levels: 1 adds attention up, a large one takes the largest."""

    scale: float = Field(16.0, gt=0)
    """Cosines are multiplied by it before the softmax."""

    dropout: float = Field(0.1, ge=0, lt=1)
    """Dropout of item vectors, as they are read and as they are scored, and of attention."""


class AttenMixer(FullSoftmax, SequentialRecommender):  # type: ignore[misc]
    """Atten-Mixer on flat clicks.

    With x~ = x / |x| for the (dropped out) vectors x of the clicks v_1 ... v_n, and x~_t = 0 for
    t < 1, every level l = 1 ... L has a query, and every head its part of queries, keys and values:

        m_l = W_l [x~_n ; x~_{n-1} ; ... ; x~_{n-l+1}],  q_l = W_q (m_l / |m_l|)
        e_tl = sigmoid(q_l . (W_k x~_t)),    a_l = softmax_t(2 e_l)
        b = softmax_t(2 (sum_l a_l ** p) ** (1 / p))
        c = sum_t b_t (W_v x~_t)                                  of each head; the heads are joined
        s = W_s [layer_norm(c) ; x~_n],  s~ = s / |s|
        y = softmax(sigma i~ . s~)       over the (dropped out) normalised vectors i~ of all items

    The code differs in three places, in each of which the padding of the batch, or a slip, decides:
    it cuts queries and keys into heads by reshaping them clicks and all, so that a head holds parts
    of several clicks, which ones depending on the batch's width, where here it holds its part of
    every click; a softmax runs over the session's clicks and its padding too, here over clicks
    alone; and m_l is divided, number by number, by the length over the levels, here by its own.

    Raises:
        ModelError: ``embedding_size`` is no multiple of ``heads``.
    """

    Parameters = AttenMixerParameters
    any_length = True

    def __init__(self, config: Any, dataset: Any) -> None:
        super().__init__(config, dataset)
        own = AttenMixerParameters.read(config)
        d = own.embedding_size
        check_heads(d, heads=own.heads)
        self.heads, self.levels = own.heads, own.levels
        self.power, self.scale = own.power, own.scale
        self.item_embedding = nn.Embedding(self.n_items, d, padding_idx=0)
        self.dropout = nn.Dropout(own.dropout)
        self.intents = nn.ModuleList(nn.Linear(n * d, d) for n in range(1, own.levels + 1))
        self.query, self.key, self.value = (nn.Linear(d, d) for _ in range(3))
        self.layer_norm = nn.LayerNorm(d, eps=1e-8)
        self.linear_transform = nn.Linear(2 * d, d)
        initialise_uniformly(self, self.item_embedding)

    def item_vectors(self) -> torch.Tensor:
        """Vectors of length 1, dropped out in training, and 0 for the padding item.

        Shape (items + 1, embedding_size).
        """
        vectors: torch.Tensor = self.dropout(unit_rows(self.item_embedding.weight))
        return vectors

    def forward(self, item_seq: torch.Tensor, item_seq_len: torch.Tensor) -> torch.Tensor:
        """Vectors of length ``scale`` of a batch of sessions, shape (sessions, embedding_size)."""
        clicks = ordered_clicks(item_seq, item_seq_len)
        states = normalize(self.dropout(self.item_embedding(clicks.items)), dim=1)
        queries = self.query(normalize(self._intents(states, clicks), dim=2))
        queries = queries.unflatten(2, (self.heads, -1)).index_select(0, clicks.session)
        keys, values = (of(states).unflatten(1, (self.heads, -1)) for of in (self.key, self.value))
        fit = torch.sigmoid((queries * keys[:, None]).sum(3))
        sessions = len(item_seq_len)
        of_levels = softmax_by(2 * fit.flatten(1), clicks.session, groups=sessions).view_as(fit)
        mixed = of_levels.pow(self.power).sum(1).pow(1 / self.power)
        weights = self.dropout(softmax_by(2 * mixed, clicks.session, groups=sessions))
        combined = self.layer_norm(clicks.sum((weights[:, :, None] * values).flatten(1)))
        last = states.index_select(0, clicks.last)
        vectors = self.linear_transform(torch.cat([combined, last], dim=1))
        return self.scale * normalize(vectors, dim=1)

    def _intents(self, states: torch.Tensor, clicks: OrderedClicks) -> torch.Tensor:
        """What each session is after at each level, shape (sessions, levels, embedding_size)."""
        back = torch.arange(self.levels, device=states.device)
        nothing = len(states)
        place = torch.where(back < clicks.lengths[:, None], clicks.last[:, None] - back, nothing)
        recent = torch.cat([states, states.new_zeros(1, states.shape[1])])[place]
        return torch.stack(
            [intent(recent[:, : n + 1].flatten(1)) for n, intent in enumerate(self.intents)], dim=1
        )

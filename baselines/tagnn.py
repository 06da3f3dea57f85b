"""TAGNN: SR-GNN with a session vector of its own for every candidate item.

Source: Yu et al., "TAGNN: Target Attentive Graph Neural Networks for Session-based
Recommendation", SIGIR 2020; the authors' code, https://github.com/CRIPAC-DIG/TAGNN.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from pydantic import Field
from recbole.model.abstract_recommender import SequentialRecommender
from recbole.utils import InputType
from torch import nn
from torch.nn.functional import cross_entropy
from torch.utils.checkpoint import checkpoint

from srgnn_bench.models.full_softmax import clear_padding
from srgnn_bench.models.gated_gnn import GatedGNN
from srgnn_bench.models.parameters import ModelParameters
from srgnn_bench.models.ragged import OrderedClicks, ordered_clicks, softmax_by
from srgnn_bench.models.session_graph import session_edges, session_nodes

BLOCK_NUMBERS = 2_000_000
"""Products of clicks and items that are held at a time."""


class TAGNNParameters(ModelParameters):
    """Parameters of TAGNN; the defaults are the authors'."""

    embedding_size: int = Field(100, ge=1)
    """Length of the vectors of items and sessions."""

    step: int = Field(1, ge=1)
    """Propagation steps."""


@dataclass(frozen=True)
class _Session:
    """What the scores of a batch are made of.

    Attributes:
        vectors: session vectors without the target's part, shape (sessions, d).
        states: states of the clicks, shape (clicks, d).
        queries: the same times W, shape (clicks, d).
        clicks: the clicks.
    """

    vectors: torch.Tensor
    states: torch.Tensor
    queries: torch.Tensor
    clicks: OrderedClicks


class TAGNN(SequentialRecommender):  # type: ignore[misc]
    """TAGNN on flat clicks, nodes and edges, with scores a block of items at a time.

    With states h_t of the clicks after the gated GNN, as in SR-GNN, and item vectors v_j,

        beta_tj = softmax_t(v_j . W h_t)
        s_j = W_3 [sum_t a_t h_t ; h_n] + sum_t beta_tj h_t
        y = softmax_j(s_j . v_j)

    where a = softmax_t(q . sigmoid(W_1 h_n + W_2 h_t + c)), as in the authors' code; the paper
    leaves the softmax out. Since s_j . v_j is the sum of a product of vectors and of
    sum_t beta_tj (h_t . v_j), no vector per session and item is ever formed: two products of clicks
    and items do, and in training they are formed again in the backward pass rather than kept.

    Departure from the authors' code: there padding has a share in both softmaxes, so that scores
    depend on the longest session of the data; here it has none, as in the paper.

    The loss is the cross-entropy over all items; the padding item has no share in it.
    """

    input_type = InputType.POINTWISE
    Parameters = TAGNNParameters

    def __init__(self, config: Any, dataset: Any) -> None:
        super().__init__(config, dataset)
        own = TAGNNParameters.read(config)
        d = own.embedding_size
        self.item_embedding = nn.Embedding(self.n_items, d, padding_idx=0)
        self.gnn = GatedGNN(d, step=own.step)
        self.linear_one = nn.Linear(d, d)
        self.linear_two = nn.Linear(d, d)
        self.linear_three = nn.Linear(d, 1, bias=False)
        self.linear_transform = nn.Linear(2 * d, d)
        self.linear_t = nn.Linear(d, d, bias=False)
        for weight in self.parameters():
            nn.init.uniform_(weight, -1 / math.sqrt(d), 1 / math.sqrt(d))
        clear_padding(self.item_embedding)

    def forward(self, item_seq: torch.Tensor, item_seq_len: torch.Tensor) -> torch.Tensor:
        """Scores of the padding item (0) and of all items, shape (sessions, items + 1)."""
        session = self._encode(item_seq, item_seq_len)
        width = max(1, BLOCK_NUMBERS // len(session.states))
        blocks = torch.split(self.item_embedding.weight, width)
        return torch.cat([self._score(session, block) for block in blocks], dim=1)

    def calculate_loss(self, interaction: Any) -> torch.Tensor:
        """Mean cross-entropy of a batch's targets over all items."""
        scores = self.full_sort_predict(interaction)
        return cross_entropy(scores[:, 1:], interaction[self.POS_ITEM_ID] - 1)

    def predict(self, interaction: Any) -> torch.Tensor:
        """Score of one given item per session, shape (sessions,)."""
        items = interaction[self.ITEM_ID]
        return self.full_sort_predict(interaction).gather(1, items[:, None]).squeeze(1)

    def full_sort_predict(self, interaction: Any) -> torch.Tensor:
        """Scores of the padding item and of all items, shape (sessions, items + 1)."""
        scores: torch.Tensor = self.forward(
            interaction[self.ITEM_SEQ], interaction[self.ITEM_SEQ_LEN]
        )
        return scores

    def _encode(self, item_seq: torch.Tensor, item_seq_len: torch.Tensor) -> _Session:
        clicks = ordered_clicks(item_seq, item_seq_len)
        nodes = session_nodes(clicks)
        hidden = self.item_embedding(nodes.items)
        hidden = self.gnn(hidden, [session_edges(clicks, nodes, dtype=hidden.dtype)])
        states = hidden.index_select(0, nodes.of_click)
        local = states.index_select(0, clicks.last)
        query = clicks.spread(self.linear_one(local))
        attention = self.linear_three(torch.sigmoid(query + self.linear_two(states)))
        attention = softmax_by(attention, clicks.session, groups=len(clicks.lengths))
        combined = clicks.sum(attention * states)
        vectors = self.linear_transform(torch.cat([combined, local], dim=1))
        return _Session(vectors, states, self.linear_t(states), clicks)

    def _score(self, session: _Session, items: torch.Tensor) -> torch.Tensor:
        """Scores of a block of items, shape (sessions, items of the block)."""
        parts = session.vectors, session.states, session.queries

        def scores(
            vectors: torch.Tensor, states: torch.Tensor, queries: torch.Tensor, block: torch.Tensor
        ) -> torch.Tensor:
            groups = len(session.clicks.lengths)
            shares = softmax_by(queries @ block.T, session.clicks.session, groups=groups)
            return vectors @ block.T + session.clicks.sum(shares * (states @ block.T))

        if not torch.is_grad_enabled():
            return scores(*parts, items)
        # Kept, the products of every block would take gigabytes.
        kept: torch.Tensor = checkpoint(scores, *parts, items, use_reentrant=False)
        return kept

"""DHCN: a hypergraph of all sessions, and a second view of a session that it must agree with.

Source: Xia, Yin, Yu, Wang, Cui and Zhang, "Self-Supervised Hypergraph Convolutional Networks for
Session-based Recommendation", AAAI 2021; the authors' code, https://github.com/xiaxin1998/DHCN.
"""

from __future__ import annotations

from typing import Any

import torch
from pydantic import Field
from recbole.model.abstract_recommender import SequentialRecommender
from torch import nn
from torch.nn.functional import logsigmoid

from srgnn_bench.layers.attention import positioned_sum
from srgnn_bench.layers.hypergraph import SessionHypergraph
from srgnn_bench.layers.initialisation import initialise_uniformly
from srgnn_bench.layers.ragged import OrderedClicks, ordered_clicks
from srgnn_bench.layers.session_graph import session_nodes
from srgnn_bench.layers.softmax_loss import full_softmax_loss
from srgnn_bench.models import FullSoftmax, ModelParameters, encoding
from srgnn_bench.models.sessions import training_sessions


class DHCNParameters(ModelParameters):
    """Parameters of DHCN; the defaults are the authors'."""

    embedding_size: int = Field(100, ge=1)
    """Length of the vectors of items and sessions."""

    layers: int = Field(3, ge=0)
    """How often items read the sessions that they are in, and sessions those that they share items
    with."""

    contrast: float = Field(1.0, ge=0)
    """Weight of the contrastive loss, a batch's mean. The authors' beta of 0.01 weighs the sum over
    batches of 100 sessions."""


class DHCN(FullSoftmax, SequentialRecommender):  # type: ignore[misc]
    """DHCN on flat clicks and flat incidences.

    Items, with their embeddings x^0 and the hypergraph of all training sessions:

        x^l = D^-1 H B^-1 H^T x^{l-1},   x = (x^0 + ... + x^L) / (L + 1)

    and a session of clicks v_1 ... v_n, whose positions p count from the last click:

        z_t = tanh(W_1 [p_{n-t} ; x_{v_t}] + b_1)
        b_t = q . sigmoid(W_2 z_t + W_3 mean_t x_{v_t} + c),    s = sum_t b_t x_{v_t}
        y = softmax(x . s)

    The second view is the line graph of a batch, which joins sessions that share items, as strongly
    as the Jaccard index A_ij of their items says; A_ii = 1, and D^ has the sums of A's rows:

        r^0 = mean_t x^0_{v_t},   r^l = D^^-1 A r^{l-1},   r = (r^0 + ... + r^L) / (L + 1)

    In training both views of a session are to agree, and a view with one whose sessions and
    numbers are shuffled not to:

        loss = cross-entropy + contrast mean(-log sigmoid(r . s) - log(1 - sigmoid(r . s~)))

    Departures from the authors' code: a hyperedge is a session, as in the paper, there every prefix
    is one; the second view learns, there it is cut off from the gradient; the contrastive loss is a
    mean, so that its weight does not depend on the batch's size. On Tmall that code reads out
    without positions and W_1, z_t = tanh(x_{v_t}), and on Nowplaying it drops the entries of
    D^-1 H B^-1 H^T below 0.05; here all data have one model.

    Raises:
        ModelError: the dataset has no training sessions.
    """

    Parameters = DHCNParameters

    def __init__(self, config: Any, dataset: Any) -> None:
        super().__init__(config, dataset)
        own = DHCNParameters.read(config)
        d = own.embedding_size
        self.layers, self.contrast = own.layers, own.contrast
        self.hypergraph = SessionHypergraph(
            training_sessions(dataset, needed_by="DHCN"), n_items=self.n_items
        )
        self.item_embedding = nn.Embedding(self.n_items, d, padding_idx=0)
        self.position_embedding = nn.Embedding(self.max_seq_length, d)
        self.w_1 = nn.Linear(2 * d, d)
        self.w_2 = nn.Linear(d, d)
        self.w_3 = nn.Linear(d, d, bias=False)
        self.q = nn.Linear(d, 1, bias=False)
        initialise_uniformly(self, self.item_embedding)

    def item_vectors(self) -> torch.Tensor:
        """Vectors of all items, 0 for the padding item, shape (items + 1, embedding_size)."""
        vectors = total = self.item_embedding.weight
        for _ in range(self.layers):
            vectors = self.hypergraph(vectors)
            total = total + vectors
        return total / (self.layers + 1)

    def forward(self, item_seq: torch.Tensor, item_seq_len: torch.Tensor) -> torch.Tensor:
        """Vectors of a batch of sessions, shape (sessions, embedding_size)."""
        return self._read_out(ordered_clicks(item_seq, item_seq_len), self.item_vectors())

    def calculate_loss(self, interaction: Any) -> torch.Tensor:
        """Cross-entropy and contrastive loss, means over the batch, shape ()."""
        clicks = ordered_clicks(interaction[self.ITEM_SEQ], interaction[self.ITEM_SEQ_LEN])
        with encoding():
            items = self.item_vectors()
            sessions = self._read_out(clicks, items)
        loss = full_softmax_loss(sessions, items, interaction[self.POS_ITEM_ID])
        if self.contrast == 0:
            return loss
        with encoding():
            return loss + self.contrast * _disagreement(sessions, self._second_view(clicks))

    def _read_out(self, clicks: OrderedClicks, items: torch.Tensor) -> torch.Tensor:
        """Session vectors from the vectors of all items."""
        return positioned_sum(
            items.index_select(0, clicks.items),
            self.position_embedding(clicks.clicks_after),
            clicks,
            place=self.w_1,
            key=self.w_2,
            query=self.w_3,
            score=self.q,
        )

    def _second_view(self, clicks: OrderedClicks) -> torch.Tensor:
        """Session vectors from the line graph of the batch, shape (sessions, embedding_size)."""
        vectors = clicks.sum(self.item_embedding(clicks.items)) / clicks.lengths[:, None]
        total = vectors
        shares = _line_graph(clicks, dtype=vectors.dtype)
        for _ in range(self.layers):
            vectors = shares @ vectors
            total = total + vectors
        return total / (self.layers + 1)


def _line_graph(clicks: OrderedClicks, *, dtype: torch.dtype) -> torch.Tensor:
    """Jaccard indices of the sessions' items over their rows' sums, shape (sessions, sessions)."""
    nodes = session_nodes(clicks)
    items, column = torch.unique(nodes.items, return_inverse=True)
    holds = torch.zeros(len(clicks.lengths), len(items), dtype=dtype, device=items.device)
    holds[nodes.session, column] = 1
    shared = holds @ holds.T
    sizes = holds.sum(1)
    overlap = shared / (sizes[:, None] + sizes - shared)
    return overlap / overlap.sum(1, keepdim=True)


def _disagreement(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """The contrastive loss of two views of the same sessions, each (sessions, d); shape ()."""
    rows, columns = (torch.randperm(size, device=one.device) for size in one.shape)
    agree, shuffled = ((other * view).sum(1) for view in (one, one[rows][:, columns]))
    return -(logsigmoid(agree) + logsigmoid(-shuffled)).mean()

"""GRU4Rec as its authors have it: trained click by click on sessions side by side.

Sources: Hidasi et al., "Session-based Recommendations with Recurrent Neural Networks", ICLR 2016;
Hidasi and Karatzoglou, "Recurrent Neural Networks with Top-k Gains for Session-based
Recommendations", CIKM 2018 (BPR-max, additional samples, one embedding for what is read and what is
scored); the authors' code, whose scores, batches, losses, gradients and steps it equals for equal
weights and negatives. What others' implementations lack, the one of RecBole among them, Hidasi and
Czapp list in "The Effect of Third Party Implementations on Reproducibility", RecSys 2023.

Departures from the authors' code:

- Sessions are ordered by their last click, as everywhere here, not by their first.
- When sessions run out and batches become smaller, targets and negatives still get the logQ
  correction of their own; the authors' loop then takes some negatives for targets.
- A cross-entropy is computed in its stable form, without 1e-24 under its logarithm.
- Weights and negatives are drawn from the run's seed; the authors' initial weights are always those
  of one seed.
- Where validation no longer improves, the learning rate is cut, as for every model; the authors
  train ten epochs with one rate. ``lr_schedule: step`` does that.
- The input without an embedding (one-hot vectors) is left out: the authors find a shared embedding
  the better choice on most data. All GRU layers are of one size.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
import torch
from pydantic import Field
from recbole.model.abstract_recommender import SequentialRecommender
from torch import nn
from torch.nn.functional import cross_entropy, dropout, elu, log_softmax, logsigmoid

from srgnn_bench.data.sessions import Stage
from srgnn_bench.layers.adagrad import MomentumAdagrad
from srgnn_bench.layers.initialisation import clear_padding
from srgnn_bench.layers.ragged import packed_clicks
from srgnn_bench.models import ItemProducts, ModelParameters
from srgnn_bench.models.session_parallel import ParallelBatch, SessionParallelBatches
from srgnn_bench.models.sessions import training_sessions
from srgnn_bench.specs.model import TrainingSpec


class OriginalGRU4RecParameters(ModelParameters):
    """Parameters of GRU4Rec, by the authors' names; the defaults are those of their code."""

    hidden_size: int = Field(100, ge=1)
    """Length of the GRU's state and of the vectors of items (the authors' ``layers``)."""

    num_layers: int = Field(1, ge=1)
    """GRU layers, one on the other."""

    embedding: Literal["shared", "separate"] = "shared"
    """Whether an item is read by the vector by which it is scored (the authors'
    ``constrained_embedding``), or by one of its own."""

    loss: Literal["cross-entropy", "bpr-max"] = "cross-entropy"
    """What is minimised; of the target and the negatives of its batch."""

    n_sample: int = Field(2048, ge=0)
    """Negatives that a batch draws beside the targets of its other sessions."""

    sample_alpha: float = Field(0.5, ge=0, le=1)
    """They are drawn by clicks^alpha: 0 for all items alike, 1 by popularity."""

    logq: float = Field(0.0, ge=0)
    """Share of the logarithm of an item's weight as a negative that its score loses in the
    cross-entropy."""

    bpreg: float = Field(1.0, ge=0)
    """Weight of the penalty on the scores of negatives in BPR-max."""

    elu_param: float = Field(0.5, ge=0)
    """Alpha of the ELU that BPR-max puts scores through; 0: none."""

    dropout_p_embed: float = Field(0.0, ge=0, lt=1)
    """Dropout of the vectors of the clicked items."""

    dropout_p_hidden: float = Field(0.0, ge=0, lt=1)
    """Dropout of the GRU's states, those that are carried to the next click."""

    momentum: float = Field(0.0, ge=0, lt=1)
    """Share of its last step that a weight takes again."""

    weight_decay: float = Field(0.0, ge=0, le=0)
    """There is none: it would change the vectors of all items in every step."""

    clip_grad_norm: None = None
    """The gradient is not clipped."""


class OriginalGRU4Rec(ItemProducts, SequentialRecommender):  # type: ignore[misc]
    """A GRU over a session's clicks; an item's score is a product with the last state, plus a bias.

    With e the vectors that are read, w and b those and the biases of items that are scored,

        h_t = GRU(e_{x_t}, h_{t-1}),    score(i) = w_i h_t + b_i,    h_0 = 0.

    It is trained with session-parallel batches: the state of each session is carried from click to
    click without its gradient, and begins at 0 where another session takes the row. The negatives
    of a click are the targets of the batch's other sessions and ``n_sample`` items more.

    Raises:
        ModelError: the dataset has no training sessions.
    """

    Parameters = OriginalGRU4RecParameters
    any_length = True

    log_clicks: torch.Tensor
    state: torch.Tensor

    def __init__(self, config: Any, dataset: Any) -> None:
        super().__init__(config, dataset)
        self.own = own = OriginalGRU4RecParameters.read(config)
        sessions = training_sessions(dataset, needed_by="GRU4Rec")
        d = own.hidden_size
        self.item_embedding = nn.Embedding(self.n_items, d, padding_idx=0, sparse=True)
        self.item_bias = nn.Embedding(self.n_items, 1, padding_idx=0, sparse=True)
        self.input_embedding = (
            nn.Embedding(self.n_items, d, padding_idx=0, sparse=True)
            if own.embedding == "separate"
            else None
        )
        self.gru = nn.GRU(d, d, own.num_layers)
        clicks = torch.from_numpy(np.bincount(sessions.items, minlength=self.n_items))
        self.register_buffer("log_clicks", clicks.float().log(), persistent=False)
        self.register_buffer("state", torch.zeros(own.num_layers, 1, d), persistent=False)
        self._initialise()

    def _initialise(self) -> None:
        """Draw every matrix from ±sqrt(6 / (rows + columns)), each gate's by itself; no bias."""
        d, items = self.own.hidden_size, self.n_items - 1
        for weight in self.gru.parameters():
            nn.init.uniform_(weight, -math.sqrt(3 / d), math.sqrt(3 / d))
            if weight.ndim == 1:
                nn.init.zeros_(weight)
        bound = math.sqrt(6 / (items + d))
        for embedding in filter(None, (self.item_embedding, self.input_embedding)):
            nn.init.uniform_(embedding.weight, -bound, bound)
            clear_padding(embedding)
        nn.init.zeros_(self.item_bias.weight)

    def own_batches(self, stage: Stage, *, batch_size: int) -> SessionParallelBatches:
        """Session-parallel batches with the negatives that its parameters ask for."""
        return SessionParallelBatches(
            stage.train,
            batch_size=batch_size,
            negatives=self.own.n_sample,
            alpha=self.own.sample_alpha,
            device=self.device,
        )

    def own_optimizer(self, training: TrainingSpec) -> MomentumAdagrad:
        """Adagrad with momentum, which changes the vectors of the batch's items alone."""
        return MomentumAdagrad(
            self.parameters(), lr=training.learning_rate, momentum=self.own.momentum
        )

    def forward(self, item_seq: torch.Tensor, item_seq_len: torch.Tensor) -> torch.Tensor:
        """States after the last click of whole sessions, shape (sessions, hidden_size)."""
        clicks = packed_clicks(item_seq, item_seq_len)
        read = self.input_embedding or self.item_embedding
        _, final = self.gru(clicks.sequence(read(clicks.items)))
        states: torch.Tensor = final[-1]
        return states

    def session_vectors(self, interaction: Any) -> torch.Tensor:
        """The state and a 1, which meets the bias, shape (sessions, hidden_size + 1)."""
        states = super().session_vectors(interaction)
        return torch.cat([states, states.new_ones(len(states), 1)], dim=1)

    def item_vectors(self) -> torch.Tensor:
        """The vector and the bias of every item, shape (items + 1, hidden_size + 1)."""
        return torch.cat([self.item_embedding.weight, self.item_bias.weight], dim=1)

    def calculate_loss(self, interaction: ParallelBatch) -> torch.Tensor:
        """Sum of the losses of a batch's clicks, over the rows of a full batch.

        Args:
            interaction: the batch that follows the one before, whose states it goes on from.
        """
        scored = torch.cat([interaction.targets, interaction.negatives])
        if self.input_embedding is None:  # one look-up, hence one sparse gradient
            vectors = self.item_embedding(torch.cat([interaction.items, scored]))
            read, written = vectors.split([len(interaction.items), len(scored)])
        else:
            read, written = self.input_embedding(interaction.items), self.item_embedding(scored)
        state = self._next_state(read, interaction.continues)
        scores = torch.addmm(self.item_bias(scored).T, state, written.T)
        return self._losses(scores, interaction).sum() / interaction.full_size

    def _next_state(self, read: torch.Tensor, continues: torch.Tensor) -> torch.Tensor:
        """State of the top layer after one more click, shape (rows, hidden_size).

        Args:
            read: vectors of the clicked items, shape (rows, hidden_size).
            continues: see ``ParallelBatch``.
        """
        before = self.state[:, continues.clamp(min=0)]
        before = before.masked_fill((continues < 0)[:, None], 0)
        own, states = self.own, []
        top = dropout(read, own.dropout_p_embed, self.training)
        for layer, state in zip(self.gru.all_weights, before, strict=True):
            top = dropout(torch.gru_cell(top, state, *layer), own.dropout_p_hidden, self.training)
            states.append(top.detach())
        self.state = torch.stack(states)
        return top

    def _losses(self, scores: torch.Tensor, batch: ParallelBatch) -> torch.Tensor:
        """Loss of every row; its target is the column of the same number, shape (rows,)."""
        own = self.own
        if own.loss == "bpr-max":
            return bpr_max(scores, elu_param=own.elu_param, bpreg=own.bpreg)
        if own.logq > 0:
            # Targets come as often as they are clicked, negatives by clicks^alpha.
            of_negatives = own.sample_alpha * self.log_clicks[batch.negatives]
            weight = torch.cat([self.log_clicks[batch.targets], of_negatives])
            scores = scores - own.logq * weight
        own_column = torch.arange(len(scores), device=scores.device)
        return cross_entropy(scores, own_column, reduction="none")


def bpr_max(scores: torch.Tensor, *, elu_param: float, bpreg: float) -> torch.Tensor:
    """BPR-max (Hidasi and Karatzoglou, CIKM 2018): the target against its hardest negatives.

    With r the scores, t the target, and s the softmax over the negatives j,

        -log sum_j s_j sigmoid(r_t - r_j) + bpreg sum_j s_j r_j^2.

    Args:
        scores: of each row's target, in the column of the row's number, and of its negatives,
            shape (rows, columns).
        elu_param: alpha of an ELU that the scores are put through first; 0: none.
        bpreg: weight of the penalty.

    Returns:
        Shape (rows,).
    """
    if elu_param > 0:
        scores = elu(scores, elu_param)
    target = scores.diagonal()[:, None]
    own_column = torch.eye(*scores.shape, dtype=torch.bool, device=scores.device)
    share = log_softmax(scores.masked_fill(own_column, float("-inf")), dim=1)
    ahead = torch.logsumexp(share + logsigmoid(target - scores), dim=1)
    return bpreg * (share.exp() * scores**2).sum(1) - ahead

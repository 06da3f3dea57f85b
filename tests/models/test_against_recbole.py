"""Our models against RecBole's classes: equal weights, equal scores, equal training steps."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from recbole.model.sequential_recommender.gru4rec import GRU4Rec
from recbole.model.sequential_recommender.narm import NARM
from recbole.model.sequential_recommender.sasrec import SASRec
from recbole.model.sequential_recommender.srgnn import SRGNN
from recbole.model.sequential_recommender.stamp import STAMP
from tiny_models import LONGEST, tiny_batch, tiny_model
from torch import nn
from torch.nn.functional import cross_entropy

from srgnn_bench.baselines.gru4rec import FastGRU4Rec
from srgnn_bench.baselines.narm import FastNARM
from srgnn_bench.baselines.sasrec import FastSASRec
from srgnn_bench.baselines.stamp import FastSTAMP
from srgnn_bench.models.srgnn import FastSRGNN

N_ITEMS = 20

SMALL_SASREC = {
    "hidden_size": 8,
    "inner_size": 12,
    "hidden_dropout_prob": 0.0,
    "attn_dropout_prob": 0.0,
    # RecBole starts so near to zero that blocks hardly tell one session from another.
    "initializer_range": 0.5,
}

# Ours, RecBole's, parameters of ours, parameters of RecBole's; no dropout, so that training is
# comparable as well.
PAIRS = {
    "SRGNN": (FastSRGNN, SRGNN, {}, {}),
    "SRGNN, 3 steps": (FastSRGNN, SRGNN, {"step": 3}, {"step": 3}),
    "GRU4Rec": (FastGRU4Rec, GRU4Rec, {"dropout_prob": 0.0}, {"dropout_prob": 0.0}),
    "GRU4Rec, 2 layers": (
        FastGRU4Rec,
        GRU4Rec,
        {"dropout_prob": 0.0, "num_layers": 2},
        {"dropout_prob": 0.0, "num_layers": 2},
    ),
    "NARM": (
        FastNARM,
        NARM,
        {"embedding_dropout": 0.0, "session_dropout": 0.0},
        {"dropout_probs": [0.0, 0.0]},
    ),
    "STAMP": (FastSTAMP, STAMP, {}, {}),
    "SASRec": (FastSASRec, SASRec, SMALL_SASREC, SMALL_SASREC),
    "SASRec, 1 block": (
        FastSASRec,
        SASRec,
        {**SMALL_SASREC, "n_layers": 1},
        {**SMALL_SASREC, "n_layers": 1},
    ),
    "SASRec, 3 blocks": (
        FastSASRec,
        SASRec,
        {**SMALL_SASREC, "n_layers": 3, "n_heads": 4, "hidden_act": "relu"},
        {**SMALL_SASREC, "n_layers": 3, "n_heads": 4, "hidden_act": "relu"},
    ),
}

BATCH = [
    [1, 2, 3, 2, 4],
    [5],
    [7, 7, 7],
    [1, 2, 1, 2, 1, 2],
    list(range(1, LONGEST + 1)),
    [3] * LONGEST,
    [20, 19],
]
TARGETS = [2, 20, 7, 1, 13, 3, 1]


class CrossEntropyWithoutPadding(nn.Module):
    """RecBole's loss lets the padding item compete with the items."""

    def forward(self, logits: torch.Tensor, items: torch.Tensor) -> torch.Tensor:
        return cross_entropy(logits[:, 1:], items - 1)


@pytest.fixture(params=PAIRS)
def twins(request):
    """Our model and RecBole's with the same weights."""
    return make_twins(request.param)


def make_twins(name: str):
    ours_class, theirs_class, ours_parameters, theirs_parameters = PAIRS[name]
    ours = tiny_model(ours_class, n_items=N_ITEMS, embedding_size=8, **ours_parameters)
    theirs = tiny_model(theirs_class, n_items=N_ITEMS, embedding_size=8, **theirs_parameters)
    if theirs_class is STAMP:
        # RecBole starts so near to zero that all of its scores are alike.
        torch.manual_seed(1)
        with torch.no_grad():
            for weight in ours.parameters():
                weight.normal_(0, 0.5)
            ours.item_embedding.weight[0] = 0
    theirs.load_state_dict(ours.state_dict())
    theirs.loss_fct = CrossEntropyWithoutPadding()
    return ours, theirs


def assert_close(ours: torch.Tensor, theirs: torch.Tensor, *, relative: float = 1e-5) -> None:
    assert (ours - theirs).abs().max() <= relative * theirs.abs().max()


def test_weights_have_the_same_names_and_shapes(twins):
    ours, theirs = ({k: v.shape for k, v in m.state_dict().items()} for m in twins)
    assert ours == theirs


def test_scores(twins):
    batch = tiny_batch(BATCH, TARGETS)
    ours, theirs = (model.eval() for model in twins)
    with torch.no_grad():
        assert_close(ours.full_sort_predict(batch)[:, 1:], theirs.full_sort_predict(batch)[:, 1:])
        assert_close(ours.predict(batch), theirs.predict(batch))


@pytest.mark.parametrize("name", PAIRS)
def test_scores_of_any_sessions(name):
    ours, theirs = (model.eval() for model in make_twins(name))

    @settings(max_examples=25)
    @given(
        st.lists(
            st.lists(st.integers(1, N_ITEMS), min_size=1, max_size=LONGEST),
            min_size=1,
            max_size=5,
        )
    )
    def check(sessions):
        batch = tiny_batch(sessions)
        with torch.no_grad():
            expected = theirs.full_sort_predict(batch)
            assert_close(ours.full_sort_predict(batch)[:, 1:], expected[:, 1:])

    check()


def test_one_training_step_gives_equal_weights(twins):
    batch = tiny_batch(BATCH, TARGETS)
    losses = []
    for model in twins:
        model.train()
        optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
        loss = model.calculate_loss(batch)
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    assert_close(*losses, relative=1e-6)
    theirs = dict(twins[1].named_parameters())
    for name, weight in twins[0].named_parameters():
        if name.endswith("key.bias"):
            # It adds the same to all fits of a query, which the softmax takes off: all rounding.
            assert weight.grad.abs().max() < 1e-6
            continue
        assert_close(weight.grad, theirs[name].grad)
        # Adam divides a gradient by its size, so that where it is nearly zero rounding shows.
        torch.testing.assert_close(weight, theirs[name], rtol=1e-5, atol=1e-6)


def test_the_padding_row_stays_zero(twins):
    model = twins[0]
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1, weight_decay=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        model.calculate_loss(tiny_batch(BATCH, TARGETS)).backward()
        optimizer.step()
    assert (model.item_embedding.weight[0] == 0).all()
    assert (model.item_embedding.weight[1:] != 0).any()

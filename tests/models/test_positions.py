"""Learning from all positions of a session at once, against one prefix at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_models import LONGEST, tiny_batch, tiny_model

from srgnn_bench.baselines.esasrec import ESASRec
from srgnn_bench.baselines.sasrec import FastSASRec
from srgnn_bench.data.sessions import Sessions, Stage, stage_of
from srgnn_bench.models import CausalSoftmax
from srgnn_bench.models.positions import ShiftedBatches, ShiftedSessions
from srgnn_bench.specs.model import TrainingSpec
from srgnn_bench.store.record import Schedule
from srgnn_bench.testing.planted import planted_sessions
from srgnn_bench.training.build import build
from srgnn_bench.training.fit import train
from srgnn_bench.training.ranking import judge
from srgnn_bench.training.stopping import Repeat

N_ITEMS = 12
SESSIONS = [[1, 2, 1, 3], [5], [9, 8, 9, 8, 9], [4, 4, 4], [12, 1], list(range(1, 13))]
MODELS: dict[str, tuple[type[CausalSoftmax], dict[str, Any]]] = {
    "SASRec": (FastSASRec, {"hidden_size": 8, "inner_size": 16}),
    "eSASRec": (ESASRec, {"embedding_size": 8, "heads": 2, "blocks": 3}),
}


def stage() -> Stage:
    sessions = Sessions.from_lists(SESSIONS)
    return stage_of("test", sessions, sessions)


def make(name: str, **parameters: Any) -> Any:
    model_class, own = MODELS[name]
    return tiny_model(model_class, n_items=N_ITEMS, **own, **parameters).eval()


def whole(model: Any) -> ShiftedSessions:
    """All sessions in one batch, as the model has them."""
    [batch] = model.own_batches(stage(), batch_size=1000).epoch(seed=0)
    return batch


def one_by_one() -> Any:
    """All prefixes of all sessions, as other models have them."""
    pairs = [(s[:n], s[n]) for s in SESSIONS for n in range(1, len(s))]
    return tiny_batch([prefix for prefix, _ in pairs], [target for _, target in pairs])


@pytest.mark.parametrize("name", MODELS)
def test_the_loss_is_the_mean_over_all_prefixes(name: str) -> None:
    model = make(name, training_positions="all")
    if name == "eSASRec":
        # Its positions count from the end of the row, those of a prefix from that of the prefix.
        torch.nn.init.constant_(model.position_embedding.weight, 0.3).requires_grad_(False)
    losses = [model.calculate_loss(batch) for batch in (whole(model), one_by_one())]
    torch.testing.assert_close(*losses)
    learned = [weight for weight in model.parameters() if weight.requires_grad]
    gradients = [torch.autograd.grad(loss, learned) for loss in losses]
    for at_once, each in zip(*gradients, strict=True):
        torch.testing.assert_close(at_once, each, rtol=1e-4, atol=1e-6)


def test_positions_of_esasrec_count_from_the_end_of_the_row() -> None:
    model = make("eSASRec", training_positions="all")
    places = model.position_embedding.weight.detach().clone()
    losses = []
    for session in SESSIONS:
        for shown in range(1, len(session)):
            # What a prefix would have if it began its positions where the row has them.
            unseen = len(session) - 1 - shown
            moved = torch.roll(places, -unseen, 0)
            model.position_embedding.weight.data.copy_(moved)
            losses.append(model.calculate_loss(tiny_batch([session[:shown]], [session[shown]])))
    model.position_embedding.weight.data.copy_(places)
    torch.testing.assert_close(model.calculate_loss(whole(model)), torch.stack(losses).mean())


@pytest.mark.parametrize("name", MODELS)
def test_the_scores_are_the_same(name: str) -> None:
    batch = tiny_batch(SESSIONS)
    scores = [make(name, training_positions=p).full_sort_predict(batch) for p in ("last", "all")]
    assert torch.equal(*scores)


@pytest.mark.parametrize("name", MODELS)
def test_it_learns_from_prefixes_unless_told_otherwise(name: str) -> None:
    assert make(name).own_batches(stage(), batch_size=10) is None


@pytest.mark.parametrize("name", MODELS)
def test_a_training_goes_through_and_learns(name: str) -> None:
    sessions = planted_sessions(count=400, items=20, seed=1)
    planted = stage_of(
        "test", Sessions.from_lists(sessions[:320]), Sessions.from_lists(sessions[320:])
    )
    model_class, own = MODELS[name]
    parameters = {**own, "training_positions": "all", "MAX_ITEM_LIST_LENGTH": 4}
    model = build(model_class, parameters, planted, seed=0)
    before = judge(model, planted)["mrr@20"]
    training = TrainingSpec(train_batch_size=64, learning_rate=0.01)
    train(model, planted, training, Repeat(Schedule(epochs=8)), seed=0)
    assert judge(model, planted)["mrr@20"] > 2 * before


@settings(max_examples=100)
@given(
    sessions=st.lists(
        st.lists(st.integers(1, N_ITEMS), min_size=1, max_size=9), min_size=1, max_size=8
    ),
    longest=st.integers(1, 10),
    batch_size=st.integers(1, 12),
    seed=st.integers(0, 3),
)
def test_every_target_comes_once_with_the_clicks_before_it(
    sessions: list[list[int]], longest: int, batch_size: int, seed: int
) -> None:
    # Every click is a number of its own, so that it is known where it comes from.
    numbers = iter(range(1, 100))
    sessions = [[next(numbers) for _ in session] for session in sessions]
    session_of = {click: number for number, s in enumerate(sessions) for click in s}
    batches = ShiftedBatches(
        Sessions.from_lists(sessions),
        batch_size=batch_size,
        longest=longest,
        device=torch.device("cpu"),
    )
    seen: list[int] = []
    rows_of: dict[int, list[int]] = {}
    for batch in batches.epoch(seed):
        clicks = batch.clicks
        assert clicks.lengths.max() <= longest
        assert len(clicks.items) < batch_size + longest
        for row, last in zip(
            torch.split(clicks.items, clicks.lengths.tolist()), clicks.last, strict=True
        ):
            assert row[-1] == clicks.items[last]
            assert (torch.diff(row) == 1).all()
            rows_of.setdefault(session_of[int(row[0])], []).append(len(row))
        assert (batch.targets == clicks.items + 1).all()
        seen += batch.targets.tolist()
    assert sorted(seen) == [click for session in sessions for click in session[1:]]
    for number, lengths in rows_of.items():
        assert sum(length < longest for length in lengths) <= 1
        assert sum(lengths) == len(sessions[number]) - 1


def test_the_order_depends_on_the_seed_alone() -> None:
    def targets(seed: int) -> list[list[int]]:
        batches = ShiftedBatches(
            Sessions.from_lists(SESSIONS),
            batch_size=3,
            longest=LONGEST,
            device=torch.device("cpu"),
        )
        return [batch.targets.tolist() for batch in batches.epoch(seed)]

    assert targets(1) == targets(1)
    assert len(np.unique([str(targets(seed)) for seed in range(5)])) > 1

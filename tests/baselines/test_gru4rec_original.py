"""GRU4Rec against its authors' code: official_gru4rec.json is what that gave for the same inputs.

``make_official_gru4rec.py`` wrote the file, and says from which commit.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_models import tiny_batch, tiny_model

from srgnn_bench.baselines.gru4rec_original import OriginalGRU4Rec
from srgnn_bench.data.sessions import Sessions, Stage, stage_of
from srgnn_bench.errors import ModelError, SpecError
from srgnn_bench.layers.adagrad import MomentumAdagrad
from srgnn_bench.models.session_parallel import ParallelBatch, SessionParallelBatches
from srgnn_bench.specs.model import TrainingSpec
from srgnn_bench.specs.resolving import resolve
from srgnn_bench.store.record import Schedule
from srgnn_bench.training.build import build
from srgnn_bench.training.configuration import candidates
from srgnn_bench.training.fit import train
from srgnn_bench.training.stopping import Repeat

OFFICIAL = json.loads(Path(__file__).with_name("official_gru4rec.json").read_text())
CPU = torch.device("cpu")


def numbered(items: Any) -> torch.Tensor:
    """The authors' numbers of items as ours, which begin at 1."""
    return torch.tensor(items, dtype=torch.int64) + 1


def set_weights(model: OriginalGRU4Rec, official: dict[str, Any]) -> None:
    model.load_state_dict(ours(official))


def ours(official: dict[str, Any]) -> dict[str, torch.Tensor]:
    """Weights or gradients of the authors' model by our names, with rows for the padding item."""
    names = {"Wy.weight": "item_embedding.weight", "By.weight": "item_bias.weight"}
    names["E.weight"] = "input_embedding.weight"
    found = {}
    for name, values in official.items():
        if name.startswith("G."):
            _, layer, kind = name.split(".")
            found[f"gru.{kind}_l{layer}"] = torch.tensor(values)
        else:
            weight = torch.tensor(values)
            found[names[name]] = torch.cat([torch.zeros(1, weight.shape[1]), weight])
    return found


def sessions_of(official: list[list[int]]) -> Sessions:
    return Sessions.from_lists([[item + 1 for item in session] for session in official])


def small_model(sessions: list[list[int]], **parameters: Any) -> OriginalGRU4Rec:
    model: OriginalGRU4Rec = tiny_model(
        OriginalGRU4Rec, n_items=9, hidden_size=3, training_sessions=sessions, **parameters
    )
    return model


def test_scores_after_each_click_are_the_authors() -> None:
    given = OFFICIAL["scores"]
    model = small_model([[1, 2]], dropout_p_embed=0.3, dropout_p_hidden=0.4).eval()
    set_weights(model, given["weights"])
    clicks = [item + 1 for item in given["clicks"]]
    prefixes = [clicks[:end] for end in range(1, len(clicks) + 1)]
    with torch.no_grad():
        scores = model.full_sort_predict(tiny_batch(prefixes))
    torch.testing.assert_close(scores[:, 1:], torch.tensor(given["scores"]))


@pytest.mark.parametrize("rows", [2, 4, 13])
def test_the_sequence_of_batches_is_the_authors(rows: int) -> None:
    given = OFFICIAL["batches"]
    batches = SessionParallelBatches(
        sessions_of(given["sessions"]), batch_size=rows, negatives=1, device=CPU
    )
    steps = list(batches.epoch(1))
    assert [batch.items.tolist() for batch in steps] == [
        numbered(step["items"]).tolist() for step in given["steps"][str(rows)]
    ]
    assert [batch.targets.tolist() for batch in steps] == [
        numbered(step["targets"]).tolist() for step in given["steps"][str(rows)]
    ]
    assert [(batch.continues < 0).tolist() for batch in steps] == [
        step["begins"] for step in given["steps"][str(rows)]
    ]


def test_every_row_goes_on_where_its_session_was() -> None:
    """Also where rows before it are gone: what it continues had the click before its own."""
    sessions = sessions_of(OFFICIAL["batches"]["sessions"])
    before = None
    targets = 0
    for batch in SessionParallelBatches(sessions, batch_size=5, negatives=2, device=CPU).epoch(1):
        goes_on = batch.continues >= 0
        if before is None:
            assert not goes_on.any()
        else:
            assert torch.equal(before.targets[batch.continues[goes_on]], batch.items[goes_on])
        targets, before = targets + len(batch.targets), batch
    assert targets == len(sessions.items) - len(sessions)


def test_without_negatives_the_last_row_alone_is_left_out() -> None:
    sessions = Sessions.from_lists([[1, 2, 3], [4, 5, 6, 7, 8]])
    sizes = {
        negatives: [
            len(batch.items)
            for batch in SessionParallelBatches(
                sessions, batch_size=2, negatives=negatives, device=CPU
            ).epoch(1)
        ]
        for negatives in (0, 3)
    }
    assert sizes == {0: [2, 2], 3: [2, 2, 1, 1]}


def test_fewer_sessions_than_rows_and_sessions_of_one_click() -> None:
    sessions = Sessions.from_lists([[1], [2, 3], [4], [5, 6]])
    [batch] = SessionParallelBatches(sessions, batch_size=50, negatives=3, device=CPU).epoch(1)
    assert (batch.items.tolist(), batch.targets.tolist()) == ([2, 5], [3, 6])
    assert batch.full_size == 50


def test_negatives_come_as_often_as_their_clicks_say_and_by_the_seed_alone() -> None:
    sessions = Sessions.from_lists([[1, 3, 3, 3, 3, 3, 3, 3, 3], [1, 2]])  # 2, 1 and 8 clicks
    for alpha, shares in (
        (0.0, [1 / 3, 1 / 3, 1 / 3]),
        (0.5, None),
        (1.0, [2 / 11, 1 / 11, 8 / 11]),
    ):
        weights = torch.tensor([2.0, 1.0, 8.0]) ** alpha
        batches = SessionParallelBatches(
            sessions, batch_size=2, negatives=100_000, alpha=alpha, device=CPU
        )
        one, other, another = (next(batches.epoch(seed)).negatives for seed in (1, 1, 2))
        assert torch.equal(one, other)
        assert not torch.equal(one, another)
        found = torch.bincount(one, minlength=4)[1:] / len(one)
        wanted = torch.tensor(shares) if shares else weights / weights.sum()
        torch.testing.assert_close(found, wanted, atol=0.01, rtol=0)
        assert int((one == 0).sum()) == 0


@pytest.mark.parametrize("name", OFFICIAL["losses"]["losses"])
def test_loss_and_gradients_of_a_batch_are_the_authors(name: str) -> None:
    given, of_loss = OFFICIAL["losses"], OFFICIAL["losses"]["losses"][name]
    clicked = [[item + 1] * clicks for item, clicks in enumerate(given["clicks"])]
    model = small_model(clicked, **of_loss["parameters"])
    set_weights(model, given["weights"])
    model.state = torch.tensor(given["hidden"])[None]
    batch = ParallelBatch(
        items=numbered(given["items"]),
        targets=numbered(given["targets"]),
        continues=torch.arange(4),
        negatives=numbered(given["negatives"]),
        full_size=4,
    )
    loss = model.calculate_loss(batch)
    loss.backward()
    torch.testing.assert_close(loss.item(), of_loss["loss"], rtol=1e-6, atol=0)
    gradients = ours(of_loss["gradients"])
    for weight, parameter in model.named_parameters():
        found = parameter.grad.to_dense()
        torch.testing.assert_close(found, gradients[weight], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("run", OFFICIAL["optimizer"]["runs"], ids=lambda run: run["momentum"])
def test_three_steps_with_repeated_rows_are_the_authors(run: dict[str, Any]) -> None:
    given = OFFICIAL["optimizer"]
    sparse = torch.nn.Parameter(torch.linspace(-1, 1, 12).reshape(6, 2))
    dense = torch.nn.Parameter(torch.tensor([[1.0, -2.0], [0.5, 3.0]]))
    optimizer = MomentumAdagrad(
        [sparse, dense], lr=given["learning_rate"], momentum=run["momentum"]
    )
    steps = zip(given["rows"], given["of_rows"], given["of_dense"], run["after"], strict=True)
    for rows, of_rows, of_dense, after in steps:
        gradient = torch.sparse_coo_tensor(
            torch.tensor([rows]), torch.tensor(of_rows), (6, 2), check_invariants=True
        )
        sparse.grad, dense.grad = gradient, torch.tensor(of_dense)
        optimizer.step()
        torch.testing.assert_close(sparse.detach(), torch.tensor(after["sparse"]))
        torch.testing.assert_close(dense.detach(), torch.tensor(after["dense"]))


@pytest.mark.parametrize("name", OFFICIAL["epochs"]["runs"])
def test_an_epoch_is_the_authors_step_by_step(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their negatives and what their dropout kept; all else is ours, the loop as well."""
    run = OFFICIAL["epochs"]["runs"][name]
    stage = toy_stage()
    model = build(OriginalGRU4Rec, parameters_of(run["settings"]), stage, seed=1)
    set_weights(model, run["before"])
    negatives = iter([numbered(step["negatives"]) for step in run["steps"]])
    monkeypatch.setattr(SessionParallelBatches, "_drawn", lambda *_: next(negatives))
    kept = iter([torch.tensor(mask) for step in run["steps"] for mask in step["kept"]])

    def dropout(values: torch.Tensor, p: float, training: bool) -> torch.Tensor:
        return values * next(kept) / (1 - p) if p and training else values

    monkeypatch.setattr(sys.modules[OriginalGRU4Rec.__module__], "dropout", dropout)
    compute, losses = model.calculate_loss, []

    def watched(batch: ParallelBatch) -> torch.Tensor:
        losses.append(compute(batch))
        return losses[-1]

    model.calculate_loss = watched
    training = TrainingSpec(
        train_batch_size=run["settings"]["batch_size"],
        learning_rate=run["settings"]["learning_rate"],
    )
    train(model, stage, training, Repeat(Schedule(epochs=1)), seed=1)
    wanted = [step["loss"] for step in run["steps"]]
    torch.testing.assert_close([loss.item() for loss in losses], wanted, rtol=1e-5, atol=1e-6)
    after = ours(run["after"])
    for weight, value in model.state_dict().items():
        torch.testing.assert_close(value, after[weight], rtol=1e-5, atol=1e-5)


def toy_stage() -> Stage:
    sessions = sessions_of(OFFICIAL["epochs"]["sessions"])
    return stage_of("validation", sessions, sessions)


def parameters_of(settings: dict[str, Any]) -> dict[str, Any]:
    """The authors' settings by our names."""
    theirs = {"layers", "batch_size", "learning_rate", "constrained_embedding", "embedding"}
    return {
        **{name: value for name, value in settings.items() if name not in theirs},
        "hidden_size": settings["layers"][0],
        "num_layers": len(settings["layers"]),
        "embedding": "shared" if settings.get("constrained_embedding", True) else "separate",
    }


def test_weights_begin_as_the_authors_do() -> None:
    """Each gate's matrix is drawn by its own size, items by that of the catalogue; no biases."""
    model = tiny_model(OriginalGRU4Rec, n_items=500, hidden_size=40, training_sessions=[[1, 2]])
    bounds = {
        "item_embedding.weight": math.sqrt(6 / 540),
        "gru.weight_ih_l0": math.sqrt(6 / 80),
        "gru.weight_hh_l0": math.sqrt(6 / 80),
        "gru.bias_ih_l0": 0.0,
        "gru.bias_hh_l0": 0.0,
        "item_bias.weight": 0.0,
    }
    assert set(bounds) == set(model.state_dict())
    for name, weight in model.state_dict().items():
        assert weight.abs().max() <= bounds[name]
        assert weight.abs().max() >= 0.98 * bounds[name]
    assert not model.item_embedding.weight[0].any()


@pytest.mark.parametrize("loss", ["cross-entropy", "bpr-max"])
def test_scores_far_apart_give_a_finite_loss(loss: str) -> None:
    model = small_model([[1, 2]], loss=loss, elu_param=0.0)
    with torch.no_grad():
        model.item_bias.weight[1:] = torch.linspace(-300, 300, 9)[:, None]
    batch = ParallelBatch(
        items=torch.tensor([5, 6]),
        targets=torch.tensor([1, 9]),
        continues=torch.tensor([-1, -1]),
        negatives=torch.tensor([2, 8, 1]),
        full_size=2,
    )
    model.calculate_loss(batch).backward()
    assert all(torch.isfinite(p.grad.to_dense()).all() for p in model.parameters())


@pytest.mark.parametrize("setting", ["weight_decay=0.001", "clip_grad_norm=1"])
def test_what_it_cannot_do_is_refused_before_anything_is_trained(setting: str) -> None:
    suite = resolve("quick", models=["gru4rec_original"], settings=[f"training.{setting}"])
    with pytest.raises(SpecError, match=setting.split("=", maxsplit=1)[0]):
        candidates(suite)


def test_it_needs_the_training_sessions() -> None:
    with pytest.raises(ModelError, match="needs the training sessions"):
        tiny_model(OriginalGRU4Rec, n_items=9)

"""One loop for trials and final runs: what it finds can be repeated."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from srgnn_bench.baselines.gru4rec_original import OriginalGRU4Rec
from srgnn_bench.data.sessions import Sessions, Stage, stage_of
from srgnn_bench.models.srgnn import FastSRGNN
from srgnn_bench.specs.model import TrainingSpec
from srgnn_bench.store.record import Schedule
from srgnn_bench.testing.planted import planted_sessions
from srgnn_bench.training.build import build
from srgnn_bench.training.checkpoints import Checkpoint
from srgnn_bench.training.fit import EpochResult, train
from srgnn_bench.training.ranking import OBJECTIVE, judge
from srgnn_bench.training.stopping import Next, Plateau, Repeat

TRAINING = TrainingSpec(train_batch_size=32, learning_rate=0.02)


class ScoresByOtherVectors(FastSRGNN):
    """Items are read by one vector and scored by another."""

    def __init__(self, config, dataset):
        super().__init__(config, dataset)
        self.output_embedding = torch.nn.Embedding.from_pretrained(
            self.item_embedding.weight.detach().clone(), freeze=False, padding_idx=0
        )

    def item_vectors(self):
        return self.output_embedding.weight


SMALL: dict[type[Any], dict[str, Any]] = {
    FastSRGNN: {"embedding_size": 8},
    ScoresByOtherVectors: {"embedding_size": 8},
    OriginalGRU4Rec: {
        "hidden_size": 8,
        "n_sample": 5,
        "momentum": 0.3,
        "dropout_p_hidden": 0.2,
    },
}
"""A model that trains as most do, one whose lookups alone reach a weight, and one with batches and
an optimizer of its own."""


@pytest.fixture(scope="module")
def stage() -> Stage:
    sessions = planted_sessions(count=160, items=20, seed=3)
    parts = Sessions.from_lists(sessions[:120]), Sessions.from_lists(sessions[120:])
    return stage_of("validation", *parts)


def model_of(stage: Stage, model_class: type[Any] = FastSRGNN) -> Any:
    return build(model_class, SMALL[model_class], stage, seed=5)


def weights(model: Any) -> list[torch.Tensor]:
    return list(model.state_dict().values())


class Made:
    """Judges with values that were made up, so that a course is known beforehand."""

    def __init__(self, *values: float) -> None:
        self._values = iter(values)

    def __call__(self, model: object) -> dict[str, float]:
        return {OBJECTIVE: next(self._values)}


# In the first, both cuts go back to the same epoch; in the second, the first cut is tried earlier
# in vain, in the third with success; in the last, neither gains anything.
COURSES = [
    (0.1, 0.3, 0.2, 0.2, 0.2, 0.4, 0.5, 0.1),
    (0.1, 0.3, 0.2, 0.4, 0.2, 0.1, 0.5, 0.1),
    (0.1, 0.3, 0.2, 0.35, 0.4, 0.5, 0.2, 0.1),
    (0.3, 0.2, 0.1, 0.1),
]
CASES = [*((values, FastSRGNN) for values in COURSES), (COURSES[1], OriginalGRU4Rec)]


@pytest.mark.parametrize(("values", "model_class"), CASES)
def test_a_schedule_gives_the_weights_that_it_was_chosen_for(
    stage: Stage, values, model_class: type[Any]
) -> None:
    rule = Plateau(epochs=20, patience=1)
    found = model_of(stage, model_class)
    train(found, stage, TRAINING, rule, seed=7, judge=Made(*values))
    repeated = model_of(stage, model_class)
    train(repeated, stage, TRAINING, Repeat(rule.schedule), seed=7)
    assert all(map(torch.equal, weights(found), weights(repeated)))


@pytest.mark.parametrize(("values", "model_class"), CASES)
@pytest.mark.parametrize("killed_after", [1, 3, 4, 5])
def test_a_training_that_is_cut_off_goes_on_as_if_it_had_not_been(
    stage: Stage, tmp_path: Path, values, killed_after: int, model_class: type[Any]
) -> None:
    class Killed(Exception):  # noqa: N818
        pass

    def kill(result: EpochResult) -> None:
        told.append(result)
        if len(told) == min(killed_after, len(values)):
            raise Killed

    told: list[EpochResult] = []
    checkpoint = Checkpoint(tmp_path / "checkpoint", key="k")
    with pytest.raises(Killed):
        train(
            model_of(stage, model_class), stage, TRAINING, Plateau(epochs=20, patience=1), seed=7,
            judge=Made(*values), tell=kill, checkpoint=checkpoint,
        )  # fmt: skip
    rule, other_rule = (Plateau(epochs=20, patience=1) for _ in range(2))
    model, other = model_of(stage, model_class), model_of(stage, model_class)
    history = train(
        model, stage, TRAINING, rule, seed=7, judge=Made(*values[killed_after:]),
        checkpoint=checkpoint,
    )  # fmt: skip
    whole = train(other, stage, TRAINING, other_rule, seed=7, judge=Made(*values))
    assert [(e.epoch, e.loss, e.value) for e in history] == [
        (e.epoch, e.loss, e.value) for e in whole
    ]
    assert rule.schedule == other_rule.schedule
    assert all(map(torch.equal, weights(model), weights(other)))


@pytest.mark.parametrize("clip", [None, 0.1])
def test_items_may_be_scored_by_other_vectors_than_they_are_read_by(
    stage: Stage, clip: float | None
) -> None:
    model, dense = (model_of(stage, ScoresByOtherVectors) for _ in range(2))
    assert model.item_embedding.sparse
    dense.item_embedding.sparse = False
    training = TrainingSpec(
        train_batch_size=32, learning_rate=0.02, weight_decay=1e-5, clip_grad_norm=clip
    )
    before = judge(model, stage)[OBJECTIVE]
    for each in (model, dense):
        train(each, stage, training, Repeat(Schedule(epochs=4)), seed=7)
    assert judge(model, stage)[OBJECTIVE] > 1.5 * before
    assert not torch.equal(model.item_embedding.weight, model.output_embedding.weight)
    for one, other in zip(weights(model), weights(dense), strict=True):
        torch.testing.assert_close(one, other)


def test_a_judged_training_ends_with_its_best_weights(stage: Stage) -> None:
    judged = partial(judge, stage=stage)
    model, rule = model_of(stage), Plateau(epochs=20, patience=1)
    history = train(model, stage, TRAINING, rule, seed=7, judge=judged)
    assert rule.after(0.0) is Next.END
    assert judged(model)[OBJECTIVE] == max(epoch.value for epoch in history)


def test_a_training_that_was_cut_off_on_another_kind_of_device_begins_anew(
    stage: Stage, tmp_path: Path
) -> None:
    checkpoint = Checkpoint(tmp_path / "checkpoint", key="k")
    train(
        model_of(stage), stage, TRAINING, Repeat(Schedule(epochs=2)), seed=7, checkpoint=checkpoint
    )
    state = checkpoint.load(device=torch.device("cpu"))
    assert state is not None
    checkpoint.save({**state, "device": "cuda", "now": None})  # it is not looked at
    told: list[EpochResult] = []
    model, fresh = model_of(stage), model_of(stage)
    rule = Repeat(Schedule(epochs=1))
    train(model, stage, TRAINING, rule, seed=7, tell=told.append, checkpoint=checkpoint)
    train(fresh, stage, TRAINING, Repeat(Schedule(epochs=1)), seed=7)
    assert [result.epoch for result in told] == [1]
    assert all(map(torch.equal, weights(model), weights(fresh)))


def test_products_next_to_nothing_are_zero_while_a_model_trains(stage: Stage) -> None:
    def product() -> float:
        return float(torch.tensor(1e-25) * torch.tensor(1e-15))

    found: list[float] = []

    def watched(model: Any) -> dict[str, float]:
        found.append(product())
        return judge(model, stage)

    train(model_of(stage), stage, TRAINING, Repeat(Schedule(epochs=1)), seed=7, judge=watched)
    assert found == [0.0]
    assert product() > 0

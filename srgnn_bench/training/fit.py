"""Trains RecBole models; a training that is cut off goes on where it stopped.

RecBole's own trainer is not used: it rounds its metrics, names checkpoints by the second so that
parallel trials overwrite each other, and writes ones that today's torch refuses to read.
"""

from __future__ import annotations

import copy
import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch

from srgnn_bench.data.sessions import Stage
from srgnn_bench.errors import ModelError
from srgnn_bench.events import EpochDone
from srgnn_bench.models import HasOwnBatches, HasOwnOptimizer, TrainingBatches
from srgnn_bench.process.computing import limits_named, refuse_emulation, subnormals_as_zero
from srgnn_bench.process.memory import freed_memory_kept
from srgnn_bench.recbole_bridge.batch_form import form_of
from srgnn_bench.recbole_bridge.dataset import PrefixBatches
from srgnn_bench.specs.model import TrainingSpec
from srgnn_bench.store.keys import seed_from
from srgnn_bench.training.build import seed_all
from srgnn_bench.training.checkpoints import Checkpoint
from srgnn_bench.training.ranking import OBJECTIVE
from srgnn_bench.training.stopping import Next, StopRule

MORE_MEMORY = (
    "A batch is not made smaller by itself, since that would be another training: set a smaller "
    "train_batch_size or embedding_size, or use a device with more memory. --resume retry-failed "
    "then tries a final run again."
)


@dataclass(frozen=True)
class EpochResult:
    """What one epoch gave.

    Attributes:
        epoch: its place in the course, from 1; it stands again where the course went back.
        loss: mean loss per step, in nats per prefix for a softmax loss.
        seconds: time of training, judging not included.
        judged: metrics of the judged prefixes after it; None where they were not ranked.
        judge_seconds: time of ranking them.
        cuts: how often the learning rate had been cut for it.
    """

    epoch: int
    loss: float
    seconds: float
    judged: dict[str, float] | None
    judge_seconds: float = 0.0
    cuts: int = 0

    @property
    def value(self) -> float | None:
        """What decides the course: MRR@20 of the judged prefixes; None where not ranked."""
        return None if self.judged is None else self.judged[OBJECTIVE]


def epoch_done(
    result: EpochResult, *, dataset: str, entry: str, epochs: int, seed: int | None = None
) -> EpochDone:
    """What listeners are told of an epoch.

    Args:
        result: what it gave.
        dataset: name of the dataset.
        entry: name of the suite's entry.
        epochs: most epochs of the course.
        seed: number of the seed of a final run; None for a trial.
    """
    return EpochDone(
        dataset=dataset,
        entry=entry,
        epoch=result.epoch,
        epochs=epochs,
        loss=result.loss,
        seconds=result.seconds,
        value=result.value,
        seed=seed,
    )


@freed_memory_kept()
@subnormals_as_zero()
def train(
    model: Any,
    stage: Stage,
    training: TrainingSpec,
    rule: StopRule,
    *,
    seed: int,
    judge: Callable[[Any], dict[str, float]] | None = None,
    tell: Callable[[EpochResult], None] = lambda _: None,
    checkpoint: Checkpoint | None = None,
) -> list[EpochResult]:
    """Train a model until its stop rule ends it, with the weights of the best epoch.

    It learns from shuffled prefixes and with Adam, unless it brings batches or an optimizer of its
    own (``srgnn_bench.models.training``).

    The order of prefixes and the dropout of epoch n depend on ``seed`` and n alone. So a training
    that goes on from a checkpoint ends with the same weights as one that never stopped, and one
    that repeats a schedule with those of the one that found it. A checkpoint of another kind of
    device, which rounds and drops out otherwise, is not gone on from.

    Args:
        model: from ``build``; trained in place.
        stage: the stage to train on.
        training: batch size, learning rate and the other settings.
        rule: a new one; decides the learning rate's cuts, the way back and the end.
        seed: root of the order of prefixes and of dropout.
        judge: ranks the judged prefixes after each epoch and returns metrics.
        tell: told of every epoch, those of a checkpoint included.
        checkpoint: written after every epoch and continued from. The caller removes it, and
            what begins with its name: a kill leaves a half-written one beside it.

    Returns:
        Every epoch that was trained, those taken back included, in order.

    Raises:
        ModelError: the loss is NaN, or memory ran out.
        DeviceError: the device has no products of the precision that is asked for.
        StoreError: the checkpoint cannot be written.
    """
    device = torch.device(model.device)
    refuse_emulation(training.precision, device)
    optimizer = _optimizer(model, training)
    batches = batches_of(model, stage, training)
    history: list[EpochResult] = []
    following = Next.EPOCH
    kept: dict[int, dict[str, Any]] = {}
    state = None if checkpoint is None else checkpoint.load(device=device)
    if state is not None and state["device"] == device.type:
        _put_back(state["now"], model, optimizer)
        kept = state["kept"]
        history = [EpochResult(**epoch) for epoch in state["history"]]
        for result in history:
            following = rule.after(result.value)
            tell(result)
    while following is not Next.END:
        epoch, cuts = rule.epoch + 1, rule.cuts
        rate = training.learning_rate * training.lr_decay_gamma**cuts
        started = time.perf_counter()
        # Importing RecBole's models switches anomaly detection on, which costs time in every step.
        with (
            torch.autograd.set_detect_anomaly(False),
            limits_named(
                f"{type(model).__name__} in batches of {training.train_batch_size} prefixes",
                device=device,
                remedy=MORE_MEMORY,
            ),
        ):
            seed_all(seed_from(seed, "dropout", epoch))
            order = batches.epoch(seed_from(seed, "order", epoch))
            loss = _epoch(model, order, optimizer, training, rate=rate, epoch=epoch)
        seconds = time.perf_counter() - started
        judged = None if judge is None else judge(model)
        judge_seconds = time.perf_counter() - started - seconds
        result = EpochResult(epoch, loss, seconds, judged, judge_seconds, cuts)
        history.append(result)
        following = rule.after(result.value)
        if len(history) in rule.wanted:
            kept[len(history)] = copy.deepcopy(_state(model, optimizer))
        kept = {trained: state for trained, state in kept.items() if trained in rule.wanted}
        if following is Next.BACK:
            _put_back(kept[rule.to], model, optimizer)
        if checkpoint is not None:
            state = {
                "device": device.type,
                "now": _state(model, optimizer),
                "kept": kept,
                "history": [asdict(each) for each in history],
            }
            checkpoint.save(state)
        tell(result)
    if rule.to in kept:
        _put_back(kept[rule.to], model, optimizer)
    return history


def _optimizer(model: Any, training: TrainingSpec) -> torch.optim.Optimizer:
    if isinstance(model, HasOwnOptimizer):
        return model.own_optimizer(training)
    parameters = [p for p in model.parameters() if p.requires_grad]
    return torch.optim.Adam(
        parameters, lr=training.learning_rate, weight_decay=training.weight_decay, fused=True
    )


def batches_of(model: Any, stage: Stage, training: TrainingSpec) -> TrainingBatches:
    """The model's own batches of a stage, or the prefixes in the form that it reads."""
    size = training.train_batch_size
    own = model.own_batches(stage, batch_size=size) if isinstance(model, HasOwnBatches) else None
    if own is not None:
        return own
    return PrefixBatches(
        stage.train_prefixes,
        batch_size=size,
        device=torch.device(model.device),
        form=form_of(model),
    )


def _state(model: Any, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """The weights, and what the optimizer keeps of the steps that led to them."""
    return {"weights": model.state_dict(), "optimizer": optimizer.state_dict()}


def _put_back(state: dict[str, Any], model: Any, optimizer: torch.optim.Optimizer) -> None:
    model.load_state_dict(state["weights"])
    # It would go on with the very tensors that it is handed, and change them.
    optimizer.load_state_dict(copy.deepcopy(state["optimizer"]))


def _epoch(
    model: Any,
    batches: Iterator[Any],
    optimizer: torch.optim.Optimizer,
    training: TrainingSpec,
    *,
    rate: float,
    epoch: int,
) -> float:
    """One pass over the batches; returns the mean loss per step."""
    model.train()
    kind = torch.device(model.device).type
    for group in optimizer.param_groups:
        group["lr"] = rate
    total, step = 0.0, 0
    for step, batch in enumerate(batches, start=1):
        optimizer.zero_grad()
        with torch.autocast(kind, torch.bfloat16, enabled=training.precision == "bfloat16"):
            losses = model.calculate_loss(batch)
        loss = torch.stack(losses).sum() if isinstance(losses, tuple) else losses
        value = float(loss.detach())
        if not np.isfinite(value):
            raise ModelError(
                f"The loss of {type(model).__name__} is {value} in epoch {epoch}, step {step}.",
                remedy="Lower learning_rate or set clip_grad_norm.",
            )
        loss.backward()
        if isinstance(optimizer, torch.optim.Adam):
            _make_dense(model)
        if training.clip_grad_norm is not None:
            torch.nn.utils.clip_grad_norm_(model.parameters(), training.clip_grad_norm)
        optimizer.step()
        total += value
    return total / step


def _make_dense(model: Any) -> None:
    """Adam takes no sparse gradient, which that of a lookup is unless a dense one joins it.

    That of the loss does where items are scored by the vectors by which they are read.
    """
    for weight in model.parameters():
        if weight.grad is not None and weight.grad.is_sparse:
            weight.grad = weight.grad.to_dense()


WARM_UP_STEPS = 2
"""Steps before those that are timed: the first ones make buffers and choose algorithms."""


@freed_memory_kept()
@subnormals_as_zero()
def step_seconds(model: Any, stage: Stage, training: TrainingSpec, *, patience: float) -> float:
    """Time of a training step, from a few of an epoch; the model is of no use afterwards.

    Args:
        model: from ``build``.
        stage: the stage to train on.
        training: batch size and the other settings.
        patience: seconds after which no further step begins.

    Raises:
        ModelError: the loss is NaN.
    """
    optimizer = _optimizer(model, training)
    batches, rate = batches_of(model, stage, training).epoch(0), training.learning_rate
    first = list(itertools.islice(batches, 1 + WARM_UP_STEPS))
    timed: list[float] = []

    def ticking() -> Iterator[Any]:
        for batch in itertools.chain(first[-1:], batches):
            timed.append(time.perf_counter())
            yield batch
            if time.perf_counter() - timed[0] > patience:
                break
        timed.append(time.perf_counter())

    with torch.autograd.set_detect_anomaly(False):
        if first[:-1]:
            _epoch(model, iter(first[:-1]), optimizer, training, rate=rate, epoch=1)
        _epoch(model, ticking(), optimizer, training, rate=rate, epoch=1)
    return (timed[-1] - timed[0]) / (len(timed) - 1)

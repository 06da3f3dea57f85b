"""Trains RecBole models; a training that is cut off goes on where it stopped.

RecBole's own trainer is not used: it rounds its metrics, names checkpoints by the second so that
parallel trials overwrite each other, and writes ones that today's torch refuses to read.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from srgnn_bench.data.sessions import Stage
from srgnn_bench.errors import ModelError
from srgnn_bench.process.computing import limits_named
from srgnn_bench.process.memory import freed_memory_kept
from srgnn_bench.recbole_bridge.batch_form import form_of
from srgnn_bench.recbole_bridge.dataset import PrefixBatches
from srgnn_bench.schema import TrainingSpec
from srgnn_bench.store.keys import seed_from
from srgnn_bench.training import checkpoints
from srgnn_bench.training.build import seed_all

MORE_MEMORY = (
    "A batch is not made smaller by itself, since that would be another training: set a smaller "
    "train_batch_size or embedding_size, or use a device with more memory. --resume retry-failed "
    "then tries a final run again."
)


@dataclass(frozen=True)
class EpochResult:
    """What one epoch gave.

    Attributes:
        epoch: from 1.
        loss: mean loss per step, in nats per prefix for a softmax loss.
        seconds: time of training, judging not included.
        judged: metrics of the judged prefixes after it; None where they were not ranked.
        judge_seconds: time of ranking them.
    """

    epoch: int
    loss: float
    seconds: float
    judged: dict[str, float] | None
    judge_seconds: float = 0.0


@freed_memory_kept()
def train(
    model: Any,
    stage: Stage,
    training: TrainingSpec,
    *,
    seed: int,
    epochs: int,
    judge: Callable[[Any], dict[str, float]] | None = None,
    after_epoch: Callable[[list[EpochResult]], bool] = lambda _: False,
    best_by: str | None = None,
    checkpoint: Path | None = None,
) -> list[EpochResult]:
    """Train a model with Adam for at most ``epochs`` epochs.

    The order of prefixes and the dropout of epoch n depend on ``seed`` and n alone, so that a
    training continued from a checkpoint ends with the same weights as one that never stopped. One
    that began on another kind of device, which rounds and drops out otherwise, begins anew.

    Args:
        model: from ``build``; trained in place.
        stage: the stage to train on.
        training: batch size, learning rate and the other settings.
        seed: root of the order of prefixes and of dropout.
        epochs: most epochs.
        judge: ranks the judged prefixes after each epoch and returns metrics.
        after_epoch: called with all epochs so far after each one, those of a checkpoint
            included; returns whether to stop.
        best_by: the metric by which the best epoch's weights are put back at the end; None
            keeps the last epoch's.
        checkpoint: file written after every epoch and continued from. The caller removes it, and
            what begins with its name: a kill leaves a half-written one beside it.

    Raises:
        ModelError: the loss is NaN, or memory ran out.
        StoreError: the checkpoint cannot be written.
    """
    device = torch.device(model.device)
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.Adam(
        parameters, lr=training.learning_rate, weight_decay=training.weight_decay, fused=True
    )
    batches = PrefixBatches(
        stage.train_prefixes,
        batch_size=training.train_batch_size,
        device=device,
        form=form_of(model),
    )
    history: list[EpochResult] = []
    best_weights = None
    state = None if checkpoint is None else checkpoints.load(checkpoint, device=device)
    if state is not None and state["device"] == device.type:
        model.load_state_dict(state["weights"])
        optimizer.load_state_dict(state["optimizer"])
        history = [EpochResult(**epoch) for epoch in state["history"]]
        best_weights = state["best_weights"]
    for n in range(1, len(history) + 1):
        if after_epoch(history[:n]):
            epochs = n
            break
    for epoch in range(len(history) + 1, epochs + 1):
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
            loss = _epoch(model, batches, optimizer, training, seed=seed, epoch=epoch)
        seconds = time.perf_counter() - started
        judged = judge(model) if judge is not None else None
        judge_seconds = time.perf_counter() - started - seconds
        history.append(EpochResult(epoch, loss, seconds, judged, judge_seconds))
        if best_by is not None and best_epoch(history, best_by).epoch == epoch:
            best_weights = {k: v.detach().clone() for k, v in model.state_dict().items()}
        if checkpoint is not None:
            state = {
                "device": device.type,
                "weights": model.state_dict(),
                "optimizer": optimizer.state_dict(),
                "history": [asdict(epoch) for epoch in history],
                "best_weights": best_weights,
            }
            checkpoints.save(checkpoint, state)
        if after_epoch(history):
            break
    if best_weights is not None:
        model.load_state_dict(best_weights)
    return history


def best_epoch(history: list[EpochResult], metric: str) -> EpochResult:
    """The epoch with the highest value of a metric, the earliest of several."""
    return max(history, key=lambda e: (e.judged or {}).get(metric, float("-inf")))


def _epoch(
    model: Any,
    batches: PrefixBatches,
    optimizer: torch.optim.Optimizer,
    training: TrainingSpec,
    *,
    seed: int,
    epoch: int,
) -> float:
    """One pass over the training prefixes; returns the mean loss per step."""
    model.train()
    decays = 0 if training.lr_decay_step is None else (epoch - 1) // training.lr_decay_step
    for group in optimizer.param_groups:
        group["lr"] = training.learning_rate * training.lr_decay_gamma**decays
    seed_all(seed_from(seed, "dropout", epoch))
    total = 0.0
    for step, batch in enumerate(batches.shuffled(seed_from(seed, "order", epoch)), start=1):
        optimizer.zero_grad()
        losses = model.calculate_loss(batch)
        loss = torch.stack(losses).sum() if isinstance(losses, tuple) else losses
        value = float(loss.detach())
        if not np.isfinite(value):
            raise ModelError(
                f"The loss of {type(model).__name__} is {value} in epoch {epoch}, step {step}.",
                remedy="Lower learning_rate or set clip_grad_norm.",
            )
        loss.backward()
        if training.clip_grad_norm is not None:
            torch.nn.utils.clip_grad_norm_(model.parameters(), training.clip_grad_norm)
        optimizer.step()
        total += value
    return total / len(batches)

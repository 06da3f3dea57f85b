"""Builds and trains RecBole models; a training that is cut off goes on where it stopped.

RecBole's own trainer is not used: it rounds its metrics, names checkpoints by the second so that
parallel trials overwrite each other, and writes ones that today's torch refuses to read.
"""

from __future__ import annotations

import os
import pickle
import random
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from srgnn_bench.data.sessions import Stage
from srgnn_bench.errors import ModelError, StoreError
from srgnn_bench.models.fitted import FittedRecommender
from srgnn_bench.models.full_softmax import clear_padding
from srgnn_bench.process.memory import freed_memory_kept
from srgnn_bench.recbole_bridge.batch_form import batch_form, form_of, longest_sequence
from srgnn_bench.recbole_bridge.classes import with_full_softmax
from srgnn_bench.recbole_bridge.config import recbole_config
from srgnn_bench.recbole_bridge.dataset import PrefixBatches, SessionDataset
from srgnn_bench.schema import TrainingSpec
from srgnn_bench.store.keys import seed_from


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


def build(model_class: type[Any], configuration: dict[str, Any], stage: Stage, *, seed: int) -> Any:
    """A model with its weights drawn from the seed; fitted ones are fitted.

    Args:
        model_class: a RecBole sequential model.
        configuration: its parameters.
        stage: the stage whose catalogue and training sessions it gets.
        seed: seed of the weights.

    Raises:
        ModelError: the class does not accept the configuration.
    """
    longest = longest_sequence(configuration, stage)
    _seed_all(seed_from(seed, "weights"))
    try:
        config = recbole_config(model_class, configuration, longest_prefix=longest)
        form = batch_form(model_class, config, stage=stage)
        kind = with_full_softmax(model_class, loss=config["loss_type"])
        model = kind(config, SessionDataset(stage, longest=longest)).to(config["device"])
    except (TypeError, KeyError, ValueError, NotImplementedError) as error:
        raise ModelError(
            f"{model_class.__name__} cannot be built from {configuration}: {error!r}.",
            remedy="Correct the parameters in the model's YAML.",
        ) from error
    model.batch_form = form
    if kind is not model_class:
        clear_padding(model.item_embedding)
    if isinstance(model, FittedRecommender):
        model.fit(stage.train)
    return model


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
    training continued from a checkpoint ends with the same weights as one that never stopped.

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
        ModelError: the loss is NaN.
        StoreError: the checkpoint cannot be written.
    """
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.Adam(
        parameters, lr=training.learning_rate, weight_decay=training.weight_decay, fused=True
    )
    batches = PrefixBatches(
        stage.train_prefixes,
        batch_size=training.train_batch_size,
        device=model.device,
        form=form_of(model),
    )
    history, best_weights = _restore(checkpoint, model, optimizer)
    for n in range(1, len(history) + 1):
        if after_epoch(history[:n]):
            epochs = n
            break
    for epoch in range(len(history) + 1, epochs + 1):
        started = time.perf_counter()
        # Importing RecBole's models switches anomaly detection on, which costs time in every step.
        with torch.autograd.set_detect_anomaly(False):
            loss = _epoch(model, batches, optimizer, training, seed=seed, epoch=epoch)
        seconds = time.perf_counter() - started
        judged = judge(model) if judge is not None else None
        judge_seconds = time.perf_counter() - started - seconds
        history.append(EpochResult(epoch, loss, seconds, judged, judge_seconds))
        if best_by is not None and best_epoch(history, best_by).epoch == epoch:
            best_weights = {k: v.detach().clone() for k, v in model.state_dict().items()}
        _save(checkpoint, model, optimizer, history, best_weights)
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
    _seed_all(seed_from(seed, "dropout", epoch))
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


def _seed_all(seed: int) -> None:
    """Seed every generator that a model may draw from."""
    torch.manual_seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - models from elsewhere draw from the global generator
    random.seed(seed)


def _save(
    checkpoint: Path | None,
    model: Any,
    optimizer: torch.optim.Optimizer,
    history: list[EpochResult],
    best_weights: dict[str, torch.Tensor] | None,
) -> None:
    if checkpoint is None:
        return
    temporary = checkpoint.with_name(f"{checkpoint.name}.{os.getpid()}")
    state = {
        "weights": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "history": [asdict(epoch) for epoch in history],
        "best_weights": best_weights,
    }
    try:
        checkpoint.parent.mkdir(parents=True, exist_ok=True)
        torch.save(state, temporary)
        temporary.replace(checkpoint)
    except (OSError, RuntimeError) as error:  # torch raises a RuntimeError where the disk is full
        temporary.unlink(missing_ok=True)
        raise StoreError(
            f"The checkpoint {checkpoint} cannot be written ({error}).",
            remedy="Free space or permissions there, and call again: it goes on from here.",
        ) from error


def _restore(
    checkpoint: Path | None, model: Any, optimizer: torch.optim.Optimizer
) -> tuple[list[EpochResult], dict[str, torch.Tensor] | None]:
    """Load a checkpoint into the model and optimizer; a damaged one is as good as none."""
    if checkpoint is None or not checkpoint.exists():
        return [], None
    try:
        state = torch.load(checkpoint, weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError):
        return [], None
    model.load_state_dict(state["weights"])
    optimizer.load_state_dict(state["optimizer"])
    return [EpochResult(**epoch) for epoch in state["history"]], state["best_weights"]

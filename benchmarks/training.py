"""Training prefixes per second: RecBole's models through RecBole, ours through ours, the floor."""

from __future__ import annotations

import importlib.util
import itertools
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch

from benchmarks.measure import Series, alternate, seconds_of
from benchmarks.recbole_peer import RecBole, anomaly_detection
from benchmarks.rectools_peer import targets_per_second
from benchmarks.sessions import LONGEST, diginetica_or_generated, stage, with_prefixes
from benchmarks.torch_peer import HAS_CHUNKED_LOSS, TorchsLoss
from srgnn_bench.data.sessions import Stage
from srgnn_bench.layers.products import HAS_ONEDNN, add_product, put_product
from srgnn_bench.layers.softmax_loss import BLOCK_SESSIONS, TILE_BYTES
from srgnn_bench.process.computing import computing_on, has_bfloat16
from srgnn_bench.process.device import CPU, Device
from srgnn_bench.recbole_bridge.classes import model_class
from srgnn_bench.specs import registry
from srgnn_bench.specs.model import Precision, TrainingSpec
from srgnn_bench.store.record import Schedule
from srgnn_bench.training.build import build
from srgnn_bench.training.fit import step_seconds, train
from srgnn_bench.training.stopping import Repeat

EMBEDDING_SIZE = 64
"""RecBole's default, for all models."""

BATCH_SIZES = (100, 512, 2048)
"""What the SR-GNN authors, we and RecBole train with."""

MODELS = {
    "SRGNN": "srgnn",
    "GRU4Rec": "gru4rec",
    "NARM": "narm",
    "STAMP": "stamp",
    "SASRec": "sasrec",
}
"""RecBole's class -> our model."""

ALL_POSITIONS = "SASRec from all positions"
SECONDS = 20.0
"""For how long each repetition of it is measured."""

OURS, THEIRS = "srgnn_bench", "RecBole"
FLOOR = "floor: three matrix products alone"


def measure(
    data_root: Path | None,
    batch_size: int,
    models: list[str],
    repetitions: int,
    rectools: Path | None = None,
    device: Device = CPU,
) -> list[Series]:
    """Training speed of the models at a batch size.

    Args:
        data_root: where diginetica may be.
        batch_size: prefixes per step.
        models: RecBole's classes.
        repetitions: rounds that count.
        rectools: a Python that has RecTools, whose SASRec is measured on the CPU alone.
        device: where all others compute.
    """
    name, train_sessions, test_sessions = diginetica_or_generated(data_root)
    whole = stage(train_sessions, test_sessions)
    part = with_prefixes(whole, train=max(5_000, 4 * batch_size), judged=100)
    found = []
    for model in models:
        task = f"{model}, {name}, batch {batch_size}"
        with tempfile.TemporaryDirectory() as folder:
            contenders = _contenders(
                model, part, batch_size=batch_size, folder=Path(folder), device=device
            )
            rates = alternate(contenders, repetitions=repetitions)
        found += [
            Series("training", task, contender, "prefixes/s", values)
            for contender, values in rates.items()
        ]
    asked = rectools is not None and "SASRec" in models and device == CPU
    if asked and batch_size == min(BATCH_SIZES):
        rates = alternate(
            _all_positions(whole, batch_size=batch_size, rectools=rectools),
            repetitions=repetitions,
        )
        task = f"{ALL_POSITIONS}, {name}, batch {batch_size}"
        found += [
            Series("training", task, contender, "prefixes/s", values)
            for contender, values in rates.items()
        ]
    return found


def _contenders(
    model: str, part: Stage, *, batch_size: int, folder: Path, device: Device
) -> dict[str, Callable[[], float]]:
    prefixes = len(part.train_prefixes)
    theirs = RecBole(model, part, folder=folder, train_batch_size=batch_size, device=device)
    training = partial(_training, part=part, batch_size=batch_size, device=device)

    def recbole(*, anomaly: bool) -> float:
        anomaly_detection(on=anomaly)
        rate = prefixes / seconds_of(theirs.train_epoch, device=device)
        anomaly_detection(on=False)
        return rate

    contenders: dict[str, Callable[[], float]] = {
        f"{THEIRS}, padded to {theirs.padded_to}": lambda: recbole(anomaly=True),
        OURS: training(ours(model, part, device=device)),
    }
    if has_bfloat16(device.torch):
        low = ours(model, part, device=device)
        contenders[f"{OURS}, bfloat16"] = training(low, precision="bfloat16")
    if model == "SRGNN":
        contenders[f"{THEIRS}, anomaly detection off"] = lambda: recbole(anomaly=False)
        if importlib.util.find_spec("torch_geometric"):
            from benchmarks.pyg_peer import GeometricSRGNN

            parameters = {"embedding_size": EMBEDDING_SIZE, "step": 0}
            peer = build(GeometricSRGNN, parameters, part, seed=0, device=device)
            contenders["torch_geometric encoder, torch's cross-entropy"] = training(peer)
        if HAS_CHUNKED_LOSS:
            parameters = {"embedding_size": EMBEDDING_SIZE}
            peer = build(TorchsLoss, parameters, part, seed=0, device=device)
            contenders["torch's linear_cross_entropy in place of our loss"] = training(peer)
        products = Products(batch_size, part.n_items, EMBEDDING_SIZE, device=device)
        steps = prefixes // batch_size
        for layout, work in products.layouts().items():
            contenders[f"{FLOOR}, {layout}"] = _repeated(
                work, steps=steps, batch_size=batch_size, device=device
            )
    return contenders


def _all_positions(
    whole: Stage, *, batch_size: int, rectools: Path
) -> dict[str, Callable[[], float]]:
    """Batches of as many targets as prefixes elsewhere: as many sessions as have those on average.

    RecTools holds the logits of every padded position of a batch, which is all but impossible at
    the larger batch sizes.
    """
    targets = len(whole.train.items) - len(whole.train)

    def theirs() -> float:
        return targets_per_second(
            rectools,
            whole.train.items,
            whole.train.offsets,
            batch_sessions=round(batch_size * len(whole.train) / targets),
            longest=LONGEST,
            d=EMBEDDING_SIZE,
            threads=torch.get_num_threads(),
            seconds=SECONDS,
        )

    def own() -> float:
        model = ours("SASRec", whole, training_positions="all")
        training = TrainingSpec(train_batch_size=batch_size)
        with computing_on(CPU):
            return batch_size / step_seconds(model, whole, training, patience=SECONDS)

    return {f"RecTools, padded to {LONGEST}": theirs, OURS: own}


def ours(model: str, part: Stage, *, device: Device = CPU, **parameters: Any) -> Any:
    """Our model of that name, with RecBole's default parameters and those given."""
    spec = registry.model(MODELS[model])
    size = spec.called.get("embedding_size", "embedding_size")
    parameters = {size: EMBEDDING_SIZE, **parameters}
    return build(model_class(spec), parameters, part, seed=0, device=device)


def _training(
    model: Any,
    part: Stage,
    *,
    batch_size: int,
    device: Device,
    precision: Precision = "float32",
) -> Callable[[], float]:
    training = TrainingSpec(train_batch_size=batch_size, precision=precision)
    orders = itertools.count()

    def rate() -> float:
        with computing_on(device):
            work = partial(epoch, model, part, training, order=next(orders))
            return len(part.train_prefixes) / seconds_of(work, device=device)

    return rate


def epoch(model: Any, part: Stage, training: TrainingSpec, *, order: int = 0) -> None:
    """An epoch by our trainer, nothing judged.

    Whoever times several gives each an order of its own. Batches that come again have shapes for
    which libraries have built their products, which no batch of a real training has.
    """
    train(model, part, training, Repeat(Schedule(epochs=1)), seed=order)


def _repeated(
    work: Callable[[], None], *, steps: int, batch_size: int, device: Device
) -> Callable[[], float]:
    def run() -> None:
        for _ in range(steps):
            work()

    return lambda: steps * batch_size / seconds_of(run, device=device)


class Products:
    """The three matrix products that no exact gradient of a full softmax can do without.

    Scores, their product with the item vectors and their transpose's with the session vectors, a
    block of sessions at a time, in memory that is reused; nothing else is computed.
    """

    def __init__(self, sessions: int, items: int, d: int, *, device: Device = CPU) -> None:
        torch.manual_seed(0)
        self.device = device
        where = device.torch
        self.vectors = torch.randn(sessions, d).to(where)
        self.items = torch.randn(items, d).to(where)
        self.scores = torch.rand(items * min(sessions, BLOCK_SESSIONS)).to(where)
        self.grad_vectors = torch.zeros(sessions, d, device=where)
        self.grad_items = torch.zeros(items, d, device=where)

    def layouts(self) -> dict[str, Callable[[], None]]:
        """Every way to compute them, by its name."""
        if self.device != CPU:
            return {"sessions x items": self.sessions_by_items}
        ways: dict[str, Callable[[], None]] = {
            "items x sessions, MKL": partial(self.items_by_sessions, onednn=False),
            "sessions x items, MKL": self.sessions_by_items,
        }
        if HAS_ONEDNN:
            ways["items x sessions, oneDNN"] = partial(self.items_by_sessions, onednn=True)
        return ways

    def sessions_by_items(self) -> None:
        """As one writes it: scores are sessions x items, all items at once."""
        for block, gradient in self._blocks():
            scores = self.scores[: len(block) * len(self.items)].view(len(block), -1)
            torch.mm(block, self.items.T, out=scores)
            torch.mm(scores, self.items, out=gradient)
            self.grad_items.addmm_(scores.T, block)

    def items_by_sessions(self, *, onednn: bool) -> None:
        """In the layout and tiles of ``srgnn_bench.layers.softmax_loss``."""
        for block, gradient in self._blocks():
            scores = self.scores[: len(block) * len(self.items)].view(-1, len(block))
            tile_items = TILE_BYTES // (len(block) * block.element_size())
            tiles = torch.split(self.items, tile_items), torch.split(scores, tile_items)
            for items, tile in zip(*tiles, strict=True):
                put_product(tile, items, block, onednn=onednn)
                add_product(gradient, tile.T, items.T, onednn=onednn)
            add_product(self.grad_items, scores, block.T.contiguous(), onednn=onednn)

    def _blocks(self) -> zip[tuple[torch.Tensor, torch.Tensor]]:
        whole = self.vectors, self.grad_vectors
        return zip(*(torch.split(m, BLOCK_SESSIONS) for m in whole), strict=True)

"""The full-softmax loss with its gradients, by every exact way, beside what the device allows.

    python -m benchmarks.losses --device cuda --out benchmarks/results/losses.csv

Every way takes the same vectors, at the batch sizes that models train with, over a catalogue of
diginetica's size. Errors are those of the largest entry, relative to it, against double precision.
The floor is the time of the operations and bytes that no way can do without, at the rates that a
large product and a large copy reached in the same run: three products, the item vectors read twice
(once for the softmax, once for its gradient) and their gradient written.

``pip install cut-cross-entropy`` adds that way on a GPU; torch's linear_cross_entropy comes with
torch 2.13.
"""

from __future__ import annotations

import importlib.util
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import pandas as pd
import torch
import typer
from torch.nn.functional import cross_entropy

from benchmarks.device import BATCH_SIZES
from benchmarks.measure import alternate, seconds_of
from benchmarks.torch_peer import HAS_CHUNKED_LOSS, chunked
from srgnn_bench.layers.softmax_loss import full_softmax_loss
from srgnn_bench.process.computing import computing_on, refuse_emulation
from srgnn_bench.process.device import Device, DeviceChoice
from srgnn_bench.process.environment import environment
from srgnn_bench.specs.model import Precision

ITEMS = 43_097
"""Of diginetica."""

D = 100

COPIED_BYTES = {"cpu": 1 << 28, "cuda": 1 << 31, "mps": 1 << 28}
PRODUCT_ROWS = {"cpu": 2048, "cuda": 8192, "mps": 4096}

Loss = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]
"""Of session vectors, item vectors with the padding item first, and targets from 1."""


def plain(vectors: torch.Tensor, items: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Torch's cross-entropy of all scores at once."""
    return cross_entropy(vectors @ items[1:].T, targets - 1)


def cut(vectors: torch.Tensor, items: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Apple's cut cross-entropy, with no gradient left out."""
    from cut_cross_entropy import linear_cross_entropy

    loss: torch.Tensor = linear_cross_entropy(vectors, items[1:], targets - 1, impl="cce_exact")
    return loss


def _gradients(
    way: Loss,
    vectors: torch.Tensor,
    items: torch.Tensor,
    targets: torch.Tensor,
    *,
    precision: Precision = "float32",
) -> list[torch.Tensor]:
    """Loss, gradient of the sessions, gradient of the items."""
    vectors.grad = items.grad = None
    low = precision == "bfloat16"
    with torch.autocast(vectors.device.type, torch.bfloat16, enabled=low):
        loss = way(vectors, items, targets)
    loss.backward()  # type: ignore[no-untyped-call]
    assert vectors.grad is not None
    assert items.grad is not None
    return [loss.detach(), vectors.grad, items.grad]


def ways(device: Device) -> dict[str, Loss]:
    """Every way that is installed and runs on a device, by its name."""
    found: dict[str, Loss] = {"srgnn_bench": full_softmax_loss, "torch's cross_entropy": plain}
    if HAS_CHUNKED_LOSS:
        found["torch's linear_cross_entropy"] = chunked
    if device.kind == "cuda" and importlib.util.find_spec("cut_cross_entropy"):
        found["cut-cross-entropy"] = cut
    return found


@dataclass(frozen=True)
class Task:
    """One batch on one device.

    Args:
        sessions: in the batch.
        items: in the catalogue.
        device: where.
        precision: of the products.
    """

    sessions: int
    items: int
    device: Device
    precision: Precision = "float32"

    def leaves(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Session vectors, item vectors and targets, the same at every call."""
        generator = torch.Generator().manual_seed(self.sessions)
        vectors = torch.randn(self.sessions, D, generator=generator)
        items = torch.randn(self.items + 1, D, generator=generator) / D**0.5
        targets = torch.randint(1, self.items + 1, (self.sessions,), generator=generator)
        where = self.device.torch
        return (
            vectors.to(where).requires_grad_(),
            items.to(where).requires_grad_(),
            targets.to(where),
        )

    def outcome(self, way: Loss) -> list[torch.Tensor]:
        """Loss, gradient of the sessions, gradient of the items."""
        found = _gradients(way, *self.leaves(), precision=self.precision)
        return [each.cpu() for each in found]

    def truth(self) -> list[torch.Tensor]:
        """The same in double precision, on the CPU."""
        vectors, items, targets = (leaf.detach().cpu() for leaf in self.leaves())
        vectors, items = vectors.double().requires_grad_(), items.double().requires_grad_()
        return _gradients(plain, vectors, items, targets)

    def timed(self, way: Loss) -> Callable[[], float]:
        """What computes loss and gradients once, and returns the milliseconds."""
        step = partial(_gradients, way, *self.leaves(), precision=self.precision)
        return lambda: 1000 * seconds_of(step, device=self.device)

    def floor(self, rates: Rates) -> float:
        """Milliseconds below which no exact way can be."""
        size = 2 if self.precision == "bfloat16" else 4
        operations = 6 * self.sessions * self.items * D
        moved = self.items * D * (2 * size + 4)
        return 1000 * max(operations / rates.operations, moved / rates.moved)


@dataclass(frozen=True)
class Rates:
    """What a device reaches.

    Attributes:
        operations: floating-point operations of a large product per second.
        moved: bytes per second that a large copy reads and writes.
    """

    operations: float
    moved: float

    @classmethod
    def measured(cls, device: Device, precision: Precision, *, repetitions: int) -> Rates:
        """The best of some repetitions."""
        kind = torch.bfloat16 if precision == "bfloat16" else torch.float32
        n = PRODUCT_ROWS[device.kind]
        one = torch.randn(n, n, device=device.torch).to(kind)
        product = torch.empty_like(one)
        old = torch.zeros(COPIED_BYTES[device.kind], dtype=torch.uint8, device=device.torch)
        new = torch.zeros_like(old)

        def fastest(work: Callable[[], object]) -> float:
            return min(seconds_of(work, device=device) for _ in range(repetitions + 1))

        return cls(
            operations=2 * n**3 / fastest(partial(torch.mm, one, one, out=product)),
            moved=2 * old.numel() / fastest(partial(new.copy_, old)),
        )


def relative(found: torch.Tensor, truth: torch.Tensor) -> float:
    """The largest difference, relative to the largest entry."""
    return float((found.double() - truth).abs().max() / truth.abs().max())


def rows_of(task: Task, rates: Rates, *, repetitions: int) -> list[dict[str, object]]:
    """A row of the table for each way."""
    truth = task.truth()
    rows: list[dict[str, object]] = []
    runs = {}
    for name, way in ways(task.device).items():
        row: dict[str, object] = {"batch": task.sessions, "precision": task.precision, "way": name}
        rows.append(row)
        try:
            first, second = task.outcome(way), task.outcome(way)
        except Exception as error:  # whatever it meets on a device is what this looks for
            row["trouble"] = f"{type(error).__name__}: {error}".partition("\n")[0]
            continue
        errors = [relative(found, true) for found, true in zip(first, truth, strict=True)]
        row["error of loss"], row["error of gradients"] = errors[0], max(errors[1:])
        row["same bits"] = all(map(torch.equal, first, second))
        runs[name] = task.timed(way)
    times = alternate(runs, repetitions=repetitions)
    for row in rows:
        if values := times.get(str(row["way"])):
            median = statistics.median(values)
            row["milliseconds"], row["low"], row["high"] = median, min(values), max(values)
            row["times the floor"] = median / task.floor(rates)
    return rows


def main(
    device: Annotated[str, typer.Option(help="As of srgnn-bench run.")] = "auto",
    batch_size: Annotated[list[int] | None, typer.Option(help="May be repeated.")] = None,
    items: Annotated[int, typer.Option(min=1, help="Size of the catalogue.")] = ITEMS,
    bfloat16: Annotated[bool, typer.Option(help="With half precision, too.")] = False,
    repetitions: Annotated[int, typer.Option(min=1)] = 5,
    out: Annotated[Path | None, typer.Option(help="File to write.")] = None,
) -> None:
    """Measure every way to compute the loss and its gradients on a device."""
    here = DeviceChoice(device).find()
    precisions: list[Precision] = ["float32", "bfloat16"] if bfloat16 else ["float32"]
    facts = environment(here)
    machine = {name: facts.get(name) for name in ("gpu", "processor", "threads")}
    machine["torch"] = torch.__version__
    rows = []
    with computing_on(here):
        for precision in precisions:
            refuse_emulation(precision, here.torch)
            rates = Rates.measured(here, precision, repetitions=repetitions)
            typer.echo(
                f"{precision}: {rates.operations / 1e12:.2f} TFLOP/s in a large product, "
                f"{rates.moved / 1e9:.0f} GB/s in a large copy"
            )
            for size in batch_size or BATCH_SIZES:
                task = Task(size, items, here, precision)
                rows += rows_of(task, rates, repetitions=repetitions)
    table = pd.DataFrame([{**row, **machine} for row in rows])
    typer.echo(table.drop(columns=list(machine)).to_string(index=False))
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        table.to_csv(out, index=False)


if __name__ == "__main__":
    typer.run(main)

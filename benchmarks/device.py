"""Checks a device against the CPU, model by model. Run as ``python -m benchmarks.device``.

From equal weights and batches, with dropout off: scores, loss, gradients and ranks on the device
beside those of the CPU. With dropout as it is: two trainings on the device, which must give the
same bits. Then the device's speed at three batch sizes, on a catalogue of diginetica's size. On a
CPU everything is compared with itself.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import torch
import typer
from torch import nn

from benchmarks.measure import seconds_of
from benchmarks.sessions import generated, generated_like_diginetica, stage, with_prefixes
from srgnn_bench.data.sessions import Stage
from srgnn_bench.process.computing import computing_on
from srgnn_bench.process.device import CPU, Device, DeviceChoice
from srgnn_bench.process.environment import environment
from srgnn_bench.recbole_bridge.batch_form import form_of
from srgnn_bench.recbole_bridge.dataset import PrefixBatches
from srgnn_bench.specs import registry
from srgnn_bench.specs.model import TrainingSpec
from srgnn_bench.specs.resolving import resolve
from srgnn_bench.store.record import Schedule
from srgnn_bench.training.build import build, seed_all
from srgnn_bench.training.configuration import Candidate, candidates
from srgnn_bench.training.fit import batches_of, train
from srgnn_bench.training.ranking import rank_prefixes
from srgnn_bench.training.stopping import Repeat

BATCH_SIZES = (100, 512, 2048)
BATCH = 512
"""Of which the loss and its gradients are compared."""

TOLERANCES = {"scores": 1e-4, "loss": 1e-5, "gradients": 1e-3, "ranks": 1e-2}
"""Largest differences that pass for rounding: of scores relative to the largest one, of the loss
to itself, of a parameter's gradient (the worst one's) to its largest entry; of ranks the share that
differ."""

NO_GRADIENT = 1e-3
"""Of the largest entry of all gradients; a parameter that stays below has none but rounding, as
the bias of an attention's keys, which the softmax takes off again."""


@dataclass(frozen=True)
class Check:
    """What came of a model on the device.

    Attributes:
        model: its name.
        differences: from the CPU, by the names of ``TOLERANCES``; fitted models have neither loss
            nor gradients.
        same_bits: whether two trainings gave the same weights; None for fitted models.
        trouble: what went wrong instead; empty if nothing did.
    """

    model: str
    differences: dict[str, float]
    same_bits: bool | None = None
    trouble: str = ""

    @property
    def passes(self) -> bool:
        """Whether all of it is as it should be."""
        within = all(value <= TOLERANCES[name] for name, value in self.differences.items())
        return within and self.same_bits is not False and not self.trouble


def small_stage(*, sessions: int = 600, items: int = 500) -> Stage:
    """Generated sessions, few enough to train every model in seconds on a CPU."""
    made = generated(sessions=sessions, items=items, seed=0)
    cut = sessions * 9 // 10
    return stage(made.between(0, cut), made.between(cut, sessions))


def _candidate(name: str) -> Candidate:
    """A model with the values that it has in the standard suite."""
    [found] = candidates(resolve("standard", models=[name]))
    return found


def check(name: str, part: Stage, *, device: Device) -> Check:
    """Compare one model on the device with the CPU, and with itself."""
    chosen = _candidate(name)
    try:
        with computing_on(device):
            differences = _ranking(chosen, part, device)
            if chosen.is_fitted:
                return Check(name, differences)
            return Check(
                name, _learning(chosen, part, device) | differences, _repeats(chosen, part, device)
            )
    except Exception as error:  # whatever a model meets on a device is what this looks for
        return Check(name, {}, trouble=f"{type(error).__name__}: {error}".partition("\n")[0])


def _pair(chosen: Candidate, part: Stage, device: Device) -> list[Any]:
    """The model on the CPU and on the device, from the same seed, dropout off."""
    models = [
        build(chosen.model_class, chosen.defaults, part, seed=0, device=where)
        for where in (CPU, device)
    ]
    for model in models:
        for module in model.modules():
            if isinstance(module, nn.Dropout):
                module.p = 0.0
    return models


def _ranking(chosen: Candidate, part: Stage, device: Device) -> dict[str, float]:
    models = _pair(chosen, part, device)
    scores = [_scores(model, part) for model in models]
    ranks = [rank_prefixes(model, part.judged, n_items=part.n_items).ranks for model in models]
    return {
        "scores": _relative(scores[0], scores[1], by=scores[0].abs().max()),
        "ranks": float(np.mean(ranks[0] != ranks[1])),
    }


@torch.no_grad()
def _scores(model: Any, part: Stage) -> torch.Tensor:
    shown = part.judged.select(part.judged.stop > part.judged.start)
    where = torch.device(model.device)
    batch = next(iter(PrefixBatches(shown, batch_size=64, device=where, form=form_of(model))))
    scores: torch.Tensor = model.eval().full_sort_predict(batch)
    return scores.view(len(batch), -1)[:, 1:].cpu()


def _learning(chosen: Candidate, part: Stage, device: Device) -> dict[str, float]:
    models = _pair(chosen, part, device)
    losses, gradients = zip(*(_loss(model, part) for model in models), strict=True)
    sizes = [one.abs().max() for one in gradients[0]]
    least = NO_GRADIENT * torch.stack(sizes).max()
    return {
        "loss": _relative(*losses, by=losses[0].abs()),
        "gradients": max(
            _relative(one, other, by=torch.maximum(size, least))
            for one, other, size in zip(*gradients, sizes, strict=True)
        ),
    }


def _loss(model: Any, part: Stage) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """The loss of a batch and its gradients; the batch is the same on every device."""
    seed_all(0)  # RecBole draws masks from the process's generators
    batch = next(batches_of(model, part, TrainingSpec(train_batch_size=BATCH)).epoch(0))
    model.train()
    loss = model.calculate_loss(batch)
    loss = torch.stack(loss).sum() if isinstance(loss, tuple) else loss
    loss.backward()
    found = [p.grad.cpu().to_dense() for p in model.parameters() if p.grad is not None]
    return loss.detach().cpu(), found


def _repeats(chosen: Candidate, part: Stage, device: Device) -> bool:
    """Whether two trainings of an epoch give the same weights, bit for bit."""
    weights = []
    for _ in range(2):
        model = build(chosen.model_class, chosen.defaults, part, seed=0, device=device)
        train(model, part, chosen.training(chosen.defaults), one_epoch(), seed=0)
        weights.append(model.state_dict())
    one, other = weights
    return all(torch.equal(one[name], other[name]) for name in one)


def one_epoch() -> Repeat:
    """A rule that ends a training after an epoch."""
    return Repeat(Schedule(epochs=1))


def _relative(one: torch.Tensor, other: torch.Tensor, *, by: torch.Tensor) -> float:
    """Largest difference, as a share of ``by``; 0 where there is none."""
    largest = (one - other).abs().max()
    return float(largest / by) if largest else 0.0


def speed(name: str, part: Stage, batch_size: int, *, device: Device) -> float:
    """Training prefixes per second in the second epoch; the first warms up."""
    chosen = _candidate(name)
    settings = TrainingSpec(train_batch_size=batch_size)
    with computing_on(device):
        model = build(chosen.model_class, chosen.defaults, part, seed=0, device=device)
        _, seconds = (
            seconds_of(lambda: train(model, part, settings, one_epoch(), seed=0)) for _ in range(2)
        )
        return len(part.train_prefixes) / seconds


def markdown(frame: pd.DataFrame) -> str:
    """A table of the checks."""
    lines = [frame.columns, ["---"] * len(frame.columns), *frame.astype(str).to_numpy()]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def row(done: Check) -> dict[str, str]:
    """A check as a row of the table."""
    differences = {
        name: f"{done.differences[name]:.1e}" if name in done.differences else "—"
        for name in TOLERANCES
    }
    bits = {None: "—", True: "yes", False: "NO"}[done.same_bits]
    verdict = "ok" if done.passes else done.trouble or "DIFFERS"
    return {"model": done.model, **differences, "same bits": bits, "verdict": verdict}


def main(
    device: Annotated[str, typer.Option(help="As of srgnn-bench run.")] = "auto",
    model: Annotated[list[str] | None, typer.Option(help="Only this; may be repeated.")] = None,
    batch_size: Annotated[list[int] | None, typer.Option(help="May be repeated.")] = None,
    prefixes: Annotated[int, typer.Option(help="Training prefixes to time.")] = 20_000,
    out: Annotated[Path | None, typer.Option(help="Folder to write device.* to.")] = None,
) -> None:
    """Check a device against the CPU, and measure it; exit code 1 where it differs."""
    here = DeviceChoice(device).find()
    facts = environment(here)
    typer.echo(json.dumps({name: facts.get(name) for name in ("device", "gpu", "processor")}))
    names = model or registry.names("model")
    small = small_stage()
    checks = []
    for name in names:
        checks.append(check(name, small, device=here))
        typer.echo(json.dumps(row(checks[-1]), ensure_ascii=False))
    frame = pd.DataFrame([row(each) for each in checks])
    _, train_sessions, test_sessions = generated_like_diginetica()
    whole = with_prefixes(stage(train_sessions, test_sessions), train=prefixes, judged=100)
    trained = [each.model for each in checks if each.same_bits is not None and not each.trouble]
    for size in batch_size or BATCH_SIZES:
        rates = {name: f"{speed(name, whole, size, device=here):,.0f}" for name in trained}
        frame[f"prefixes/s, batch {size}"] = frame["model"].map(rates).fillna("—")
    typer.echo(markdown(frame))
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        (out / "device.md").write_text(markdown(frame), encoding="utf-8")
        (out / "device.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    if not all(each.passes for each in checks):
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)

"""Training in bfloat16: what it may change, and what stays in single precision."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch
from tiny_world import TinyWorld
from torch.utils._python_dispatch import TorchDispatchMode

from srgnn_bench.api import Benchmark
from srgnn_bench.data.sessions import Sessions, Stage, stage_of
from srgnn_bench.errors import DeviceError
from srgnn_bench.models import FittedRecommender, FullSoftmax
from srgnn_bench.process import computing
from srgnn_bench.process.computing import refuse_emulation
from srgnn_bench.recbole_bridge.classes import model_class
from srgnn_bench.specs import registry
from srgnn_bench.specs.model import TrainingSpec
from srgnn_bench.store.record import Schedule
from srgnn_bench.testing.planted import planted_sessions
from srgnn_bench.training.build import build
from srgnn_bench.training.fit import batches_of, train
from srgnn_bench.training.stopping import Repeat

CPU = torch.device("cpu")
REFUSED = {"repeatnet"}
"""RecBole's own code of these adds single and half precision by index, which torch refuses."""


def class_of(name: str) -> type:
    return model_class(registry.model(name))


TRAINED = [
    name for name in registry.names("model") if not issubclass(class_of(name), FittedRecommender)
]


@pytest.fixture(scope="module")
def stage() -> Stage:
    sessions = Sessions.from_lists(planted_sessions(count=200, items=30, seed=1))
    return stage_of("validation", sessions, sessions)


class HalfProducts(TorchDispatchMode):
    """The shapes of all operands in half precision that a matrix product has met."""

    def __init__(self) -> None:
        super().__init__()
        self.shapes: set[tuple[int, ...]] = set()

    def __torch_dispatch__(  # type: ignore[no-untyped-def]
        self, func, types, args=(), kwargs=None
    ) -> Any:
        if func.overloadpacket.__name__.rstrip("_") in {"mm", "addmm", "bmm", "baddbmm"}:
            given = [a for a in args if isinstance(a, torch.Tensor)]
            self.shapes |= {tuple(a.shape) for a in given if a.dtype == torch.bfloat16}
        return func(*args, **(kwargs or {}))


def loss_and_gradient(name: str, stage: Stage, *, low: bool) -> tuple[float, torch.Tensor]:
    model = build(class_of(name), dict(registry.model(name).parameters), stage, seed=0)
    batches = batches_of(model, stage, TrainingSpec(train_batch_size=64))
    model.train()
    torch.manual_seed(0)
    with torch.autocast("cpu", torch.bfloat16, enabled=low):
        losses = model.calculate_loss(next(batches.epoch(0)))
    loss = torch.stack(losses).sum() if isinstance(losses, tuple) else losses
    loss.backward()
    gradients = [p.grad.to_dense() for p in model.parameters() if p.grad is not None]
    assert all(gradient.dtype == torch.float32 for gradient in gradients)
    return float(loss.detach()), torch.cat([gradient.flatten() for gradient in gradients])


@pytest.mark.parametrize("name", sorted({*TRAINED} - REFUSED))
def test_every_model_learns_the_same_but_for_rounding(name: str, stage: Stage) -> None:
    (loss, gradient), (low_loss, low_gradient) = (
        loss_and_gradient(name, stage, low=low) for low in (False, True)
    )
    assert low_loss == pytest.approx(loss, rel=5e-3)
    assert float((low_gradient - gradient).norm()) < 0.1 * float(gradient.norm())
    assert not torch.equal(low_gradient, gradient)


@pytest.mark.parametrize(
    "name", [name for name in TRAINED if issubclass(class_of(name), FullSoftmax)]
)
def test_a_cpus_products_in_half_precision_have_the_shapes_of_any_other_batch(
    name: str, stage: Stage
) -> None:
    """A product of a new shape is built first, which takes longer than to multiply."""
    model = build(class_of(name), dict(registry.model(name).parameters), stage, seed=0)
    batches = batches_of(model, stage, TrainingSpec(train_batch_size=64)).epoch(0)
    met = []
    for batch in itertools.islice(batches, 2):
        with HalfProducts() as products:
            with torch.autocast("cpu", torch.bfloat16):
                loss = model.calculate_loss(batch)
            loss.backward()
        met.append(products.shapes)
    assert met[0] == met[1] != set()


def test_weights_and_moments_stay_in_single_precision(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(computing, "has_bfloat16", lambda _: True)
    spec = registry.model("srgnn")

    def trained(precision: str) -> dict[str, Any]:
        model = build(model_class(spec), {"embedding_size": 16}, stage, seed=0)
        training = TrainingSpec(precision=precision, train_batch_size=64)  # type: ignore[arg-type]
        train(model, stage, training, Repeat(Schedule(epochs=1)), seed=0)
        return model.state_dict()

    low, again, full = trained("bfloat16"), trained("bfloat16"), trained("float32")
    assert {weight.dtype for weight in low.values()} == {torch.float32}
    for name, weight in low.items():
        assert torch.equal(weight, again[name])
        torch.testing.assert_close(weight, full[name], rtol=0, atol=0.01)
    assert any(not torch.equal(weight, full[name]) for name, weight in low.items())


def test_what_the_processor_would_imitate_is_refused_before_anything_runs(
    tiny_world: TinyWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(computing, "has_bfloat16", lambda _: False)
    refuse_emulation("float32", CPU)
    benchmark = Benchmark(
        tiny_world.suite,
        data_root=tiny_world.data_root,
        results=tiny_world.results,
        settings=["training.precision=bfloat16"],
    )
    with pytest.raises(DeviceError, match=r"no products in bfloat16.*training\.precision"):
        benchmark.run()
    assert not (tiny_world.results / "runs").exists()


def test_precision_is_part_of_a_runs_key(tiny_world: TinyWorld) -> None:
    def keys(precision: str) -> set[str]:
        benchmark = Benchmark(
            tiny_world.suite,
            data_root=tiny_world.data_root,
            results=tiny_world.results,
            models=["stamp"],
            settings=[f"training.precision={precision}", "protocol.kind=published"],
            trials=0,
        )
        [job] = benchmark.jobs
        winner = job.winner()
        assert winner is not None
        return {run.key for run in job.runs(winner)}

    assert not keys("float32") & keys("bfloat16")

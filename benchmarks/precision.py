"""What half precision does to a model: to its gradients, and to what it has learned.

    python -m benchmarks.precision --data-root DATA --out benchmarks/results/precision.csv

Models train on sessions and are judged on newer ones as in a trial of tuning, in batches of 512
under the ``plateau`` schedule and else with the configuration of their files, with some seeds in
each precision. Precision is the only difference between the two. Both have the same seeds, which
says nothing once rounding has parted the courses, so the interval holds what other seeds would
change on either side. The test is not touched.

A run that is done is kept in ``--work``, so the command goes on from there, and several may share
the folder: each takes the seeds that ``--seed`` names, and the table has what is done.

Gradients are those of a first step at the initial weights, by parameter, against double precision.
"""

from __future__ import annotations

import json
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import torch
import typer

from srgnn_bench.data.prepare import prepare
from srgnn_bench.data.protocol import validation_stage
from srgnn_bench.data.sessions import Stage
from srgnn_bench.evaluation.metrics import Metric
from srgnn_bench.evaluation.statistics import by_session, estimate
from srgnn_bench.process.computing import computing_on
from srgnn_bench.process.device import CPU
from srgnn_bench.process.environment import processor
from srgnn_bench.specs.model import Precision
from srgnn_bench.specs.resolving import resolve
from srgnn_bench.store.keys import seed_from
from srgnn_bench.training.build import build
from srgnn_bench.training.checkpoints import Checkpoint
from srgnn_bench.training.configuration import Candidate, candidates
from srgnn_bench.training.fit import EpochResult, batches_of, train
from srgnn_bench.training.ranking import judge, rank_prefixes
from srgnn_bench.training.stopping import judged_rule

PRECISIONS: tuple[Precision, ...] = ("float32", "bfloat16")
MODELS = ("srgnn", "gru4rec", "sasrec")
METRICS = ("recall@20", "mrr@20")
BATCH = 512
ROUNDING = 1e-12
"""Norm of a gradient that is nothing but rounding in double precision."""


def _file(run: Path, kind: str) -> Path:
    """What is kept of a run; its name may hold a dot."""
    return run.with_name(f"{run.name}.{kind}")


def trained(chosen: Candidate, stage: Stage, *, precision: Precision, seed: int, run: Path) -> None:
    """Train and rank once, and keep ranks and course; nothing where that is done."""
    if _file(run, "json").exists():
        return
    configuration = {**chosen.defaults, "train_batch_size": BATCH, "lr_schedule": "plateau"}
    configuration.update(lr_decay_step=None, precision=precision)
    training = chosen.training(configuration)
    number = seed_from(chosen.spec.name, seed)
    checkpoint = _file(run, "checkpoint")

    def tell(epoch: EpochResult) -> None:
        typer.echo(f"{run.name}, epoch {epoch.epoch}: {epoch.value:.4f} in {epoch.seconds:.0f} s")

    with computing_on(CPU):
        model = build(chosen.model_class, configuration, stage, seed=number)
        history = train(
            model,
            stage,
            training,
            judged_rule(training),
            seed=number,
            judge=partial(judge, stage=stage),
            tell=tell,
            checkpoint=Checkpoint(checkpoint, key=run.name),
        )
        ranks = rank_prefixes(model, stage.judged, n_items=stage.n_items).ranks
    np.save(_file(run, "npy"), ranks)
    seconds = [epoch.seconds for epoch in history]
    _file(run, "json").write_text(json.dumps({"seconds": seconds, "machine": processor()}))
    checkpoint.unlink(missing_ok=True)


def compared(
    chosen: Candidate, stage: Stage, runs: dict[Precision, list[Path]]
) -> list[dict[str, Any]]:
    """Rows of the table: a metric in both precisions, and the difference with its interval."""
    totals = {
        precision: [np.load(_file(run, "npy")) for run in done] for precision, done in runs.items()
    }
    if not all(totals.values()):
        return []
    seconds = {
        precision: np.mean(
            [s for run in done for s in json.loads(_file(run, "json").read_text())["seconds"]]
        )
        for precision, done in runs.items()
    }
    rows = []
    for name in METRICS:
        scores = {
            precision: by_session(
                Metric.named(name).scores(np.stack(ranks)), sessions=stage.judged.session
            )
            for precision, ranks in totals.items()
        }
        difference = estimate(scores["bfloat16"], scores["float32"])
        low, high = difference.interval
        rows.append(
            {
                "model": chosen.title,
                "metric": name,
                "seeds": " and ".join(sorted({str(side.runs) for side in scores.values()})),
                **{p: round(100 * float(estimate(scores[p]).value), 3) for p in PRECISIONS},
                "difference": round(100 * float(difference.value), 3),
                "low": round(100 * float(low), 3),
                "high": round(100 * float(high), 3),
                **{f"{p}, s per epoch": round(float(seconds[p]), 1) for p in PRECISIONS},
                "machine": processor(),
            }
        )
    return rows


def gradients(chosen: Candidate, stage: Stage) -> list[dict[str, Any]]:
    """Errors of a first step's gradients in either precision, by parameter.

    Relative to the gradient's norm in double precision, all without dropout. A gradient that is 0
    but for rounding, as that of a bias of attention's keys, is left out.
    """
    found: dict[str, dict[str, torch.Tensor]] = {}
    configuration = {**chosen.defaults, "train_batch_size": BATCH}
    for precision in ("float64", *PRECISIONS):
        model = build(chosen.model_class, configuration, stage, seed=0)
        model.eval()
        double = precision == "float64"
        if double:
            model.double()
        batch = next(iter(batches_of(model, stage, chosen.training(configuration)).epoch(0)))
        low = torch.autocast("cpu", torch.bfloat16) if precision == "bfloat16" else nullcontext()
        with computing_on(CPU), low:
            loss = model.calculate_loss(batch)
        (sum(loss) if isinstance(loss, tuple) else loss).backward()
        found[precision] = {
            name: parameter.grad.to_dense().double()
            for name, parameter in model.named_parameters()
            if parameter.grad is not None
        }
    return [
        {
            "model": chosen.title,
            "parameter": name,
            **{p: float((found[p][name] - exact).norm() / exact.norm()) for p in PRECISIONS},
        }
        for name, exact in found["float64"].items()
        if exact.norm() > ROUNDING
    ]


def main(
    data_root: Annotated[Path, typer.Option(envvar="SRGNN_BENCH_DATA_ROOT")],
    dataset: Annotated[str, typer.Option()] = "yoochoose1_64",
    model: Annotated[
        list[str] | None, typer.Option(help="Only this model; may be repeated.")
    ] = None,
    seed: Annotated[list[int] | None, typer.Option(help="May be repeated; 0, 1, 2.")] = None,
    fraction: Annotated[
        float, typer.Option(min=0, max=1, help="Newest part of the training sessions.")
    ] = 0.25,
    work: Annotated[Path, typer.Option(help="Folder of what is done.")] = Path("build/precision"),
    out: Annotated[Path, typer.Option(help="Table to write; its gradients go beside it.")] = Path(
        "benchmarks/results/precision.csv"
    ),
) -> None:
    """Train what is missing, and write the table of all that is done."""
    work.mkdir(parents=True, exist_ok=True)
    suite = resolve("standard", datasets=[dataset], models=list(model or MODELS))
    data = prepare(suite.datasets[0], data_root=data_root, cache=work)
    part = suite.spec.protocol.model_copy(update={"tuning_fraction": fraction})
    stage = validation_stage(data, part)
    rows, errors = [], []
    for chosen in candidates(suite):
        runs: dict[Precision, list[Path]] = {}
        name = f"{dataset}-{fraction}-{chosen.spec.name}"
        for number in seed or range(3):
            for precision in PRECISIONS:
                run = work / f"{name}-{precision}-{number}"
                trained(chosen, stage, precision=precision, seed=number, run=run)
        for precision in PRECISIONS:
            like = f"{name}-{precision}-*.json"
            runs[precision] = sorted(done.with_name(done.stem) for done in work.glob(like))
        rows += compared(chosen, stage, runs)
        errors += gradients(chosen, stage)
    pd.DataFrame(rows).to_csv(out, index=False)
    pd.DataFrame(errors).to_csv(out.with_stem(f"{out.stem}-gradients"), index=False)
    typer.echo(pd.DataFrame(rows).to_string(index=False))
    typer.echo(pd.DataFrame(errors).to_string(index=False))


if __name__ == "__main__":
    typer.run(main)

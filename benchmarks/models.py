"""Training and ranking speed of all shipped models, side by side.

    python -m benchmarks.models --data-root DATA --dataset yoochoose1_64 --model srgnn --model vstan

Each model has the configuration of its file. Training is a whole epoch on the newest sessions, over
the whole catalogue; what is fitted in one pass has no such figure, since ranking is what it costs.
Ranking is of the test's oldest sessions, with the lists that a run keeps and metrics not included.
The weights make no difference to the speed, so neural models rank as built.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from benchmarks.measure import Series, alternate, seconds_of
from benchmarks.sessions import generated_like_diginetica, real
from benchmarks.tables import markdown, store
from benchmarks.training import epoch
from srgnn_bench.data.sessions import Prefixes, Stage, stage_of
from srgnn_bench.errors import DataError
from srgnn_bench.execution.final import LIST_LENGTH
from srgnn_bench.specs.resolving import resolve
from srgnn_bench.training.build import build
from srgnn_bench.training.configuration import Candidate, candidates
from srgnn_bench.training.ranking import rank_prefixes

SUITE = "everything"

SUBJECT = "srgnn"
"""What the others are compared with, and always among them."""


def measure(
    stage: Stage, names: list[str], *, dataset: str, prefixes: int, ranked: int, rounds: int
) -> list[Series]:
    """Speed of models, one after the other in each round.

    Args:
        stage: whole training and test sessions.
        names: models; none for all.
        dataset: its name, for the table.
        prefixes: of the newest training sessions, about so many are trained on.
        ranked: of the test's prefixes, so many are ranked.
        rounds: rounds that count.

    Returns:
        The series of training, then those of ranking.
    """
    chosen = [SUBJECT, *(name for name in names if name != SUBJECT)] if names else []
    entries = candidates(resolve(SUITE, models=chosen))
    models = {each.title: (each, _built(each, stage)) for each in entries}
    part = newest(stage, prefixes=prefixes)
    judged = stage.judged.select(np.arange(len(stage.judged)) < ranked)
    epochs: dict[str, Callable[[], float]] = {
        title: partial(_trained, model, each, part, itertools.count())
        for title, (each, model) in models.items()
        if not each.is_fitted
    }
    rankings = {
        title: partial(_ranked, model, judged, stage.n_items)
        for title, (_, model) in models.items()
    }
    series = []
    for task, works, count in (
        ("training", epochs, len(part.train_prefixes)),
        ("ranking", rankings, len(judged)),
    ):
        rates = alternate(works, repetitions=rounds)
        what = f"{dataset}, {count:,} prefixes"
        series += [Series(task, what, who, "prefixes/s", values) for who, values in rates.items()]
    return series


def newest(stage: Stage, *, prefixes: int) -> Stage:
    """The stage with the newest of its training sessions alone, and its whole catalogue."""
    targets = stage.train.lengths - 1
    first = int((targets[::-1].cumsum()[::-1] >= prefixes).sum()) - 1
    first = max(0, first)
    return replace(
        stage,
        train=stage.train.between(first, len(stage.train)),
        train_prefixes=stage.train_prefixes.select(stage.train_prefixes.session >= first),
    )


def _built(chosen: Candidate, stage: Stage) -> Any:
    return build(chosen.model_class, chosen.defaults, stage, seed=0)


def _trained(model: Any, chosen: Candidate, part: Stage, orders: Iterator[int]) -> float:
    work = partial(epoch, model, part, chosen.training(chosen.defaults), order=next(orders))
    return len(part.train_prefixes) / seconds_of(work)


def _ranked(model: Any, judged: Prefixes, n_items: int) -> float:
    rank = partial(rank_prefixes, model, judged, n_items=n_items, k=LIST_LENGTH)
    return len(judged) / seconds_of(rank)


def main(
    model: Annotated[
        list[str] | None, typer.Option(help="Only this model; may be repeated.")
    ] = None,
    dataset: Annotated[str, typer.Option(help="Where it is not found, one is made up.")] = (
        "diginetica"
    ),
    prefixes: Annotated[int, typer.Option(min=1, help="Prefixes of an epoch, about.")] = 10_000,
    ranked: Annotated[int, typer.Option(min=1, help="Prefixes of the test, at most.")] = 10_000,
    rounds: Annotated[int, typer.Option(min=1)] = 5,
    data_root: Annotated[Path | None, typer.Option(envvar="SRGNN_BENCH_DATA_ROOT")] = None,
    out: Annotated[Path, typer.Option(help="Folder of the results.")] = Path("benchmarks/results"),
) -> None:
    """Measure models beside SR-GNN, and write ``models.csv`` and ``models.json``."""
    found = real(data_root, dataset)
    if found is None and dataset != "diginetica":
        raise DataError(f"{dataset} is not there.", remedy="Name its folder with --data-root.")
    name, sessions, judged = found or generated_like_diginetica()
    load = os.getloadavg()[0]
    typer.echo(f"load of the machine before it: {load:.1f}")
    stage = stage_of("test", sessions, judged)
    series = measure(
        stage, model or [], dataset=name, prefixes=prefixes, ranked=ranked, rounds=rounds
    )
    typer.echo(markdown(store(series, part="models", folder=out, load=load)))


if __name__ == "__main__":
    typer.run(main)

"""Prefixes ranked per second by every model of the suite ``standard``, on whole test sets.

Simple baselines have no training to speak of, so ranking is what they cost. The neural models are
as built, since their weights make no difference to their speed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.measure import Series, alternate, seconds_of
from benchmarks.sessions import generated_like_diginetica, real
from srgnn_bench.data.sessions import Stage, stage_of
from srgnn_bench.execution.final import LIST_LENGTH
from srgnn_bench.specs.resolving import resolve
from srgnn_bench.training.build import build
from srgnn_bench.training.configuration import candidates
from srgnn_bench.training.ranking import rank_prefixes


def measure(data_root: Path | None, dataset: str, repetitions: int) -> list[Series]:
    """Speed of every model with the lists that a run keeps, metrics not included.

    A dataset that is not under the data root has no figures, except diginetica, in whose place
    sessions of its size are generated.
    """
    sessions = real(data_root, dataset)
    if sessions is None and dataset == "diginetica":
        sessions = generated_like_diginetica()
    if sessions is None:
        return []
    name, train, judged = sessions
    part = stage_of("test", train, judged)
    works: dict[str, Callable[[], float]] = {}
    for chosen in candidates(resolve("standard")):
        model = build(chosen.model_class, chosen.defaults, part, seed=0)
        works[chosen.title] = partial(_rate, model, part)
    rates = alternate(works, repetitions=repetitions)
    task = f"{name}, {len(part.judged):,} prefixes"
    return [Series("ranking", task, who, "prefixes/s", v) for who, v in rates.items()]


def _rate(model: Any, part: Stage) -> float:
    rank = partial(rank_prefixes, model, part.judged, n_items=part.n_items, k=LIST_LENGTH)
    return len(part.judged) / seconds_of(rank)

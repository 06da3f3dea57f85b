"""Whether a better value lies beyond the search space, where tuning chose one at its end.

Every winner of a results folder with a value at an end of what was searched is trained once more
with that value beyond the end and all else as it was, on the sessions on which it won, and judged
on the same validation sessions. The test set is not looked at.

    python -m benchmarks.edges --results results/reference --data-root DATA

goes on from what ``benchmarks/results/edges.csv`` holds, and from the last epoch of the training
that was under way.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from srgnn_bench.data.prepare import prepare
from srgnn_bench.execution.tasks import Workbench
from srgnn_bench.process.device import CPU
from srgnn_bench.process.environment import processor
from srgnn_bench.report.results import load_suite
from srgnn_bench.specs.resolving import resolve
from srgnn_bench.specs.suite import SuiteSpec, TuningSpec
from srgnn_bench.store.dimensions import edge_of
from srgnn_bench.store.keys import short
from srgnn_bench.store.store import ResultStore
from srgnn_bench.store.study import Trial
from srgnn_bench.training.configuration import candidates
from srgnn_bench.tuning.study import Study

OUT = Path(__file__).parent / "results" / "edges.csv"
WORK = Path("build/edges")


@dataclass(frozen=True)
class Edge:
    """A value that tuning chose at an end of what was searched.

    Attributes:
        suite: one that the study belongs to.
        dataset, entry: what was tuned there.
        study: key of the study.
        best: the trial or finalist that won.
        parameter: what was searched.
        beyond: a value beyond the end.
    """

    suite: SuiteSpec
    dataset: str
    entry: str
    study: str
    best: Trial
    parameter: str
    beyond: float


def edges(store: ResultStore, suites: list[str]) -> Iterator[Edge]:
    """Every winner's value at an end, each study once."""
    told = set()
    for suite in suites:
        results = load_suite(store, suite=suite)
        for dataset, entry, record in results.tuned_places:
            tuning = results.tuning(record)
            if tuning is None or tuning.best is None or tuning.study in told:
                continue
            told.add(tuning.study)
            for parameter in tuning.edges:
                value = tuning.best.parameters[parameter]
                yield Edge(
                    suite=results.spec,
                    dataset=dataset,
                    entry=entry,
                    study=tuning.study,
                    best=tuning.best,
                    parameter=parameter,
                    beyond=beyond(value, tuning.space[parameter]),
                )


def beyond(value: Any, space: dict[str, Any]) -> float:
    """A value beyond the end of a dimension at which another lies.

    Half or twice the end where the dimension is searched on a logarithmic scale or is a choice; a
    step further where it has steps, a fifth of its width where it has none.

    Raises:
        ValueError: the value lies at no end.
    """
    edge = edge_of(value, space)
    if edge is None:
        raise ValueError(f"{value} is at no end of {space}")
    sign = -1 if edge == "low" else 1
    is_choice = space["type"] == "choice"
    end = (min if edge == "low" else max)(space["values"]) if is_choice else space[edge]
    further: float
    if is_choice or space.get("log"):
        further = end * 2.0**sign
    elif space["type"] == "int":
        further = end + sign * space.get("step", 1)
    else:
        further = end + sign * (space["high"] - space["low"]) / 5
    return round(further) if isinstance(end, int) else further


def tried(edge: Edge, *, data_root: Path, cache: Path) -> Trial:
    """What comes of the value beyond.

    Args:
        edge: what is tried.
        data_root: folder of the data.
        cache: folder of prepared data.
    """
    suite = resolve(edge.suite, models=[edge.entry])
    [chosen] = candidates(suite)
    [dataset] = (spec for spec in suite.datasets if spec.name == edge.dataset)
    data = prepare(dataset, data_root=data_root, cache=cache)
    parameters = {**edge.best.parameters, edge.parameter: edge.beyond}
    protocol = suite.spec.protocol
    study = Study(
        replace(chosen, defaults={**chosen.defaults, **parameters}, space={}),
        dataset=edge.dataset,
        fingerprint=data.fingerprint,
        protocol=protocol.with_all_sessions if edge.best.finalist else protocol,
        seed=suite.spec.seed,
        store=ResultStore(WORK),
    )
    with study.opened() as opened:
        task = opened.ask(TuningSpec(trials=1, finalists=0))
    assert task is not None  # nothing is told to the study, so its one trial is always to come
    WORK.mkdir(parents=True, exist_ok=True)
    checkpoint = WORK / f"{short(task.key)}.checkpoint"
    trial: Trial = Workbench().do(
        replace(task, parameters=parameters),
        data,
        study.protocol,
        listen=lambda event: print(f"{edge.dataset} {edge.entry}: {event}", flush=True),
        checkpoint=checkpoint,
        device=CPU,
    )
    checkpoint.unlink(missing_ok=True)
    return trial


def row(edge: Edge, trial: Trial) -> dict[str, Any]:
    """A row of the table; ``error`` says why a value beyond has no number."""
    return {
        "dataset": edge.dataset,
        "entry": edge.entry,
        "parameter": edge.parameter,
        "chosen": edge.best.parameters[edge.parameter],
        "validation": percent(edge.best.value),
        "beyond": edge.beyond,
        "validation_beyond": percent(trial.value),
        "epochs": None if trial.schedule is None else trial.schedule.epochs,
        "state": trial.state,
        "error": trial.error,
        "study": short(edge.study),
        "processor": processor(),
    }


def percent(value: float | None) -> float | None:
    """A share in percent, with two digits."""
    return None if value is None else round(100 * value, 2)


def main() -> None:
    """Try every value beyond that the table lacks."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--data-root", type=Path, required=True)
    parser.add_argument("--suite", action="append", help="standard and standard-tmall unless given")
    parser.add_argument("--entry", action="append", help="all unless given")
    parser.add_argument("--list", action="store_true", help="only say what there is to try")
    arguments = parser.parse_args()
    store = ResultStore(arguments.results)
    suites = arguments.suite or [
        name for name in ("standard", "standard-tmall") if name in store.suites()
    ]
    rows: list[Any] = pd.read_csv(OUT).to_dict("records") if OUT.exists() else []
    done = {(known["study"], known["parameter"], float(known["beyond"])) for known in rows}
    for edge in edges(store, suites):
        here = (short(edge.study), edge.parameter, float(edge.beyond))
        if here in done or edge.entry not in (arguments.entry or [edge.entry]):
            continue
        print(f"{edge.dataset} {edge.entry}: {edge.parameter} = {edge.beyond}", flush=True)
        if arguments.list:
            continue
        cache = arguments.results / "data"
        rows.append(row(edge, tried(edge, data_root=arguments.data_root, cache=cache)))
        pd.DataFrame(rows).to_csv(OUT, index=False)


if __name__ == "__main__":
    main()

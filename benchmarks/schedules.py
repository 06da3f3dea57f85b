"""Whether the ``plateau`` schedule does as well as a search over the moment of the cut.

The first edition searched ``lr_decay_step`` beside all else, with ten trials per model and data
set, on the newest quarter of the training sessions. Its best trial is trained again on the same
sessions with the same configuration, nothing changed but the schedule, and judged on the same
validation sessions.

    python -m benchmarks.schedules --data-root DATA --out benchmarks/results/schedules.csv

goes on from what the file holds, and from the last epoch of the training that was under way.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pandas as pd

from srgnn_bench.data.prepare import prepare
from srgnn_bench.data.protocol import validation_stage
from srgnn_bench.process.device import CPU
from srgnn_bench.process.environment import processor
from srgnn_bench.specs.resolving import resolve
from srgnn_bench.store.keys import key_of, seed_from
from srgnn_bench.store.store import ResultStore
from srgnn_bench.store.study import Trial
from srgnn_bench.training.configuration import candidates
from srgnn_bench.tuning.trial import TrialTask

REFERENCE = Path(__file__).parent.parent / "results" / "reference"
DATASETS = ("yoochoose1_64", "tmall", "diginetica")
MODELS = ("stamp", "gru4rec", "srgnn", "narm", "sasrec")


def searched(store: ResultStore, dataset: str, model: str) -> tuple[Trial, dict[str, Any]]:
    """The best trial of a study that searched the moment of the cut, and its configuration."""
    [(study, facts)] = [
        (study, facts)
        for study in store.studies()
        if (facts := study.facts()) and (facts.dataset, facts.model) == (dataset, model)
    ]
    best = max(
        (trial for trial in study.trials() if trial.state == "complete"),
        key=lambda trial: trial.value or 0.0,
    )
    return best, {**facts.identity["defaults"], **best.parameters}


def measure(
    dataset: str,
    model: str,
    *,
    best: Trial,
    configuration: dict[str, Any],
    data_root: Path,
    work: Path,
) -> dict[str, object]:
    """Train the configuration of a trial under ``plateau``; a row of the table."""
    suite = resolve("standard", datasets=[dataset], models=[model])
    [chosen] = candidates(suite)
    [spec] = suite.datasets
    parameters = {k: v for k, v in best.parameters.items() if k != "lr_decay_step"}
    # Today's values stand in for what the study had no word for, and for the schedule.
    schedule = {k: chosen.defaults[k] for k in ("lr_schedule", "stopping_step", "lr_decay_step")}
    configuration = {**chosen.defaults, **configuration, **schedule}
    data = prepare(spec, data_root=data_root, cache=work)
    task = TrialTask(
        key=key_of([data.fingerprint, chosen.implementation, configuration]),
        candidate=chosen,
        dataset=dataset,
        number=0,
        budget=1,
        parameters=parameters,
        configuration=configuration,
        seed=seed_from(dataset, model, configuration),
        earlier=(),
        limit_seconds=None,
    )
    checkpoint = work / f"{dataset}-{model}.checkpoint"
    trial = task.do(
        validation_stage(data, suite.spec.protocol),
        listen=lambda event: print(f"{dataset} {model}: {event}", flush=True),
        checkpoint=checkpoint,
        device=CPU,
    )
    checkpoint.unlink(missing_ok=True)
    assert trial.value is not None, trial.error
    assert best.value is not None
    assert trial.schedule is not None
    return {
        "dataset": dataset,
        "model": model,
        "lr_decay_step": best.parameters.get("lr_decay_step"),
        "searched": round(100 * best.value, 2),
        "plateau": round(100 * trial.value, 2),
        "epochs": trial.schedule.epochs,
        "cuts": " ".join(map(str, trial.schedule.cuts)),
        "course": " ".join(f"{100 * epoch.value:.2f}" for epoch in trial.epochs),
        "processor": processor(),
    }


def main() -> None:
    """Measure every pair that the table lacks."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-root", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path("build/schedules"))
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    rows = pd.read_csv(arguments.out).to_dict("records") if arguments.out.exists() else []
    measured = {(row["dataset"], row["model"]) for row in rows}
    store = ResultStore(REFERENCE)
    for dataset in DATASETS:
        for model in MODELS:
            if (dataset, model) in measured:
                continue
            best, configuration = searched(store, dataset, model)
            row = measure(
                dataset,
                model,
                best=best,
                configuration=configuration,
                data_root=arguments.data_root,
                work=arguments.work,
            )
            rows.append(row)
            pd.DataFrame(rows).to_csv(arguments.out, index=False)


if __name__ == "__main__":
    main()

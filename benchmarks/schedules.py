"""Whether the ``plateau`` schedule does as well as a search over the moment of the cut.

The first edition searched ``lr_decay_step`` beside all else, with ten trials per model and data
set, on the newest quarter of the training sessions. Its best trial is trained again on the same
sessions with the same configuration, nothing changed but the schedule, and judged on the same
validation sessions. The best of ten is biased upwards: where ``plateau`` falls short of it, it is
trained once more with its own schedule and other luck, too.

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


def trained(
    dataset: str,
    model: str,
    *,
    parameters: dict[str, Any],
    configuration: dict[str, Any],
    schedule: dict[str, Any],
    data_root: Path,
    work: Path,
) -> Trial:
    """What comes of a configuration under a schedule, on the sessions that tuning sees.

    Args:
        dataset: name of the dataset.
        model: name of the model.
        parameters: what the trial chose.
        configuration: all that its study knew.
        schedule: training settings that decide on cuts and the end.
        data_root: folder of the data.
        work: folder of prepared data and the checkpoint.
    """
    suite = resolve("standard", datasets=[dataset], models=[model])
    [chosen] = candidates(suite)
    [spec] = suite.datasets
    # Today's values stand in for what the study had no word for.
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
    trial: Trial = task.do(
        validation_stage(data, suite.spec.protocol),
        listen=lambda event: print(f"{dataset} {model}: {event}", flush=True),
        checkpoint=checkpoint,
        device=CPU,
    )
    checkpoint.unlink(missing_ok=True)
    assert trial.schedule is not None, trial.error
    return trial


def measure(dataset: str, model: str, *, data_root: Path, work: Path) -> dict[str, object]:
    """A row of the table."""
    best, configuration = searched(ResultStore(REFERENCE), dataset, model)
    decay = best.parameters.get("lr_decay_step")
    given = {
        "parameters": {k: v for k, v in best.parameters.items() if k != "lr_decay_step"},
        "configuration": configuration,
        "data_root": data_root,
        "work": work,
    }
    plateau = {"lr_schedule": "plateau", "stopping_step": 1, "lr_decay_step": None}
    step = {"lr_schedule": "step", "stopping_step": 3, "lr_decay_step": decay}
    trial = trained(dataset, model, schedule=plateau, **given)
    assert best.value is not None
    assert trial.value is not None
    assert trial.schedule is not None
    again = trained(dataset, model, schedule=step, **given) if trial.value < best.value else None
    return {
        "dataset": dataset,
        "model": model,
        "lr_decay_step": decay,
        "searched": percent(best.value),
        "again": None if again is None else percent(again.value),
        "plateau": percent(trial.value),
        "epochs": trial.schedule.epochs,
        "cuts": " ".join(map(str, trial.schedule.cuts)),
        "course": " ".join(f"{100 * epoch.value:.2f}" for epoch in trial.epochs),
        "processor": processor(),
    }


def percent(value: float | None) -> float:
    """A share in percent, with two digits."""
    assert value is not None
    return round(100 * value, 2)


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
    for dataset in DATASETS:
        for model in MODELS:
            if (dataset, model) in measured:
                continue
            rows.append(measure(dataset, model, data_root=arguments.data_root, work=arguments.work))
            pd.DataFrame(rows).to_csv(arguments.out, index=False)


if __name__ == "__main__":
    main()

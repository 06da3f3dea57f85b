"""A plausible store, made of nothing but random numbers, written through the store itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from srgnn_bench.evaluation.metrics import rank_metrics
from srgnn_bench.specs import registry
from srgnn_bench.specs.suite import SuiteSpec
from srgnn_bench.store.keys import RESULTS_VERSION, key_of, seed_from
from srgnn_bench.store.record import (
    Cell,
    Cost,
    DatasetFacts,
    Failure,
    Manifest,
    Record,
    RunIdentity,
    Schedule,
)
from srgnn_bench.store.store import ResultStore
from srgnn_bench.store.study import EpochValue, StudyFacts, Trial

PLAIN = {"train_sessions": 100_000, "train_clicks": 480_000, "train_prefixes": 380_000}
TRAINED = {
    name: registry.dataset(name).expected["srgnn"].model_dump()
    for name in ("diginetica", "yoochoose1_64", "tmall")
}
"""Counts of the data that papers print numbers of."""

DATASETS = {
    "diginetica": "Diginetica",
    "yoochoose1_64": "Yoochoose 1/64",
    "tmall": "Tmall",
    "retailrocket": "RetailRocket",
    "nowplaying": "Nowplaying",
    "gowalla": "Gowalla",
}
MODELS = {
    "srgnn": ("SR-GNN", 1.0),
    "gru4rec": ("GRU4Rec", 0.55),
    "narm": ("NARM", 0.9),
    "stamp": ("STAMP", 0.8),
    "popularity": ("Popularity", -4.5),
    "sknn": ("SKNN", 0.7),
    "vsknn": ("V-SKNN", 0.97),
    "stan": ("STAN", 1.02),
    "sasrec": ("SASRec", 0.6),
    "gcsan": ("GC-SAN", 0.92),
    "item_knn": ("Item-KNN", 0.2),
    "rules": ("Sequential rules", 0.3),
}
SPACE = {
    "learning_rate": {"type": "float", "low": 1e-4, "high": 1e-2, "log": True},
    "embedding_size": {"type": "choice", "values": [50, 100]},
    "step": {"type": "int", "low": 1, "high": 4, "step": 1, "log": False},
}


def write_suite(
    store: ResultStore,
    *,
    suite: str = "made-up",
    datasets: int = 2,
    models: int = 4,
    seeds: int = 3,
    sessions: int = 250,
    kind: str = "temporal",
    title: str = "A made-up suite",
    note: str | None = None,
    missing: Callable[[str, str, int], bool] = lambda dataset, entry, seed: False,
    entries: dict[str, dict[str, Any]] | None = None,
    skills: dict[str, float] | None = None,
    dirty: bool = False,
    shared: bool = False,
) -> Manifest:
    """Write a suite and its runs.

    ``entries`` makes variants of SR-GNN: name -> parameters; with ``shared`` they run one
    configuration, otherwise each was tuned.
    """
    names = list(MODELS)[:models]
    listed: list[Any] = (
        names
        if entries is None
        else [
            {"model": "srgnn", "name": name, "title": name, "parameters": parameters}
            for name, parameters in entries.items()
        ]
    )
    spec = SuiteSpec.model_validate(
        {
            "name": suite,
            "title": title,
            "note": note,
            "datasets": list(DATASETS)[:datasets],
            "models": listed,
            "protocol": {"kind": kind},
            "tuning": None if kind == "published" else {"trials": 12},
            "configurations_from": "srgnn" if shared else None,
            "seeds": seeds,
        }
    )
    cells = []
    for dataset in spec.datasets:
        prefixes = _prefixes(dataset, sessions)
        for entry in spec.models:
            title, skill = MODELS[entry.model]
            skill = (skills or {}).get(entry.name, skill)
            for seed in range(seeds):
                record = _record(spec, dataset, entry.model, entry.parameters, seed, dirty=dirty)
                cells.append(
                    Cell(
                        dataset=dataset,
                        entry=entry.name,
                        title=entry.title or title,
                        model=entry.model,
                        seed=seed,
                        key=record.key,
                    )
                )
                if missing(dataset, entry.name, seed):
                    if seed:
                        store.write_failure(
                            Failure(
                                key=record.key,
                                dataset=dataset,
                                model=entry.model,
                                seed=seed,
                                error="NaN",
                                traceback="...",
                                created="2026-01-01T00:00:00+00:00",
                            )
                        )
                    continue
                ranks = prefixes.assign(rank=_ranks(prefixes, record, skill))
                record = record.model_copy(update={"metrics": _metrics(ranks, skill)})
                store.write_run(
                    record,
                    prefixes=prefixes,
                    ranks=ranks["rank"].to_numpy(),
                    epochs=_epochs(record, skill),
                )
                if record.study is not None:
                    write_trials(store, _study(spec, dataset, entry.model, entry.parameters))
    manifest = Manifest(
        suite=suite,
        title=spec.title,
        note=note,
        spec=spec.model_dump(mode="json"),
        cells=tuple(cells),
    )
    store.write_manifest(manifest)
    return manifest


def write_again(
    store: ResultStore,
    record: Record,
    *,
    ranks: np.ndarray | None = None,
    prefixes: pd.DataFrame | None = None,
    lists: pd.DataFrame | None = None,
    **changes: Any,
) -> Record:
    """Store a run once more with something changed; another identity is another run."""
    changed = record.model_copy(update=changes)
    changed = changed.model_copy(update={"key": changed.identity.key})
    store.write_run(
        changed,
        prefixes=store.prefixes(record) if prefixes is None else prefixes,
        ranks=store.ranks(record) if ranks is None else ranks,
        epochs=store.epochs(record),
        lists=lists,
    )
    for name in store.suites():
        manifest = store.manifest(name)
        assert manifest is not None
        cells = [
            cell.model_copy(update={"key": changed.key}) if cell.key == record.key else cell
            for cell in manifest.cells
        ]
        store.write_manifest(manifest.model_copy(update={"cells": tuple(cells)}))
    return changed


def _prefixes(dataset: str, sessions: int) -> pd.DataFrame:
    generator = np.random.default_rng(seed_from("prefixes", dataset))
    lengths = np.minimum(generator.geometric(0.3, size=sessions), 30)
    session = np.repeat(np.arange(sessions), lengths)
    length = np.concatenate([np.arange(1, n + 1) for n in lengths])
    return pd.DataFrame(
        {
            "session": session,
            "length": length,
            "target_count": generator.zipf(1.3, size=len(session)).clip(0, 5000),
            "target_ago": generator.integers(0, length + 1),
        }
    )


def _ranks(prefixes: pd.DataFrame, record: Record, skill: float) -> np.ndarray:
    items = record.dataset.items
    dataset = record.identity.dataset
    shared = np.random.default_rng(seed_from("hardness", dataset))
    easy = 0.15 * list(DATASETS).index(dataset)
    by_session = shared.normal(0, 1.2, size=prefixes["session"].max() + 1)[prefixes["session"]]
    by_prefix = shared.normal(0, 2.0, size=len(prefixes))
    # Not by the key, which changes with the format; what is only fitted has no seed.
    identity = record.identity
    number = identity.seed if record.cost.epochs else None
    drawn_by = (dataset, record.model, identity.configuration, number)
    own = np.random.default_rng(seed_from("own", *drawn_by)).normal(0, 0.8, size=len(prefixes))
    popular = 0.1 * np.log1p(prefixes["target_count"])
    logs = 4.0 - skill - easy + by_session + by_prefix + own - popular + 0.02 * prefixes["length"]
    return np.exp(logs).clip(0, items - 1).to_numpy().astype(np.int64) + 1


def _metrics(ranks: pd.DataFrame, skill: float) -> dict[str, float]:
    return {
        **rank_metrics(ranks["rank"].to_numpy(np.int64)),
        "coverage@20": 0.5 + 0.1 * skill,
        "popularity@20": 0.1 - 0.02 * skill,
        "repeat@20": 0.05 + 0.01 * skill,
    }


def _epochs(record: Record, skill: float) -> list[dict[str, Any]]:
    return [
        {
            "epoch": epoch,
            "loss": 10.0 - skill - 2.0 * (1 - 0.5**epoch),
            "seconds": 12.5 + epoch / 10,
            "judged": None,
        }
        for epoch in range(1, record.cost.epochs + 1)
    ]


def _study(spec: SuiteSpec, dataset: str, model: str, parameters: dict[str, Any]) -> StudyFacts:
    identity: dict[str, Any] = {
        "dataset": dataset,
        "model": model,
        "protocol": {"tuning_fraction": 1.0},
        "seed": 1,
    }
    if not spec.configurations_from:
        identity["parameters"] = parameters
    return StudyFacts(
        key=key_of({**identity, "space": SPACE}),
        dataset=dataset,
        model=model,
        title=MODELS[model][0],
        identity=identity,
        space=SPACE,
    )


def write_trials(store: ResultStore, facts: StudyFacts, *, count: int = 12) -> None:
    """A study in which the fourth trial wins."""
    random = np.random.default_rng(seed_from("trials", facts.key))
    trials = []
    for number in range(count):
        rate = float(np.exp(random.uniform(np.log(1e-4), np.log(1e-2))))
        value = 0.15 - 0.02 * abs(np.log(rate / 0.0014)) + float(random.normal(0, 0.002))
        parameters = {
            "learning_rate": rate,
            "embedding_size": int(random.choice([50, 100])),
            "step": int(random.integers(1, 5)),
        }
        if number == 3:
            rate = 0.0014 + list(MODELS).index(facts.model) / 1e4
            value, parameters = 0.17, {"learning_rate": rate, "embedding_size": 100, "step": 1}
        pruned = number in (5, 9)
        epochs = [
            EpochValue(epoch=e, value=value * (1 - 0.5**e)) for e in range(1, 3 if pruned else 6)
        ]
        trials.append(
            Trial(
                number=number,
                state="pruned" if pruned else "complete",
                value=None if pruned else value,
                parameters=parameters,
                epochs=tuple(epochs),
                seconds=300.0 + 5 * list(MODELS).index(facts.model),
            )
        )
    stored = store.study(dataset=facts.dataset, model=facts.model, key=facts.key)
    stored.write_trials(facts, trials)


def _record(
    spec: SuiteSpec, dataset: str, model: str, parameters: dict[str, Any], seed: int, *, dirty: bool
) -> Record:
    fitted = model in ("popularity", "sknn", "vsknn", "stan", "item_knn", "rules")
    place = list(MODELS).index(model)
    identity = RunIdentity(
        dataset=dataset,
        fingerprint=key_of(dataset),
        protocol={"kind": spec.protocol.kind},
        implementation=f"{model}/1",
        configuration={
            "learning_rate": 0.001,
            "embedding_size": 100,
            "step": 1,
            "epochs": 30,
            **parameters,
        },
        schedule=None if fitted else Schedule(epochs=4 + place % 3, cuts=(2, 3)),
        seed=seed,
        results_version=RESULTS_VERSION,
    )
    return Record(
        key=key_of(identity.model_dump()),
        identity=identity,
        model=model,
        title=MODELS[model][0],
        class_path=f"somewhere:{model}",
        protocol_kind=spec.protocol.kind,
        metrics={},
        dataset=DatasetFacts(
            title=DATASETS[dataset],
            items=40_000,
            **{name: TRAINED.get(dataset, PLAIN)[name] for name in PLAIN},
            test_sessions=250,
            test_prefixes=800,
            unknown_targets=3,
        ),
        study=None
        if spec.protocol.kind == "published"
        else _study(spec, dataset, model, parameters).key,
        cost=Cost(
            parameters=0 if fitted else 1_000_000 + 500_000 * place,
            epochs=0 if fitted else 4 + place % 3,
            train_seconds=3.0 + place if fitted else 100.0 + 40 * place,
            rank_seconds=2.0 + place / 3,
            ranked_prefixes=800,
            peak_memory_bytes=(600 + 50 * place) * 2**20,
        ),
        environment={
            "python": "3.11.2",
            "torch": "2.13.0",
            "device": "cpu",
            "threads": 2,
            "revision": "0123456789abcdef",
            "dirty": dirty,
        },
        created="2026-01-01T00:00:00+00:00",
    )

"""A tiny world: a click log with a planted pattern, a dataset and a suite over it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from srgnn_bench.store.store import ResultStore
from srgnn_bench.testing.planted import planted_sessions


@dataclass(frozen=True)
class TinyWorld:
    """Paths of a complete benchmark in miniature."""

    root: Path
    data_root: Path
    dataset: Path
    suite: Path
    results: Path


def write_log(path: Path, sessions: list[list[int]]) -> None:
    """A click log in csv, one session per hour."""
    lines = ["session,item,time"]
    for number, session in enumerate(sessions):
        lines += [f"{number},{item},{3600 * number + 60 * i}" for i, item in enumerate(session)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")


def make_tiny_world(root: Path) -> TinyWorld:
    """A log of 300 sessions over 30 items, and a suite of two trained and one fitted model."""
    world = TinyWorld(
        root=root,
        data_root=root / "data",
        dataset=root / "tiny.yaml",
        suite=root / "tinysuite.yaml",
        results=root / "results",
    )
    write_log(
        world.data_root / "tiny" / "clicks.csv", planted_sessions(count=300, items=30, seed=1)
    )
    world.dataset.write_text(
        yaml.safe_dump(
            {
                "title": "Tiny",
                "citation": "made for tests",
                "licence": "public domain",
                "obtain": "It is made by the tests.",
                "sources": [
                    {
                        "name": "log",
                        "kind": "table",
                        "files": "clicks.csv",
                        "columns": {"session": "session", "item": "item", "time": "time"},
                        "time_format": "seconds",
                    }
                ],
                "preparation": {"split": {"kind": "newest_sessions", "fraction": 0.2}},
            }
        )
    )
    world.suite.write_text(
        yaml.safe_dump(
            {
                "title": "Tiny suite",
                "datasets": [str(world.dataset)],
                "models": ["srgnn", "stamp", "popularity"],
                "tuning": {"trials": 2},
                "training": {
                    "epochs": 4,
                    "train_batch_size": 64,
                    "embedding_size": 16,
                    "learning_rate": 0.01,
                },
                "seeds": 2,
            }
        )
    )
    return world


def broken_model(world: TinyWorld) -> Path:
    """A model file whose class fails while it is trained; see ``execution/models``."""
    path = world.root / "broken.yaml"
    path.write_text(
        yaml.safe_dump(
            {
                "title": "Broken",
                "class": "broken_model:Broken",
                "citation": "made for tests",
                "parameters": {"epochs": 2},
            }
        )
    )
    return path


def contents(store: ResultStore) -> dict[str, tuple[object, ...]]:
    """All that a results folder holds of its runs, by key, the time they took apart."""
    return {
        record.key: (
            record.metrics,
            store.ranks(record).tolist(),
            [epoch["loss"] for epoch in store.epochs(record)],
            record.study,
        )
        for record in store.records()
    }

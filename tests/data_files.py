"""Small specifications and logs that the tests of this folder share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from srgnn_bench.data.prepare import PreparedDataset, prepare
from srgnn_bench.specs.dataset import DatasetSpec

Click = tuple[Any, Any, Any]
"""Session, item, time."""

HALF = {"kind": "newest_sessions", "fraction": 0.5}


def spec_of(source: dict[str, Any] | None = None, **preparation: Any) -> DatasetSpec:
    """A dataset of one table ``log.csv`` with the columns session, item and time in seconds."""
    table = {
        "name": "own",
        "kind": "table",
        "files": ["log.csv"],
        "columns": {"session": "session", "item": "item", "time": "time"},
        "time_format": "seconds",
        **(source or {}),
    }
    return DatasetSpec.model_validate(
        {
            "name": "mine",
            "title": "Mine",
            "citation": "none",
            "licence": "none",
            "obtain": "Write mine/log.csv.",
            "sources": [table],
            "preparation": {"filters": [], "split": HALF, **preparation},
        }
    )


def write_log(
    folder: Path, clicks: Iterable[Sequence[Any]], *, header: str = "session,item,time"
) -> Path:
    """Write ``log.csv``."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "log.csv"
    lines = [header, *(",".join(str(cell) for cell in click) for click in clicks)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def prepared(folder: Path, clicks: Iterable[Click], **preparation: Any) -> PreparedDataset:
    """The dataset that those clicks give."""
    write_log(folder, clicks)
    return prepare(spec_of(**preparation), data_root=folder, cache=folder / "cache")


def sessions_with_names(data: PreparedDataset, side: str) -> dict[Any, list[Any]]:
    """Original session id -> original item ids, of one side of a dataset."""
    sessions = getattr(data, side)
    names = getattr(data, f"{side}_names")
    return {
        names[s]: [
            data.item_names[i - 1]
            for i in sessions.items[sessions.offsets[s] : sessions.offsets[s + 1]].tolist()
        ]
        for s in range(len(sessions))
    }

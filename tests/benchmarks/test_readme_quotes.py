"""The table in benchmarks/README.md says what the stored tables beside it say."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

BENCHMARKS = Path(__file__).parent.parent.parent / "benchmarks"
CLASSES = {
    "SR-GNN": "SRGNN",
    "GRU4Rec": "GRU4Rec",
    "NARM": "NARM",
    "STAMP": "STAMP",
    "SASRec": "SASRec",
}
COLUMNS = (
    ("training", "batch 2048"),
    ("training", "batch 100"),
    ("evaluation", "4096 prefixes"),
)
CELL = re.compile(r"([\d,]+) / ([\d,]+) = ([\d.]+)")


def stored(part: str) -> pd.Series:
    """Medians of a part, by task and contender."""
    table = pd.read_csv(BENCHMARKS / "results" / f"{part}.csv")
    speeds = table[table["part"] == part]
    return speeds.set_index(["task", "contender"])["median"]


def quoted() -> list[tuple[str, str, str, tuple[str, str, str]]]:
    """Part, class, what the task ends with, and ours, RecBole's and the ratio as printed."""
    found = []
    for line in (BENCHMARKS / "README.md").read_text(encoding="utf-8").splitlines():
        title, *cells = [cell.strip() for cell in line.strip("|").split("|")]
        figures = [CELL.fullmatch(cell) for cell in cells]
        if title in CLASSES and all(figures):
            found += [
                (part, CLASSES[title], end, figure.groups())
                for (part, end), figure in zip(COLUMNS, figures, strict=True)
            ]
    return found


def test_every_quoted_speed_is_stored():
    rows = quoted()
    measured = {task.split(",")[0] for task, _ in stored("evaluation").index}
    assert {name for _, name, _, _ in rows} == measured
    for part, name, end, printed in rows:
        medians = stored(part).loc[f"{name}, diginetica, {end}"]
        ours = medians["srgnn_bench"]
        theirs = next(rate for who, rate in medians.items() if who.split(",")[0] == "RecBole")
        assert printed == (f"{ours:,.0f}", f"{theirs:,.0f}", f"{ours / theirs:.1f}")

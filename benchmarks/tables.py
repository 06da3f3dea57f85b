"""What was measured, as a table in markdown and csv and as a plot."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd

import srgnn_bench.report
from benchmarks.measure import Series
from srgnn_bench.process.device import CPU, Device
from srgnn_bench.process.environment import environment

OURS = "srgnn_bench", "SR-GNN"
"""Contenders in colour."""

COLUMNS = ["part", "task", "contender", "unit", "median", "lowest", "highest", "repetitions"]


def frame(series: list[Series]) -> pd.DataFrame:
    """One row per series."""
    rows = [
        (s.part, s.task, s.contender, s.unit, s.median, min(s.values), max(s.values), len(s.values))
        for s in series
    ]
    table: pd.DataFrame = pd.DataFrame(rows, columns=COLUMNS)
    return table


def store(
    series: list[Series], *, part: str, folder: Path, load: float, device: Device = CPU
) -> pd.DataFrame:
    """Write a part's table, and beside it the date, the machine and its load before, as json."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = frame(series)
    rows.to_csv(folder / f"{part}.csv", index=False)
    facts = {
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "load_before": round(load, 2),
        **environment(device),
    }
    (folder / f"{part}.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    return rows


def markdown(rows: pd.DataFrame) -> str:
    """The tasks one after the other, each contender beside the first one of its task."""
    lines = [
        "| part | task | contender | median | spread | n | against the first |",
        "| --- | --- | --- | ---: | ---: | ---: | ---: |",
    ]
    for _, group in rows.groupby(["part", "task"], sort=False):
        first = group["median"].iloc[0]
        for part, task, contender, unit, median, lowest, highest, repetitions in zip(
            *(group[column] for column in COLUMNS), strict=True
        ):
            lines.append(
                f"| {part} | {task} | {contender} | {_number(median)} {unit} | "
                f"{_number(lowest)} to {_number(highest)} | {repetitions} | {median / first:.2f} |"
            )
    return "\n".join(lines) + "\n"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def draw(rows: pd.DataFrame, folder: Path) -> None:
    """Speed of training and evaluation as bars, growth of preparation as lines."""
    style = Path(srgnn_bench.report.__file__).parent / "style.mplstyle"
    with plt.style.context(style):
        for part in ("training", "evaluation"):
            chosen = rows[rows["part"] == part]
            if len(chosen):
                _bars(chosen, folder / f"{part}")
        growth = rows[rows["part"].isin(["preparation", "preparation memory"])]
        if len(growth):
            _growth(growth, folder / "preparation")


def _bars(rows: pd.DataFrame, path: Path) -> None:
    figure, axes = plt.subplots(figsize=(6.8, 0.6 + 0.17 * len(rows)), layout="constrained")
    labels = rows["task"] + ": " + rows["contender"]
    colours = ["#0072b2" if who in OURS else "#b0b0b0" for who in rows["contender"]]
    error = [rows["median"] - rows["lowest"], rows["highest"] - rows["median"]]
    axes.barh(labels, rows["median"], xerr=error, color=colours, error_kw={"linewidth": 0.7})
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("prefixes per second\n(median, lowest to highest)")
    _save(figure, path)


def _growth(rows: pd.DataFrame, path: Path) -> None:
    figure, both = plt.subplots(ncols=2, figsize=(6.8, 2.4), layout="constrained")
    for axes, (part, label) in zip(
        both,
        {"preparation": "seconds", "preparation memory": "peak memory, MB"}.items(),
        strict=True,
    ):
        for who, group in rows[rows["part"] == part].groupby("contender", sort=False):
            size = [int(task.rsplit(" x ", 1)[1]) for task in group["task"]]
            ours = who == "srgnn_bench"
            axes.plot(
                size,
                group["median"],
                label=who,
                marker="o" if ours else "s",
                linestyle="-" if ours else "--",
                color="#0072b2" if ours else "#7f7f7f",
            )
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        axes.set_xticks(size, [f"{s}x" for s in size])
        axes.set_xlabel("sessions, times those of the data set")
        axes.set_ylabel(label)
    both[0].legend()
    _save(figure, path)


def _save(figure: Any, path: Path) -> None:
    for kind in ("png", "svg"):
        figure.savefig(path.with_suffix(f".{kind}"), dpi=200)
    plt.close(figure)

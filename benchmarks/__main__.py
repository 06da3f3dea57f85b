"""The command ``python -m benchmarks``."""

from __future__ import annotations

import enum
import os
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from benchmarks import evaluation, preparation, tables, training
from benchmarks.measure import Series, apart
from srgnn_bench.process.device import DeviceChoice

ALL_MODELS = list(training.MODELS)


class Part(str, enum.Enum):
    """A part of the benchmark."""

    training = "training"
    evaluation = "evaluation"
    preparation = "preparation"


def main(
    part: Annotated[
        list[Part] | None, typer.Option(help="Only this part; may be repeated.")
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option(help="Only this RecBole model; may be repeated.")
    ] = None,
    batch_size: Annotated[
        list[int] | None, typer.Option(help="Training batch size; may be repeated.")
    ] = None,
    size: Annotated[
        list[int] | None, typer.Option(help="Copies of the sessions to prepare; may be repeated.")
    ] = None,
    repetitions: Annotated[int, typer.Option(min=1)] = 5,
    data_root: Annotated[Path | None, typer.Option(envvar="SRGNN_BENCH_DATA_ROOT")] = None,
    out: Annotated[Path, typer.Option(help="Folder of the results.")] = Path("benchmarks/results"),
    rectools: Annotated[
        Path | None, typer.Option(help="A Python that has RecTools, to measure its SASRec, too.")
    ] = None,
    device: Annotated[
        str, typer.Option(help="cpu, or cuda for the first GPU that may be seen.")
    ] = "cpu",
    minutes: Annotated[float, typer.Option(help="Limit of one preparation.")] = 30,
    gigabytes: Annotated[float, typer.Option(help="Limit of one preparation.")] = 12,
) -> None:
    """Measure speed and memory beside RecBole and other peers, on diginetica where it is found."""
    if int(pd.__version__.partition(".")[0]) > 2:
        raise typer.BadParameter(
            f"RecBole's loader of sequences fails with pandas {pd.__version__}: measure in an "
            "environment of its own with pip install 'pandas<3'."
        )
    here = DeviceChoice(device).find()
    models = model or ALL_MODELS
    for chosen in part or list(Part):
        busy = os.getloadavg()[0]
        typer.echo(f"{chosen.value} (load of the machine before it: {busy:.1f})")
        series: list[Series] = []
        if chosen is Part.training:
            for size_of_batch in batch_size or training.BATCH_SIZES:
                arguments = (data_root, size_of_batch, models, repetitions, rectools, here)
                series += apart(training.measure, *arguments)
        elif chosen is Part.evaluation:
            series += apart(evaluation.measure, data_root, models, repetitions, here)
            series += [
                apart(evaluation.measure_memory, data_root, each, contender, here)
                for each in models
                for contender in evaluation.CONTENDERS
            ]
        else:
            series += preparation.measure(
                data_root, size or [1, 4, 16], repetitions, 60 * minutes, 1000 * gigabytes
            )
        tables.store(series, part=chosen.value, folder=out, load=busy, device=here)
    stored = [out / f"{part.value}.csv" for part in Part]
    rows = pd.concat([pd.read_csv(path) for path in stored if path.is_file()])
    (out / "speed.md").write_text(tables.markdown(rows))
    tables.draw(rows, out)
    typer.echo(tables.markdown(rows))


if __name__ == "__main__":
    typer.run(main)

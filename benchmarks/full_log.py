"""Preparing a click log of the size and shape of yoochoose's, whole.

    python -m benchmarks.full_log                                       # 33 million clicks
    python -m benchmarks.full_log --loader recbole --clicks 4000000 --gigabytes 12

The log is generated: lengths of sessions, idle times and popularities are drawn to resemble the
publisher's, and nothing else of it is real. We read it as its publisher writes it and prepare
yoochoose 1/4 from it; RecBole reads the same clicks as an atomic file, without filters, and makes
its prefixes and loaders.
"""

from __future__ import annotations

import enum
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import typer

from benchmarks.measure import OutOfBoundsError, apart, seconds_of
from srgnn_bench.data.prepare import prepare
from srgnn_bench.data.sessions import Integers
from srgnn_bench.process.environment import peak_memory_bytes
from srgnn_bench.specs import registry

CLICKS = 33_003_944
ITEMS = 52_739
MEAN_MORE_CLICKS = 2.57
IDLE_MILLISECONDS = 120_000
HALF_YEAR = (1_396_310_400_000, 1_412_035_200_000)
BLOCK = 2_000_000


class Loader(str, enum.Enum):
    """Who prepares."""

    srgnn_bench = "srgnn_bench"
    recbole = "recbole"


def main(
    loader: Loader = Loader.srgnn_bench,
    clicks: Annotated[int, typer.Option(min=1)] = CLICKS,
    minutes: Annotated[float, typer.Option(help="Most time it may take.")] = 30,
    gigabytes: Annotated[float, typer.Option(help="Most memory it may take.")] = 6,
) -> None:
    """Generate the log, prepare it in a process of its own, print time and peak memory."""
    with tempfile.TemporaryDirectory() as name:
        atomic = loader is Loader.recbole
        log = Path(name) / "yoochoose" / ("yoochoose.inter" if atomic else "yoochoose-clicks.dat")
        generate(log, clicks=clicks)
        work = _recbole if atomic else _ours
        try:
            seconds, megabytes = apart(work, log, seconds=60 * minutes, megabytes=1000 * gigabytes)
        except OutOfBoundsError as error:
            typer.echo(f"{loader.value}, {clicks:,} clicks: {error.problem}")
            raise typer.Exit(1) from error
        size = log.stat().st_size / 1e6
        typer.echo(
            f"{loader.value}, {clicks:,} clicks ({size:,.0f} MB): {seconds:.1f} s, "
            f"{megabytes / 1000:.2f} GB at the most"
        )


def generate(path: Path, *, clicks: int) -> None:
    """Write a log: as yoochoose's publisher does, or as RecBole's atomic file if it ends so."""
    chance = np.random.default_rng(0)
    lengths = 1 + chance.geometric(1 / MEAN_MORE_CLICKS, size=clicks)
    sessions = int(np.searchsorted(np.cumsum(lengths), clicks)) + 1
    lengths = lengths[:sessions]
    lengths[-1] -= int(lengths.sum()) - clicks
    session = np.repeat(np.cumsum(chance.integers(1, 3, size=sessions)), lengths)
    start = chance.integers(*HALF_YEAR, size=sessions)  # ids do not follow the time
    idle = np.cumsum(chance.exponential(IDLE_MILLISECONDS, size=clicks).astype(np.int64))
    milliseconds = idle - np.repeat(idle[np.cumsum(lengths) - lengths] - start, lengths)
    popularity = 1 / np.arange(1, ITEMS + 1) ** 0.9
    item = 214_500_000 + 17 * chance.choice(ITEMS, clicks, p=popularity / popularity.sum())
    path.parent.mkdir()
    with path.open("wb") as file:
        if path.suffix == ".inter":
            file.write(b"session_id:token\titem_id:token\ttimestamp:float\n")
        for first in range(0, clicks, BLOCK):
            part = slice(first, first + BLOCK)
            _write(file, session[part], item[part], milliseconds[part], path.suffix)


def _write(
    file: BinaryIO, session: Integers, item: Integers, milliseconds: Integers, suffix: str
) -> None:
    if suffix == ".inter":
        columns = [session, item, milliseconds / 1000]
    else:
        time_text = pc.strftime(pa.array(milliseconds, pa.timestamp("ms")), "%Y-%m-%dT%H:%M:%SZ")
        columns = [session, time_text, item, np.zeros_like(item)]
    pa.csv.write_csv(
        pa.table(dict(zip("abcd", columns, strict=False))),
        file,
        pa.csv.WriteOptions(
            include_header=False,
            quoting_style="none",
            delimiter="\t" if suffix == ".inter" else ",",
        ),
    )


def _ours(log: Path) -> tuple[float, float]:
    cache = log.parent / "cache"
    spec = registry.dataset("yoochoose1_4")
    return _cost(lambda: prepare(spec, data_root=log.parent.parent, cache=cache))


def _recbole(log: Path) -> tuple[float, float]:
    from benchmarks.recbole_peer import load_log

    return _cost(lambda: load_log(log))


def _cost(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds, and the peak memory of the process in MB."""
    seconds = seconds_of(work)
    return seconds, peak_memory_bytes() / 1e6


if __name__ == "__main__":
    typer.run(main)

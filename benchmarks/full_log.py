"""Preparing a click log of the size and shape of a published one, whole.

    python -m benchmarks.full_log                                       # 33 million clicks
    python -m benchmarks.full_log --shape otto --gigabytes 12           # 100 million
    python -m benchmarks.full_log --loader recbole --clicks 4000000 --gigabytes 12

The log is generated: lengths of sessions, idle times and popularities are drawn to resemble the
publisher's, and nothing else of it is real. We read it from text and prepare it: yoochoose 1/4 as
its publisher writes it; OTTO with the last week as the test. RecBole reads the same clicks as an
atomic file, without filters, and makes its prefixes and loaders.
"""

from __future__ import annotations

import enum
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
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
from srgnn_bench.specs.dataset import DatasetSpec

IDLE_MILLISECONDS = 120_000
BLOCK = 2_000_000


@dataclass(frozen=True)
class Shape:
    """What a generated log resembles.

    Attributes:
        dataset: the dataset that is prepared from it.
        file: name of the log, in a folder below the data root.
        clicks, items: how many there are.
        mean_more_clicks: mean clicks of a session after the first.
        span: from the first session to the last, in milliseconds since 1970.
    """

    dataset: DatasetSpec
    file: str
    clicks: int
    items: int
    mean_more_clicks: float
    span: tuple[int, int]


OTTO = DatasetSpec.model_validate(
    {
        "name": "otto",
        "title": "OTTO",
        "citation": "-",
        "licence": "-",
        "obtain": "-",
        "sources": [
            {
                "name": "log",
                "kind": "table",
                "files": "otto.csv",
                "header": ["session", "ts", "aid"],
                "columns": {"session": "session", "item": "aid", "time": "ts"},
                "time_format": "milliseconds",
            }
        ],
        "preparation": {
            "split": {"kind": "newest_span", "days": 7},
            "unknown_test_items": "remove",
        },
    }
)

SHAPES = {
    "yoochoose": Shape(
        registry.dataset("yoochoose1_4"),
        "yoochoose/yoochoose-clicks.dat",
        clicks=33_003_944,
        items=52_739,
        mean_more_clicks=2.57,
        span=(1_396_310_400_000, 1_412_035_200_000),
    ),
    "otto": Shape(
        OTTO,
        "otto/otto.csv",
        clicks=100_000_000,
        items=1_800_000,
        mean_more_clicks=7.33,
        span=(1_659_304_800_000, 1_661_724_000_000),
    ),
}


class Loader(str, enum.Enum):
    """Who prepares."""

    srgnn_bench = "srgnn_bench"
    recbole = "recbole"


def main(
    loader: Loader = Loader.srgnn_bench,
    shape: Annotated[str, typer.Option(help=" or ".join(SHAPES))] = "yoochoose",
    clicks: Annotated[int | None, typer.Option(min=1, help="All of them unless given.")] = None,
    minutes: Annotated[float, typer.Option(help="Most time it may take.")] = 30,
    gigabytes: Annotated[float, typer.Option(help="Most memory it may take.")] = 6,
    folder: Annotated[Path | None, typer.Option(help="Where there is room for the log.")] = None,
) -> None:
    """Generate the log, prepare it in a process of its own, print time and peak memory."""
    of = SHAPES[shape]
    count = clicks or of.clicks
    with tempfile.TemporaryDirectory(dir=folder) as name:
        log = Path(name) / of.file
        work: Callable[[Path], tuple[float, float]] = _Ours(of.dataset)
        if loader is Loader.recbole:
            log, work = log.with_suffix(".inter"), _recbole
        generate(log, of, clicks=count)
        try:
            seconds, megabytes = apart(work, log, seconds=60 * minutes, megabytes=1000 * gigabytes)
        except OutOfBoundsError as error:
            typer.echo(f"{loader.value}, {count:,} clicks: {error.problem}")
            raise typer.Exit(1) from error
        size = log.stat().st_size / 1e6
        typer.echo(
            f"{loader.value}, {count:,} clicks ({size:,.0f} MB): {seconds:.1f} s, "
            f"{megabytes / 1000:.2f} GB at the most"
        )


def generate(path: Path, shape: Shape, *, clicks: int) -> None:
    """Write a log: as its publisher does, or as RecBole's atomic file if it ends so."""
    path.parent.mkdir()
    with path.open("wb") as file:
        if path.suffix == ".inter":
            file.write(b"session_id:token\titem_id:token\ttimestamp:float\n")
        for session, item, milliseconds in _blocks(shape, clicks):
            _write(file, session, item, milliseconds, path.suffix)


def _blocks(shape: Shape, clicks: int) -> Iterator[tuple[Integers, Integers, Integers]]:
    """Session, item and time of each click, in blocks of whole sessions."""
    chance = np.random.default_rng(0)
    popularity = 1 / np.arange(1, shape.items + 1) ** 0.9
    popularity /= popularity.sum()
    last = 0
    while clicks:
        most = min(clicks, BLOCK)
        lengths = 1 + chance.geometric(1 / shape.mean_more_clicks, size=most)
        lengths = lengths[: int(np.searchsorted(np.cumsum(lengths), most)) + 1]
        lengths[-1] -= int(lengths.sum()) - most
        clicks -= most
        session = last + np.cumsum(chance.integers(1, 3, size=len(lengths)))
        last = int(session[-1])
        start = chance.integers(*shape.span, size=len(lengths))  # ids do not follow the time
        idle = np.cumsum(chance.exponential(IDLE_MILLISECONDS, size=most).astype(np.int64))
        first = np.cumsum(lengths) - lengths
        yield (
            np.repeat(session, lengths),
            214_500_000 + 17 * chance.choice(shape.items, most, p=popularity),
            idle - np.repeat(idle[first] - start, lengths),
        )


def _write(
    file: BinaryIO, session: Integers, item: Integers, milliseconds: Integers, suffix: str
) -> None:
    if suffix == ".inter":
        columns = [session, item, milliseconds / 1000]
    elif suffix == ".csv":
        columns = [session, milliseconds, item]
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


@dataclass(frozen=True)
class _Ours:
    """Prepares a dataset from a log."""

    dataset: DatasetSpec

    def __call__(self, log: Path) -> tuple[float, float]:
        """Seconds, and the peak memory of the process in MB."""
        cache = log.parent / "cache"
        return _cost(lambda: prepare(self.dataset, data_root=log.parent.parent, cache=cache))


def _recbole(log: Path) -> tuple[float, float]:
    from benchmarks.recbole_peer import load_log

    return _cost(lambda: load_log(log))


def _cost(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds, and the peak memory of the process in MB."""
    seconds = seconds_of(work)
    return seconds, peak_memory_bytes() / 1e6


if __name__ == "__main__":
    typer.run(main)

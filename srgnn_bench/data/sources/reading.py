"""From the files of a source to clicks, or to sessions that are already split."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from srgnn_bench.data.log import ClickLog, Names
from srgnn_bench.data.sources import pickles, recbole_sessions, tables
from srgnn_bench.data.sources.columns import Column, Ids, as_whole_numbers
from srgnn_bench.data.sources.locate import Found
from srgnn_bench.session_table import SessionTable
from srgnn_bench.specs.dataset import AtomicSource, TableSource


@dataclass(frozen=True)
class SplitSessions:
    """Sessions as their publisher split them; their order stands for the time.

    Attributes:
        train, test: items number into ``item_names``; groups and times are ordinals that run
            over both sides.
        item_names: original ids, ascending; item i is ``item_names[i - 1]``.
    """

    train: SessionTable
    test: SessionTable
    item_names: Names


READERS: dict[str, Callable[[Path], Sequence[Sequence[int | str]]]] = {
    "srgnn_pickles": pickles.read_sessions,
    "recbole_sessions": recbole_sessions.read_sessions,
}
"""Kind of a source that is split already -> what reads one of its sides."""


def read(found: Found) -> ClickLog | SplitSessions:
    """Read a source with the reader for its kind.

    Raises:
        DataError: the files are not what the source says they are.
    """
    source = found.source
    if isinstance(source, TableSource | AtomicSource):
        return tables.read_log(found.paths[0], source)
    train, test = map(READERS[source.kind], found.paths)
    return _number(found.paths[0], train, test)


def _number(
    path: Path, train: Sequence[Sequence[int | str]], test: Sequence[Sequence[int | str]]
) -> SplitSessions:
    """Number the items densely, and the sessions by their place."""
    lengths = np.array([len(session) for session in (*train, *test)], dtype=np.int64)
    values = pa.array([item for side in (train, test) for session in side for item in session])
    ids = Ids("item", kind="text" if as_whole_numbers(values) is None else "auto")
    ids.add(Column(path, "item_id", np.arange(len(values)), values))
    items, item_names = ids.finish()
    places = np.arange(len(lengths))
    cut, clicks = len(train), int(lengths[: len(train)].sum())
    return SplitSessions(
        train=SessionTable(items[:clicks] + 1, lengths[:cut], places[:cut], places[:cut]),
        test=SessionTable(items[clicks:] + 1, lengths[cut:], places[cut:], places[cut:]),
        item_names=item_names,
    )

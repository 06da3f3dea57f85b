"""From the files of a source to clicks, or to sessions that are already split."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from srgnn_bench.data.log import ClickLog, Names, SessionTable
from srgnn_bench.data.sources import pickles, tables
from srgnn_bench.data.sources.locate import Found
from srgnn_bench.data.spec import PicklesSource, RecBoleSessionsSource


@dataclass(frozen=True)
class SplitSessions:
    """Sessions as their publisher split them; the order stands for the time.

    Attributes:
        train, test: items number into ``item_names``, groups are ordinals over both sides.
        item_names: original ids, ascending; item i is ``item_names[i - 1]``.
    """

    train: SessionTable
    test: SessionTable
    item_names: Names


def read(found: Found) -> ClickLog | SplitSessions:
    """Read a source with the reader for its kind.

    Raises:
        DataError: the files are not what the source says they are.
    """
    source = found.source
    if isinstance(source, PicklesSource):
        train, test = (pickles.read_sessions(path) for path in found.paths)
        return split_sessions(train, test)
    if isinstance(source, RecBoleSessionsSource):
        raise NotImplementedError
    return tables.read_log(found.paths[0], source)


def split_sessions(train: list[list[int]], test: list[list[int]]) -> SplitSessions:
    """Number the items densely, and the sessions by their place."""
    lengths = np.array([len(session) for session in (*train, *test)], dtype=np.int64)
    flat = np.fromiter(
        (item for session in (*train, *test) for item in session), np.int64, int(lengths.sum())
    )
    item_names, items = np.unique(flat, return_inverse=True)
    ordinals = np.arange(len(lengths))
    clicks = int(lengths[: len(train)].sum())
    return SplitSessions(
        train=SessionTable(
            items[:clicks] + 1,
            lengths[: len(train)],
            ordinals[: len(train)],
            ordinals[: len(train)],
        ),
        test=SessionTable(
            items[clicks:] + 1,
            lengths[len(train) :],
            ordinals[len(train) :],
            ordinals[len(train) :],
        ),
        item_names=item_names,
    )

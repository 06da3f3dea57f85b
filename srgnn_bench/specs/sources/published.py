"""Sessions as their publisher has split them, one file a side, without times."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import pyarrow as pa

from srgnn_bench.specs.log import SIDES, ClickLog
from srgnn_bench.specs.sources.columns import Column, Ids, as_whole_numbers
from srgnn_bench.specs.sources.prefixes import Side
from srgnn_bench.specs.sources.source import Source

MILLISECONDS = 1000
"""From one place to the next: a session table has its times in seconds."""


class PublishedSessions(Source):
    """Base of the sources with a file of training sessions and one of test sessions.

    The order of the sessions stands for the time.
    """

    is_split: ClassVar[bool] = True
    has_times: ClassVar[bool] = False
    one_of_each: ClassVar[bool] = False

    def side(self, path: Path) -> Side[int] | Side[str]:
        """The sessions of a file; errors as for ``read``."""
        raise NotImplementedError

    def read(self, paths: Sequence[Path]) -> ClickLog:
        """The sessions of both files, numbered by their place.

        Raises:
            DataError: a file is not what the source says it is; the place in it is named.
        """
        training, test = (self.side(path) for path in paths)
        sides = (training.sessions, test.sessions)
        lengths = np.array([len(session) for side in sides for session in side], dtype=np.int64)
        values = pa.array([item for side in sides for session in side for item in session])
        ids = Ids("item", kind="text" if as_whole_numbers(values) is None else "auto")
        ids.add(Column(paths[0], "item_id", np.arange(len(values)), values))
        item, item_names = ids.finish()
        place = np.arange(len(lengths))
        group = np.repeat(place, lengths)
        return ClickLog(
            groups="sessions",
            group=group,
            item=item + 1,
            time=group * MILLISECONDS,
            order=np.arange(len(group)),
            group_names=place + 1,
            item_names=item_names,
            origin=str(paths[0]),
            group_side=np.repeat(
                [SIDES.index("training"), SIDES.index("test")], [len(side) for side in sides]
            ),
            shortest_judged=test.shortest,
        )

"""A training log and a test log that somebody else has split, with times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from pydantic import model_validator

from srgnn_bench.errors import DataError
from srgnn_bench.specs.log import SIDES, ClickLog
from srgnn_bench.specs.preparation import AsPublished, Filter, UnknownItems
from srgnn_bench.specs.sources.source import FileNames
from srgnn_bench.specs.sources.tables import TablesSource, TextFields


class SplitTablesSource(TextFields, TablesSource):
    """A pair of logs, or three, as session-rec and its heirs write them.

    Nothing is split anew. With a validation log, its sessions validate in place of the newest of
    training, and train the final models together with those of the training log; so the training
    log must be the one without them.
    """

    kind: Literal["split_tables"]
    is_split: ClassVar[bool] = True

    train: FileNames
    """Names that the training log may have; so for the others."""
    validation: FileNames | None = None
    test: FileNames
    filters: tuple[Filter, ...] = ()
    """Applied to the sessions of all logs together; none unless told otherwise."""
    unknown_test_items: UnknownItems = "miss"

    @model_validator(mode="after")
    def _sessions(self) -> SplitTablesSource:
        if self.columns.sessions_are_cut:
            raise ValueError("logs that are split already name their sessions: give `session`")
        return self

    @property
    def files_wanted(self) -> tuple[tuple[str, ...], ...]:
        """A file for each side."""
        return tuple(getattr(self, key) for key in self._sides)

    @property
    def as_published(self) -> AsPublished:
        """Its filters, and its rule for test items that training never shows."""
        return AsPublished(filters=self.filters, unknown_test_items=self.unknown_test_items)

    @property
    def _sides(self) -> dict[str, int]:
        """The key of each of its files -> what its sessions are for."""
        keys = ("train", "validation", "test")
        return {key: side for side, key in enumerate(keys) if getattr(self, key) is not None}

    def read(self, paths: Sequence[Path]) -> ClickLog:
        """The clicks of all logs, with the side of every session.

        Raises:
            DataError: a file is not what the source says, or a session is in two of them.
        """
        log, clicks = self.read_together(paths)
        group_side = np.full(len(log.group_names), -1)
        start = 0
        for path, side, count in zip(paths, self._sides.values(), clicks, strict=True):
            groups = np.unique(log.group[start : start + count])
            start += count
            known = groups[group_side[groups] >= 0]
            if len(known):
                other = group_side[known[0]]
                raise DataError(
                    f"{path}: session {log.group_names[known[0]]!s}, and {len(known) - 1:,} more, "
                    f"are also in the {SIDES[other]} log. A session is on one side alone.",
                    remedy="Give logs that are split by whole sessions; number them anew where "
                    "each log counts its sessions from 1. A training log that holds the "
                    "validation sessions is used without `validation`.",
                )
            group_side[groups] = side
        return replace(log, group_side=group_side)

"""Clicks in a frame that a caller holds: pandas, polars, Arrow."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import ConfigDict, Field, model_validator
from pydantic.functional_validators import ModelWrapValidatorHandler

from srgnn_bench.errors import DataError
from srgnn_bench.plain_text import at_most
from srgnn_bench.specs.log import ClickLog
from srgnn_bench.specs.sources.clicks import Batch, ClicksSource
from srgnn_bench.specs.sources.columns import Column, is_text, microseconds, plain
from srgnn_bench.specs.time_units import TimeFormat

ROWS = 1 << 20
"""Rows that are looked at together."""


class FrameSource(ClicksSource):
    """A frame with one click per row: of pandas, of polars, or an Arrow table.

    It is known by the content of the columns that are read, whatever library holds it and in
    whatever width of numbers. The frame itself is not written anywhere: once the dataset is
    prepared, ``sha256`` finds the prepared sessions again.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    kind: Literal["frame"]
    time_format: TimeFormat = "iso"
    """Columns of dates and times need none."""
    frame: Annotated[Any, Field(exclude=True, repr=False)] = None
    """The frame; of it, an Arrow table of the columns that are read is kept."""
    sha256: str = ""
    """Of the content, made from the frame; what a file says of a frame that was given before."""

    no_column: ClassVar[str] = "Correct `columns`."

    @model_validator(mode="wrap")
    @classmethod
    def _known_by_content(
        cls, content: Any, handler: ModelWrapValidatorHandler[FrameSource]
    ) -> FrameSource:
        source = handler(content)
        if isinstance(content, FrameSource):
            return source
        if source.frame is None:
            if not source.sha256:
                raise ValueError("give `frame`")
            return source
        table, sha256 = source._read_columns()
        return source.model_copy(update={"frame": table, "sha256": sha256})

    def __getstate__(self) -> dict[Any, Any]:
        """Without the frame: a process that is sent the source finds the prepared sessions."""
        state = super().__getstate__()
        return {**state, "__dict__": {**state["__dict__"], "frame": None}}

    @property
    def origin(self) -> str:
        """What errors call it."""
        return f"The frame of source '{self.name}'"

    @property
    def files_wanted(self) -> tuple[tuple[str, ...], ...]:
        """No file."""
        return ()

    def read(self, paths: Sequence[Path]) -> ClickLog:  # noqa: ARG002 - it has none
        """The clicks of the frame.

        Raises:
            DataError: it is not here, or not what the source says; rows count from 0.
        """
        if self.frame is None:
            raise DataError(
                f"{self.origin} was given by another process, and the sessions that were made of "
                "it are not there.",
                remedy="Give the frame again, from Python, or write it to a parquet file and "
                "describe that.",
            )
        return self.log_of([(self.origin, self._blocks(self.frame))])[0]

    def _read_columns(self) -> tuple[pa.Table, str]:
        """The columns that are read, as they stand in the frame, and sha256 of their content.

        Raises:
            DataError: one is not there, or holds what no column of Arrow can.
        """
        frame = self.frame
        if hasattr(frame, "collect") and not hasattr(frame, "__arrow_c_stream__"):
            raise DataError(f"{self.origin} is not computed yet.", remedy="Give `.collect()`.")
        is_pandas = isinstance(frame, pd.DataFrame)
        try:
            whole = frame if is_pandas or isinstance(frame, pa.Table) else pa.table(frame)
            names = list(map(str, whole.columns if is_pandas else whole.column_names))
            places = sorted(set(self.places(self.origin, names).values()))
            table = (
                pa.Table.from_pandas(whole.iloc[:, places], preserve_index=False)
                if is_pandas
                else whole.select(places)
            )
            return table, _content(table)
        except (pa.ArrowException, TypeError, ValueError) as error:
            raise DataError(
                f"{self.origin} cannot be read ({at_most(200, str(error))}).",
                remedy="Give a frame of pandas or polars (1.3 on), or an Arrow table, whose "
                "columns hold one type each: numbers, text or times.",
            ) from error

    def _blocks(self, table: pa.Table) -> Iterator[Batch]:
        names = table.column_names
        places = self.places(self.origin, names)
        row = 0
        for batch in table.to_batches(max_chunksize=ROWS):
            rows = np.arange(row, row + len(batch))
            row += len(batch)
            yield {
                role: Column(self.origin, names[place], rows, plain(batch.column(place)))
                for role, place in places.items()
            }


def _content(table: pa.Table) -> str:
    """sha256 of a table's columns, 64 hex digits: of names, kinds and values.

    Neither the chunks nor the width of numbers and texts count.
    """
    whole = hashlib.sha256()
    for name in sorted(table.column_names):
        whole.update(_column_content(name, table.column(name)))
    return whole.hexdigest()


def _column_content(name: str, column: pa.ChunkedArray) -> bytes:
    values, lengths, missing = hashlib.sha256(), hashlib.sha256(), hashlib.sha256()
    kinds = set()
    for chunk in column.chunks:
        for start in range(0, len(chunk), ROWS):
            block = plain(chunk.slice(start, ROWS))
            missing.update(block.is_null().to_numpy(zero_copy_only=False).tobytes())
            kind, content, sizes = _canonical(block)
            kinds.add(kind)
            values.update(content)
            lengths.update(sizes)
    digests = [part.hexdigest() for part in (values, lengths, missing)]
    return "\0".join([name, *sorted(kinds), *digests, ""]).encode()


def _canonical(block: pa.Array) -> tuple[str, bytes, bytes]:
    """Kind, values and, of texts, their lengths, where equal values have equal bytes."""
    kind = block.type
    if is_text(kind):
        text = block.cast(pa.large_binary()).fill_null(b"")
        bounds = np.frombuffer(text.buffers()[1], np.int64)[text.offset :][: len(text) + 1]
        data = text.buffers()[2]
        content = b"" if data is None else data.to_pybytes()[bounds[0] : bounds[-1]]
        return "text", content, np.diff(bounds).tobytes()
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        block, name = microseconds(block), "time"
    elif pa.types.is_uint64(kind):
        block, name = block.cast(pa.int64(), safe=False), "whole number"
        if pc.any(pc.less(block, 0)).as_py():
            name = "whole number above 2^63 - 1"
    elif pa.types.is_integer(kind):
        block, name = block.cast(pa.int64()), "whole number"
    else:
        try:
            block, name = block.cast(pa.float64()), "number"
        except pa.ArrowException:
            return _canonical(block.cast(pa.large_string()))
    return name, block.fill_null(0).to_numpy(zero_copy_only=False).tobytes(), b""

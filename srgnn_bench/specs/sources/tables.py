"""Click logs in tables: text with separators, or parquet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import AfterValidator

from srgnn_bench.errors import DataError
from srgnn_bench.specs.fields import Spec
from srgnn_bench.specs.log import ClickLog
from srgnn_bench.specs.sources.clicks import Batch, ClicksSource
from srgnn_bench.specs.sources.columns import Column, plain
from srgnn_bench.specs.sources.source import FileNames
from srgnn_bench.specs.sources.streams import unreadable
from srgnn_bench.specs.sources.text import TextForm, text_blocks


class TablesSource(ClicksSource):
    """Base of the logs in files: ``.csv``, ``.tsv``, ``.dat``, ``.txt`` or ``.parquet``."""

    may_be_packed: ClassVar[bool] = True

    @property
    def form(self) -> TextForm:
        """How a file of text is written."""
        raise NotImplementedError

    def read(self, paths: Sequence[Path]) -> ClickLog:
        """The clicks of its file; text is parsed in blocks.

        Raises:
            DataError: the file is not what the source says; row and column are named.
        """
        return self.read_together(paths)[0]

    def read_together(self, paths: Sequence[Path]) -> tuple[ClickLog, list[int]]:
        """The clicks of all files, and how many are from each; errors as for ``read``."""
        files = zip(paths, self.files_wanted, strict=True)
        return self.log_of([(str(path), self._blocks(path, names)) for path, names in files])

    def _blocks(self, path: Path, names: tuple[str, ...]) -> Iterator[Batch]:
        """The rows of a file that may have one of those names, also as a member of a zip."""
        if path.suffix == ".parquet":
            return _parquet_blocks(path, self)
        return text_blocks(path, self, self.form, members=names)


def _checked_separator(text: str) -> str:
    """One character that can stand between two values; ``ValueError`` where it is none."""
    if len(text) != 1 or not text.isascii() or text in '\0\r\n"':
        raise ValueError(
            "give one ASCII character, neither a double quote nor the end of a line; a tab is "
            r'written "\t" in double quotes'
        )
    return text


class TextFields(Spec):
    """What a source says of how its text is written."""

    separator: Annotated[str, AfterValidator(_checked_separator)] = ","
    """One ASCII character; a tab is written "\\t" in double quotes."""
    header: tuple[str, ...] | None = None
    """Names of the columns where the file has no header line."""
    quoted: bool = True
    """Whether values may stand in double quotes."""

    @property
    def form(self) -> TextForm:
        """The same, for who reads it."""
        return TextForm(self.separator, self.header, self.quoted)


class TableSource(TextFields, TablesSource):
    """A log as a table: ``.csv``, ``.tsv``, ``.dat``, ``.txt`` or ``.parquet``."""

    kind: Literal["table"]
    files: FileNames
    """Names that the file may have; ``.gz`` and ``.zip`` are unpacked while reading."""

    @property
    def files_wanted(self) -> tuple[tuple[str, ...], ...]:
        """The one file."""
        return (self.files,)


def _parquet_blocks(path: Path, source: ClicksSource) -> Iterator[Batch]:
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            names = file.schema_arrow.names
            places = source.places(f"{path}, row 1", names)
            columns = sorted({names[place] for place in places.values()})
            row = 1
            for batch in file.iter_batches(batch_size=1 << 20, columns=columns):
                rows = np.arange(row, row + len(batch))
                row += len(batch)
                yield {
                    role: Column(path, names[place], rows, plain(batch.column(names[place])))
                    for role, place in places.items()
                }
    except (pa.ArrowException, UnicodeDecodeError) as error:  # names need not be UTF-8
        raise DataError(
            f"{path} is not a parquet file that can be read ({' '.join(str(error).split())}).",
            remedy="Write it again, whole.",
        ) from error
    except OSError as error:
        raise unreadable(path, error) from error

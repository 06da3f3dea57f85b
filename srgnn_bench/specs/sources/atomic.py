"""Click logs in RecBole's atomic format."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from srgnn_bench.errors import DataError
from srgnn_bench.specs.sources.clicks import Columns
from srgnn_bench.specs.sources.source import FileNames
from srgnn_bench.specs.sources.tables import TablesSource
from srgnn_bench.specs.sources.text import TextForm
from srgnn_bench.specs.time_units import TimeFormat


class AtomicForm(TextForm):
    """Lines of an atomic file, whose header names each column with its type."""

    def columns(self, cells: list[str]) -> tuple[list[str], list[bool]]:
        """Names of the columns, and which of them hold lists."""
        return (
            [cell.rsplit(":", 1)[0] for cell in cells],
            [cell.endswith("_seq") and ":" in cell for cell in cells],
        )

    def another_separator(self, path: Path, found: str) -> DataError:
        """What to say where the first line is one value that holds another separator."""
        return DataError(
            f"{path}: RecBole's atomic files are separated by tabs, but this one seems to be by "
            f"{found!r}.",
            remedy="Write it with tabs, or describe it as a source of `kind: table`.",
        )


class AtomicSource(TablesSource):
    """A log in RecBole's atomic format: a ``.inter`` file with names as ``item_id:token``."""

    kind: Literal["recbole_interactions"]
    files: FileNames
    """Names that the file may have; ``.gz`` and ``.zip`` are unpacked while reading."""
    place: Literal["data_root", "recbole_package"] = "data_root"
    """``recbole_package``: among the example datasets that the recbole wheel carries."""
    columns: Columns = Columns(item=("item_id",), time=("timestamp",), session=("session_id",))
    time_format: TimeFormat = "seconds"

    @property
    def in_recbole(self) -> bool:
        """Whether its files are among RecBole's own."""
        return self.place == "recbole_package"

    @property
    def files_wanted(self) -> tuple[tuple[str, ...], ...]:
        """The one file."""
        return (self.files,)

    @property
    def form(self) -> TextForm:
        """Values between tabs, without quotes."""
        return AtomicForm("\t", header=None, quoted=False)

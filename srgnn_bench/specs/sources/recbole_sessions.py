"""RecBole's session benchmarks: one row per prefix, already split."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from srgnn_bench.errors import DataError
from srgnn_bench.specs.fields import RelativePath
from srgnn_bench.specs.sources.prefixes import Side, rebuild
from srgnn_bench.specs.sources.published import PublishedSessions
from srgnn_bench.specs.sources.source import places_of
from srgnn_bench.specs.sources.streams import open_binary

REMEDY = (
    "RecBole's session benchmarks have the columns item_id_list:token_seq (ids separated by "
    "spaces) and item_id:token, separated by tabs."
)


class RecBoleSessionsSource(PublishedSessions):
    """RecBole's session benchmarks: ``X.train.inter`` and ``X.test.inter``, already split."""

    kind: Literal["recbole_sessions"]
    prefix: RelativePath
    """X in the names of the files."""

    @property
    def files_wanted(self) -> tuple[tuple[str, ...], ...]:
        """Both files, under the one name that each may have."""
        return ((f"{self.prefix}.train.inter",), (f"{self.prefix}.test.inter",))

    def side(self, path: Path) -> Side[str]:
        """See ``read_side``."""
        return read_side(path)


def read_side(path: Path) -> Side[str]:
    """Sessions rebuilt from their prefixes; ids as they stand in the file.

    A column ``session_id`` is not needed: the rows of a session follow each other. Empty lines are
    none, and do not count.

    Raises:
        DataError: the file is no session benchmark; the row is named.
    """
    with open_binary(path, members=()) as stream:
        content = stream.read()
    try:
        lines = [line for line in content.decode("utf-8-sig").splitlines() if line]
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text ({error}).", remedy=REMEDY) from error
    if not lines:
        raise DataError(f"{path} is empty.", remedy=REMEDY)
    names = [name.rsplit(":", 1)[0] for name in lines[0].split("\t")]
    wanted = {name: (name,) for name in ("item_id_list", "item_id")}
    places = places_of(wanted, names, where=f"{path}, row 1", remedy=REMEDY)
    if len(lines) == 1:
        raise DataError(f"{path} holds a header but no prefix.", remedy=REMEDY)
    prefixes, targets = [], []
    for row, line in enumerate(lines[1:], start=2):
        cells = line.split("\t")
        prefix = cells[places["item_id_list"]].split() if len(cells) == len(names) else []
        target = cells[places["item_id"]].strip() if prefix else ""
        if not target:
            raise DataError(
                f"{path}, row {row}: no prefix and target in {line[:60]!r}.", remedy=REMEDY
            )
        prefixes.append(prefix)
        targets.append(target)
    return rebuild(path, prefixes, targets, first_row=2)

"""What every kind of source says and does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field

from srgnn_bench.errors import DataError
from srgnn_bench.plain_text import at_most
from srgnn_bench.specs.fields import Name, RelativePath, Spec
from srgnn_bench.specs.log import ClickLog
from srgnn_bench.specs.preparation import AsPublished, Preparation


def _as_tuple(value: object) -> object:
    """One name, or a list of them."""
    return (value,) if isinstance(value, str) else value


FileNames = Annotated[tuple[RelativePath, ...], BeforeValidator(_as_tuple), Field(min_length=1)]
"""One name, or several that publishers have used for the same file: the first found is taken."""

ColumnNames = Annotated[tuple[str, ...], BeforeValidator(_as_tuple), Field(min_length=1)]
"""Names of a column, likewise."""

PACKED = (".gz", ".zip")
"""How the name of a packed file ends."""


def places_of(
    wanted: Mapping[str, tuple[str, ...]], names: Sequence[str], *, where: str, remedy: str
) -> dict[str, int]:
    """What each column is for -> its place among the names of the columns that are there.

    Args:
        wanted: what each column is for -> the names that it may have.
        names: those of all columns, in their order.
        where: where they stand, for errors.
        remedy: what to do where a column is not there.

    Raises:
        DataError: a column is not there, or there twice.
    """
    places = {}
    for role, choices in wanted.items():
        name = next((choice for choice in choices if choice in names), None)
        if name is None:
            raise DataError(
                f"{where}: there is no column {' or '.join(choices)}; the columns are "
                f"{at_most(200, ', '.join(names))}.",
                remedy=remedy,
            )
        if names.count(name) > 1:
            raise DataError(
                f"{where}: the column {name} is there twice.", remedy="Rename one of them."
            )
        places[role] = names.index(name)
    return places


class Source(Spec):
    """Base of the sources: where clicks may be, and how they are read."""

    is_split: ClassVar[bool] = False
    """Whether its sessions are split already, and so no ``preparation`` applies to them."""
    has_times: ClassVar[bool] = True
    """Whether it says when sessions took place, and not only in which order."""
    may_be_packed: ClassVar[bool] = False
    """Whether its files may be packed, and so have one of the endings of ``PACKED``, too."""
    one_of_each: ClassVar[bool] = True
    """Whether two files that may both be meant are an error."""
    beside_others: ClassVar[bool] = True
    """Whether its files may lie in the data root itself, with those of other datasets."""
    name: Name
    """Name of the source, by which a user can ask for it."""

    @property
    def in_recbole(self) -> bool:
        """Whether its files are among RecBole's own, in a folder with the dataset's name."""
        return False

    @property
    def files_wanted(self) -> tuple[tuple[str, ...], ...]:
        """Names that each of its files may have, in the order in which ``read`` takes them."""
        raise NotImplementedError

    @property
    def as_published(self) -> AsPublished:
        """What is done with its sessions where they are split already."""
        return AsPublished()

    def check(self, preparation: Preparation | None) -> None:
        """``ValueError`` where a dataset's preparation does not fit what this holds."""

    def read(self, paths: Sequence[Path]) -> ClickLog:
        """The clicks of its files.

        Args:
            paths: one for each entry of ``files_wanted``.

        Raises:
            DataError: a file is not what the source says it is; the place in it is named.
        """
        raise NotImplementedError

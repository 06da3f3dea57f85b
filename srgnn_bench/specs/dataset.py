"""What a dataset's YAML may say: where its clicks are, and how sessions are made of them."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    model_validator,
)

from srgnn_bench.specs.fields import Name, Spec, Text, Title, checked_path
from srgnn_bench.specs.preparation import Preparation
from srgnn_bench.specs.time_units import TimeFormat


def _as_tuple(value: object) -> object:
    """One name, or a list of them."""
    return (value,) if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_as_tuple), Field(min_length=1)]
"""One name, or several that publishers have used for the same thing: the first found is taken."""

RelativePath = Annotated[str, AfterValidator(checked_path)]
"""A path that stays below the data root."""

FileNames = Annotated[tuple[RelativePath, ...], BeforeValidator(_as_tuple), Field(min_length=1)]
"""Names of files, as of ``Names``."""

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Columns(Spec):
    """Names of the columns of a click log: ``session``, ``user``, or both."""

    item: Names
    time: Names
    session: Names | None = None
    """Column that says which session a click belongs to."""
    user: Names | None = None
    """Column that says who clicked. With ``session``, a session is what both columns say: so it
    must be where users number their own. Without, sessions are cut by ``idle_gap_seconds``."""
    order: Names | None = None
    """Whole numbers that order the clicks of one session, where ``time`` is too coarse to."""

    @model_validator(mode="after")
    def _session_or_user(self) -> Columns:
        if self.session is None and self.user is None:
            raise ValueError("give `session`, `user` or both")
        return self

    @property
    def sessions_are_cut(self) -> bool:
        """Whether the log names users alone, whose clicks must be cut into sessions."""
        return self.session is None


PACKED = (".gz", ".zip")
"""How the name of a packed log ends."""


class _Source(Spec):
    """What every source says."""

    is_log: ClassVar[bool] = False
    """Whether it is a log that is to be prepared, and not split already."""
    beside_others: ClassVar[bool] = True
    """Whether its files may lie in the data root itself, with those of other datasets."""

    name: Name
    """Name of the source, by which a user can ask for it."""

    @property
    def in_recbole(self) -> bool:
        """Whether its files are among RecBole's own."""
        return False


class RowFilter(Spec):
    """Which rows of a log are clicks; the others are counted and left out."""

    column: Names
    values: tuple[StrictStr | StrictBool | StrictInt, ...] = ()
    """Keep the rows with one of these values; true and false are the words."""
    at_most: int | None = None
    """Keep the rows whose whole number is not greater."""

    @model_validator(mode="after")
    def _one_rule(self) -> RowFilter:
        if bool(self.values) == (self.at_most is not None):
            raise ValueError("give either `values` or `at_most`")
        return self

    def reason(self, column: str) -> str:
        """Why a row is left out, in words."""
        if self.at_most is not None:
            return f"{column} above {self.at_most}"
        return f"{column} is not {' or '.join(as_text(value) for value in self.values)}"


def as_text(value: str | bool | int) -> str:
    """A value as a log writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


class _LogSource(_Source):
    """A log with one click per row."""

    files: FileNames
    """Names that the file may have; ``.gz`` and ``.zip`` are unpacked while reading."""
    columns: Columns
    time_format: TimeFormat
    """``iso``: dates or times in ISO 8601; otherwise numbers since 1970, in that unit."""
    ids: Literal["auto", "text"] = "auto"
    """``auto``: ids are all whole numbers or all text, and a mixture is an error; ``text``: ids
    are text whatever they look like."""
    missing_ids: Literal["error", "drop"] = "error"
    """What a click without an item, session or user means; dropped clicks are counted."""
    keep_rows: tuple[RowFilter, ...] = ()
    """Which rows are clicks; all of them unless told otherwise."""

    is_log: ClassVar[bool] = True

    @property
    def choices(self) -> tuple[tuple[str, ...], ...]:
        """Sets of names of files, each of which is enough to read it."""
        endings = {name: ("",) if name.endswith(PACKED) else ("", *PACKED) for name in self.files}
        return tuple((f"{name}{ending}",) for name in self.files for ending in endings[name])


class TableSource(_LogSource):
    """A log as a table: ``.csv``, ``.tsv``, ``.dat``, ``.txt`` or ``.parquet``."""

    kind: Literal["table"]
    separator: str = Field(",", pattern=r"^[^\x80-\U0010ffff\x00\r\n\"]$")
    """One ASCII character."""
    header: tuple[str, ...] | None = None
    """Names of the columns where the file has no header line."""
    quoted: bool = True
    """Whether values may stand in double quotes."""


class AtomicSource(_LogSource):
    """A log in RecBole's atomic format: a ``.inter`` file with names as ``item_id:token``."""

    kind: Literal["recbole_interactions"]
    place: Literal["data_root", "recbole_package"] = "data_root"
    """``recbole_package``: among the example datasets that the recbole wheel carries."""
    columns: Columns = Columns(item=("item_id",), time=("timestamp",), session=("session_id",))
    time_format: TimeFormat = "seconds"

    separator: ClassVar[str] = "\t"
    header: ClassVar[None] = None
    quoted: ClassVar[bool] = False

    @property
    def in_recbole(self) -> bool:
        """Whether its files are among RecBole's own."""
        return self.place == "recbole_package"


class PicklesSource(_Source):
    """The files that the SR-GNN authors' preprocessing writes: sessions already split."""

    kind: Literal["srgnn_pickles"]

    # They have the same names for every dataset: beside each other they would be mistaken.
    beside_others: ClassVar[bool] = False
    files: ClassVar[tuple[str, ...]] = ()
    choices: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("all_train_seq.txt", "test.txt"),
        ("train.txt", "test.txt"),
    )


class RecBoleSessionsSource(_Source):
    """RecBole's session benchmarks: ``X.train.inter`` and ``X.test.inter``, already split."""

    kind: Literal["recbole_sessions"]
    prefix: RelativePath
    """X in the names of the files."""

    files: ClassVar[tuple[str, ...]] = ()

    @property
    def choices(self) -> tuple[tuple[str, ...], ...]:
        """The names of its files."""
        return ((f"{self.prefix}.train.inter", f"{self.prefix}.test.inter"),)


Source = Annotated[
    TableSource | AtomicSource | PicklesSource | RecBoleSessionsSource,
    Field(discriminator="kind"),
]


class RecBoleDownload(Spec):
    """An archive that RecBole's ``url.yaml`` lists; it is unpacked."""

    kind: Literal["recbole"]
    key: str
    """Name of the dataset in ``url.yaml``."""
    sha256: Sha256 | None = None
    """Where none is published, the one of the first download is noted and holds from then on."""


class FilesDownload(Spec):
    """Files at an address that does not change."""

    kind: Literal["files"]
    base: str = Field(pattern=r"^https://.*/$")
    files: dict[RelativePath, Sha256]
    """Name of each file -> its sha256."""


Download = Annotated[RecBoleDownload | FilesDownload, Field(discriminator="kind")]


class Counts(Spec):
    """Counts that a prepared dataset should have; those not given are not checked."""

    train_sessions: int | None = None
    train_clicks: int | None = None
    train_prefixes: int | None = None
    test_sessions: int | None = None
    test_prefixes: int | None = None
    items_in_train: int | None = None
    items: int | None = None
    """Items in training and test together."""


class DatasetSpec(Spec):
    """A dataset: where it comes from, and how it is prepared."""

    name: Name
    title: Title
    """Name as printed in tables and figures."""
    citation: Text
    licence: Text
    obtain: Text
    """What to fetch by hand, from where."""
    note: Text | None = None
    """A caution about what the data can show."""
    folders: tuple[RelativePath, ...] = ()
    """Folders under the data root to look in, besides the one with the dataset's name."""
    sources: tuple[Source, ...] = Field(min_length=1)
    """Where the clicks may be; the first that is found is used."""
    downloads: tuple[Download, ...] = ()
    """Where the files can be fetched, when asked for; the first that answers is used."""
    preparation: Preparation | None = None
    """For sources that are logs; those already split are taken as they are."""
    expected: dict[str, Counts] = Field(default_factory=dict)
    """Name of a source -> counts that it should give."""

    @model_validator(mode="after")
    def _consistent(self) -> DatasetSpec:
        names = [source.name for source in self.sources]
        if len(set(names)) < len(names):
            raise ValueError("two sources have the same name")
        for name in self.expected:
            if name not in names:
                raise ValueError(f"`expected` names an unknown source: {name}")
        for source in self.sources:
            if isinstance(source, TableSource | AtomicSource):
                if self.preparation is None:
                    raise ValueError(f"source {source.name} is a log and needs `preparation`")
                cut = source.columns.sessions_are_cut
                if cut and self.preparation.idle_gap_seconds is None:
                    raise ValueError(f"source {source.name} has users: give `idle_gap_seconds`")
                if cut and self.preparation.click_order == "file":
                    raise ValueError(f"source {source.name} has users: order clicks by time")
        return self

"""What a dataset's YAML may say: where its clicks are, and how sessions are made of them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from srgnn_bench.specs.fields import Name, RelativePath, Spec, Text, Title, checked_name
from srgnn_bench.specs.preparation import Preparation, Window
from srgnn_bench.specs.sources.atomic import AtomicSource
from srgnn_bench.specs.sources.frames import FrameSource
from srgnn_bench.specs.sources.pickles import PicklesSource
from srgnn_bench.specs.sources.recbole_sessions import RecBoleSessionsSource
from srgnn_bench.specs.sources.split_tables import SplitTablesSource
from srgnn_bench.specs.sources.tables import TableSource

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


Source = Annotated[
    TableSource
    | AtomicSource
    | SplitTablesSource
    | FrameSource
    | PicklesSource
    | RecBoleSessionsSource,
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
    citation: Text | None = None
    licence: Text | None = None
    obtain: Text = "Put its files there."
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
    windows: int | None = Field(None, ge=2, le=100)
    """Cut a log into so many windows of equal span, each of which is a dataset of its own."""
    window: Window | None = None
    """Prepare this window alone."""
    window_of: Title | None = None
    """Title of the dataset whose window it is."""
    expected: dict[str, Counts] = Field(default_factory=dict)
    """Name of a source -> counts that it should give; not beside ``windows``."""

    @model_validator(mode="after")
    def _consistent(self) -> DatasetSpec:
        names = [source.name for source in self.sources]
        if len(set(names)) < len(names):
            raise ValueError("two sources have the same name")
        for name in self.expected:
            if name not in names:
                raise ValueError(f"`expected` names an unknown source: {name}")
        for source in self.sources:
            source.check(self.preparation)
        if self.windows is not None:
            if self.window is not None:
                raise ValueError("give either `windows` or `window`")
            if self.expected:
                raise ValueError("`expected` is for one dataset, and each of `windows` is another")
            checked_name(self._window_name(self.windows))
        cut = self.windows is not None or self.window is not None
        if cut and any(source.is_split for source in self.sources):
            raise ValueError("only logs are cut into windows, and a source is split already")
        if self.preparation is not None and all(source.is_split for source in self.sources):
            raise ValueError(
                "`preparation` is for logs, and every source is split already; a source of the "
                "kind split_tables has `filters` of its own"
            )
        return self

    def in_windows(self) -> tuple[DatasetSpec, ...]:
        """The dataset of each window that is asked for, oldest first; this one where none is.

        They are called by this one's name and their number.
        """
        if self.windows is None:
            return (self,)
        return tuple(
            self.model_copy(
                update={
                    "name": self._window_name(number),
                    "title": f"{self.title}, window {number}",
                    "folders": (self.name, *self.folders),
                    "windows": None,
                    "window": Window(number=number, of=self.windows),
                    "window_of": self.title,
                }
            )
            for number in range(1, self.windows + 1)
        )

    def _window_name(self, number: int) -> str:
        return f"{self.name}-{number}"

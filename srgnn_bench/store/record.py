"""What is stored about a run: everything a report needs, and all that could change a number."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from srgnn_bench.specs.fields import Name, Text, Title
from srgnn_bench.specs.model import Family
from srgnn_bench.specs.preparation import Division
from srgnn_bench.specs.suite import TuningSpec
from srgnn_bench.store.keys import key_of, short


class Stored(BaseModel):
    """Base of everything stored: closed to unknown keys, frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Schedule(Stored):
    """How long a training is and where its learning rate falls.

    What validation chooses of a training's course, and the final training repeats.

    Trained on the same sessions from the same seed, a schedule gives the weights that it was
    chosen for, bit by bit: order and dropout of an epoch depend on its place alone.
    """

    epochs: int = Field(ge=1)
    """Epochs of the training."""

    cuts: tuple[int, ...] = ()
    """After each of these epochs the learning rate is multiplied by ``lr_decay_gamma``."""

    @model_validator(mode="after")
    def _cuts_in_order(self) -> Schedule:
        if list(self.cuts) != sorted(self.cuts) or any(not 0 <= c < self.epochs for c in self.cuts):
            raise ValueError("cuts must stand in order, each before the last epoch")
        return self

    def cuts_until(self, epoch: int) -> int:
        """Cuts that have been made once so many epochs are over."""
        return sum(cut <= epoch for cut in self.cuts)


class RunIdentity(Stored):
    """All that can change a run's numbers. Its hash is the run's key."""

    dataset: Name
    fingerprint: str
    """Fingerprint of the prepared sessions: source bytes and preparation."""
    protocol: dict[str, Any]
    """The part of the protocol that the final training depends on."""
    implementation: str
    """What the model's YAML calls its code, as ``srgnn/1``; for code of neither this package nor
    RecBole with ``@`` and a hash of the text of its modules."""
    configuration: dict[str, Any]
    """Every parameter and training setting, defaults included."""
    schedule: Schedule | None
    """Epochs and cuts of the learning rate, as validation chose them; None where the test set chose
    (``published``) or the model is fitted rather than trained."""
    seed: int
    results_version: int
    """Version of the code that all models share (see ``RESULTS_VERSION``)."""

    @property
    def key(self) -> str:
        """The run's key."""
        return key_of(self.model_dump())


class Cost(Stored):
    """What the run took. None of it is part of the key."""

    parameters: int
    """Trained numbers of the model; 0 for a fitted one."""
    epochs: int
    train_seconds: float
    rank_seconds: float
    ranked_prefixes: int
    peak_memory_bytes: int
    """Most that the process held in memory during the run."""


class DatasetFacts(Stored):
    """Counts of the data as this run saw it."""

    title: Title
    window_of: Title | None = None
    """Title of the dataset that this is a window of; None where it is none."""
    note: Text | None = None
    """What the dataset's file says about what the data can show; None in older records."""
    division: Division | None = None
    """How sessions came to train, to validate and to be tested; None in older records, whose data
    was divided by time."""
    items: int
    """Items in the catalogue, all of them ranked."""
    train_sessions: int
    train_clicks: int
    train_prefixes: int
    test_sessions: int
    test_prefixes: int
    unknown_targets: int
    """Test prefixes whose target the training part never shows: misses for every model."""
    test_span_seconds: int | None = None
    """From the oldest test session to the newest; None where that is not known."""
    repeated_test_sessions: int | None = None
    """Test sessions that equal a training session click by click; None in older records."""
    shuffle_loss: float | None = None
    """Share of its MRR@20 that a Markov chain loses where the clicks of each session are shuffled:
    near 0, the order of clicks says nothing. None where that is not known."""


class Record(Stored):
    """One final run: a dataset, a model configuration, a seed, and how it ranked the test set."""

    schema_version: Literal[2] = 2
    """Version of the stored format. A record of another version is refused, not guessed at."""
    key: str = Field(pattern=r"^[0-9a-f]{64}$")
    identity: RunIdentity
    model: Name
    """Name of the model; the variants that a suite makes of it differ in their configuration."""
    title: Title
    class_path: str
    """``module:Class``, where the model's code was; not part of the identity."""
    protocol_kind: Literal["temporal", "published"]
    metrics: dict[str, float]
    """Shares between 0 and 1, unrounded: ``recall@5`` ... ``ndcg@20``, and of the lists of 20
    ``coverage@20``, ``popularity@20`` and ``repeat@20``."""
    dataset: DatasetFacts
    study: str | None
    """Key of the study that chose the configuration; None where the papers' settings are used."""
    prefixes: str = ""
    """Checksum of the test prefixes that it ranked, by which the store knows them."""
    files: dict[str, str] = {}
    """sha256 of each file that is stored with the record, by its name."""
    cost: Cost
    environment: dict[str, Any]
    """Versions, threads, device, machine, git revision and whether the tree was dirty; precision
    of training's products, and the library that multiplied."""
    created: str
    """UTC time in ISO 8601."""

    @property
    def short_key(self) -> str:
        """The digits of the key by which its folder, tables and messages call it."""
        return short(self.key)


class Failure(Stored):
    """A run or a study that failed, kept beside the records until it is tried again."""

    schema_version: Literal[2] = 2
    key: str
    dataset: Name
    model: Name
    seed: int | None
    """None: tuning failed, so that no final run of this model could start."""
    error: str
    traceback: str
    lost: bool = False
    """Whether the machines are to blame and not the model: nothing is known of the model then."""
    created: str


class Cell(Stored):
    """One expected run of a suite and where its record is."""

    dataset: Name
    entry: Name
    """Name of the suite's entry: a model or a variant of one."""
    title: Title
    """Title of the entry in tables and figures."""
    model: Name
    """Name of the model, under which its runs are stored."""
    seed: int
    """Number of the seed, from 0."""
    key: str | None
    """None while tuning has not yet chosen the configuration."""
    tuning: str | None = None
    """Key under which a failure of its tuning is stored."""
    budget: TuningSpec | None = None
    """What its tuning was allowed; None without tuning, and in older lists, where the suite says
    it."""
    family: Family | None = None
    """Kind of the model, as its file tells it; None in older lists, and where the file does not."""


class Manifest(Stored):
    """Which runs a suite is made of: what the report reads first."""

    schema_version: Literal[2] = 2
    suite: Name
    title: Title
    note: Text | None
    spec: dict[str, Any]
    """The suite as it was last run, with the datasets and models of earlier calls."""
    cells: tuple[Cell, ...]

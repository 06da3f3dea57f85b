"""The results folder: what is where in it, and that it is what was written.

``runs/<dataset>/<model>/<digits of the key>/`` is a run: ``ranks.parquet``, ``epochs.ndjson``,
``lists.parquet`` and ``weights.pt`` where lists and models are kept, and ``record.json``, which is
written last and names the checksums of the others; ``failure.json`` in its place means that the
run failed.
``prefixes/<dataset>/`` holds the test prefixes that the runs ranked, each set once.
``studies/<dataset>/<model>/<digits of the key>/trials.ndjson`` is a study.
``suites/<suite>.json`` names the runs that a suite is made of. No other module knows these places.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from srgnn_bench.specs.suite import names_a_file
from srgnn_bench.store.folder import alone_with, read_sealed, sealed_text, write_stored
from srgnn_bench.store.keys import key_of, short
from srgnn_bench.store.prefixes import prefixes_key, read_prefixes, write_prefixes
from srgnn_bench.store.record import Failure, Manifest, Record
from srgnn_bench.store.run import RECORD, Integers, StoredRun, read_record
from srgnn_bench.store.study import TRIALS, StoredStudy, Trial, read_lines


class ResultStore:
    """Reads and writes a results folder.

    Args:
        root: the folder; made on the first write.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def run(self, *, dataset: str, model: str, key: str) -> StoredRun:
        """A run's folder: its files, its lock, its checkpoint."""
        return StoredRun(self.root / "runs" / dataset / model / short(key), key=key)

    def run_of(self, record: Record) -> StoredRun:
        """The folder of a run whose record has been read."""
        found = self.run(dataset=record.identity.dataset, model=record.model, key=record.key)
        return StoredRun(found.path, key=record.key, record=record)

    def study(self, *, dataset: str, model: str, key: str) -> StoredStudy:
        """A study's folder: its trials, its lock, its checkpoints."""
        return StoredStudy(self.root / "studies" / dataset / model / short(key), key=key)

    def studies(self) -> Iterator[StoredStudy]:
        """Every stored study, in the order of its path.

        Raises:
            StoreError: one is damaged.
        """
        for path in sorted(self.root.glob(f"studies/*/*/*/{TRIALS}")):
            read = read_lines(path, Trial)
            if read is not None:
                yield StoredStudy(path.parent, key=read[0].key)

    @property
    def data_folder(self) -> Path:
        """Where prepared data is kept."""
        return self.root / "data"

    def report_folder(self, suite: str, *, against: str | None = None) -> Path:
        """Where a suite's report is put unless another folder is named.

        One that compares with another entry than the suite's subject has a folder of its own.
        """
        return self.root / "report" / (suite if against is None else f"{suite}-against-{against}")

    def record(self, *, dataset: str, model: str, key: str) -> Record | None:
        """The record of a finished run, or None; errors as of ``StoredRun.record``."""
        return self.run(dataset=dataset, model=model, key=key).record()

    def failure(self, *, dataset: str, model: str, key: str) -> Failure | None:
        """The failure stored for a run, or None; errors as of ``StoredRun.failure``."""
        return self.run(dataset=dataset, model=model, key=key).failure()

    def write_run(
        self,
        record: Record,
        *,
        prefixes: pd.DataFrame,
        ranks: Integers,
        epochs: list[dict[str, Any]],
        lists: pd.DataFrame | None = None,
        weights: bytes | None = None,
    ) -> None:
        """Store a finished run; its record becomes visible last, all at once.

        Args:
            record: what is known of the run, but for what was stored with it.
            prefixes: the test prefixes, one row each (see ``prefixes.COLUMNS``). They are stored
                once for all runs that ranked the same.
            ranks: rank of each target, shape (prefixes,).
            epochs: one entry per epoch, JSON values only.
            lists: the recommended lists, if they are to be kept, one row per test prefix:
                ``target`` and ``items`` (best first), as numbers of the prepared data; 0 is no
                item, or a target that training never shows.
            weights: the model's state dict, if it is to be kept.

        Raises:
            StoreError: the folder cannot be written; nothing already stored is lost.
        """
        named = prefixes_key(prefixes)
        path = self._prefixes_file(record.identity.dataset, named)
        if not path.is_file():
            write_prefixes(path, prefixes)
        record = record.model_copy(update={"prefixes": named})
        self.run_of(record).write_run(
            record, ranks=ranks, epochs=epochs, lists=lists, weights=weights
        )

    def write_failure(self, failure: Failure) -> None:
        """Store that a run failed, with its traceback."""
        folder = self.run(dataset=failure.dataset, model=failure.model, key=failure.key)
        folder.write_failure(failure)

    def prefixes(self, record: Record) -> pd.DataFrame:
        """The test prefixes that a run ranked, one row each (see ``prefixes.COLUMNS``).

        Raises:
            StoreError: the file is missing or damaged.
        """
        path = self._prefixes_file(record.identity.dataset, record.prefixes)
        return read_prefixes(path, key=record.prefixes)

    def ranks(self, record: Record) -> Integers:
        """The ranks of a stored run, shape (prefixes,); errors as of ``StoredRun.ranks``."""
        return self.run_of(record).ranks()

    def lists(self, record: Record) -> pd.DataFrame | None:
        """The lists of a stored run, or None; errors as of ``StoredRun.lists``."""
        return self.run_of(record).lists()

    def epochs(self, record: Record) -> list[dict[str, Any]]:
        """The epochs of a stored run; errors as of ``StoredRun.epochs``."""
        return self.run_of(record).epochs()

    def records(self, *, dataset: str = "*", model: str = "*") -> Iterator[Record]:
        """Every stored record, in the order of its path.

        Args:
            dataset: name of the dataset; all unless given.
            model: name of the model; all unless given.

        Raises:
            StoreError: a record is damaged or of another version of the format.
        """
        for path in sorted(self.root.glob(f"runs/{dataset}/{model}/*/{RECORD}")):
            record = read_record(path)
            if record is not None:
                yield record

    def manifest(self, suite: str) -> Manifest | None:
        """Which runs a suite is made of, or None where it was never run.

        Raises:
            StoreError: it is damaged.
        """
        return read_sealed(self._manifest_file(suite), Manifest)

    def suites(self) -> list[str]:
        """Names of the suites that were run."""
        return sorted(path.stem for path in self.root.glob("suites/*.json"))

    @contextmanager
    def changing_manifest(self, suite: str) -> Iterator[None]:
        """Keep other processes from changing a suite's manifest between a read and a write.

        Raises:
            StoreError: the folder cannot be written.
        """
        with alone_with(self._manifest_file(suite)):
            yield

    def write_manifest(self, manifest: Manifest) -> None:
        """Store which runs a suite is made of."""
        write_stored(self._manifest_file(manifest.suite), sealed_text(manifest))

    def write_spec(self, kind: str, *, name: str, text: str) -> Path:
        """Keep a specification that came from no file.

        Args:
            kind: ``dataset`` or ``model``.
            name: its name, fit for a file's name.
            text: what its YAML file would say.

        Returns:
            The file, ``specs/<kind>/<name>-<digits of its content's key>.yaml``. It never changes,
            so a plan made from it stays what it was.

        Raises:
            StoreError: the folder cannot be written.
        """
        path = self._specs_folder(kind) / f"{name}-{short(key_of(text))}.yaml"
        with alone_with(path):
            write_stored(path, text.encode())
        return path

    def spec_file(self, kind: str, named: str) -> str:
        """A specification's name or path as a suite has it; where the folder is now, if it kept it.

        Args:
            kind: ``dataset`` or ``model``.
            named: the name, or the path that ``write_spec`` gave before the folder was moved.
        """
        kept = self._specs_folder(kind) / Path(named).name
        return str(kept) if names_a_file(named) and kept.is_file() else named

    def _specs_folder(self, kind: str) -> Path:
        return self.root / "specs" / kind

    def _manifest_file(self, suite: str) -> Path:
        return self.root / "suites" / f"{suite}.json"

    def _prefixes_file(self, dataset: str, key: str) -> Path:
        return self.root / "prefixes" / dataset / f"{short(key)}.parquet"

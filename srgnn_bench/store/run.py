"""A final run as it is stored: a folder with its ranks, its epochs, and a record written last."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from srgnn_bench.errors import StoreError
from srgnn_bench.files import checksum, half_written
from srgnn_bench.store.folder import (
    Folder,
    damaged,
    read_bytes,
    read_sealed,
    sealed_text,
)
from srgnn_bench.store.keys import short
from srgnn_bench.store.record import Failure, Record

Integers = npt.NDArray[np.int64]

RECORD, FAILURE = "record.json", "failure.json"
RANKS, EPOCHS, LISTS = "ranks.parquet", "epochs.ndjson", "lists.parquet"
WEIGHTS = "weights.pt"

RUN_AGAIN = "Delete its folder and run again."


class StoredRun(Folder):
    """A run's folder. Its presence says nothing; its record says that the run is complete.

    Args:
        path: the folder.
        key: the run's key.
        record: its record, where that has been read already.
    """

    def __init__(self, path: Path, *, key: str, record: Record | None = None) -> None:
        super().__init__(path, marks=(RECORD, FAILURE))
        self.key = key
        self._record = record

    @property
    def record_file(self) -> Path:
        """Where the record is, for links."""
        return self.path / RECORD

    def record(self) -> Record | None:
        """The record, or None where the run is not complete.

        Raises:
            StoreError: it is damaged, of another version of the format, or another run's.
        """
        if self._record is None:
            self._record = read_record(self.record_file)
        if self._record is not None and self._record.key != self.key:
            raise StoreError(
                f"{self.record_file} holds the record of another run "
                f"(key {short(self._record.key)}).",
                remedy=RUN_AGAIN,
            )
        return self._record

    def failure(self) -> Failure | None:
        """What is stored about its failure, or None.

        Raises:
            StoreError: it is damaged.
        """
        return read_sealed(self.path / FAILURE, Failure)

    def write_run(
        self,
        record: Record,
        *,
        ranks: Integers,
        epochs: list[dict[str, Any]],
        lists: pd.DataFrame | None,
        weights: bytes | None = None,
    ) -> None:
        """Store the run; its record, which names the checksums of the others, becomes visible last.

        Args:
            record: what is known of it.
            ranks: rank of each target, shape (prefixes,).
            epochs: one entry per epoch.
            lists: the recommended lists, or None.
            weights: the model's state dict, or None.

        Raises:
            StoreError: the folder cannot be written; nothing already stored is lost.
        """
        lines = "".join(json.dumps(epoch, sort_keys=True) + "\n" for epoch in epochs)
        files = {EPOCHS: lines.encode(), RANKS: _packed_ranks(ranks)}
        if lists is not None:
            files[LISTS] = parquet(pa.Table.from_pandas(lists, preserve_index=False))
        if weights is not None:
            # By far the largest, and new beside an earlier record: where there is no room for it,
            # a run that is made again for its model stays what it was.
            self.write(WEIGHTS, weights)
        (self.path / RECORD).unlink(missing_ok=True)  # it would name files that are others now
        for name, content in files.items():
            self.write(name, content)
        if weights is not None:
            files[WEIGHTS] = weights
        checksums = {name: checksum(content) for name, content in files.items()}
        self.write(RECORD, sealed_text(record.model_copy(update={"files": checksums})))
        self._record = None
        (self.path / FAILURE).unlink(missing_ok=True)

    def write_failure(self, failure: Failure) -> None:
        """Store that the run failed, with its traceback."""
        for leftover in half_written(self.path, FAILURE):
            leftover.unlink(missing_ok=True)
        self.write(FAILURE, sealed_text(failure))

    def ranks(self) -> Integers:
        """Rank of the target of each test prefix, from 1, shape (prefixes,).

        Raises:
            StoreError: the file is missing or damaged.
        """
        path = self.path / RANKS
        stored = read_parquet(path, self._content(RANKS), remedy=RUN_AGAIN)["rank"].to_numpy()
        ranks: Integers = stored.astype(np.int64)
        if len(ranks) == 0 or ranks.min() < 1:
            raise damaged(path, "a rank below 1, or none", remedy=RUN_AGAIN)
        return ranks

    def lists(self) -> pd.DataFrame | None:
        """The recommended lists, or None where they were not kept.

        Raises:
            StoreError: the file is missing or damaged.
        """
        if LISTS not in self._known().files:
            return None
        table = read_parquet(self.path / LISTS, self._content(LISTS), remedy=RUN_AGAIN)
        lists: pd.DataFrame = table.to_pandas()
        return lists

    @property
    def has_lists(self) -> bool:
        """Whether it is stored, with its lists."""
        record = self.record()
        return record is not None and LISTS in record.files

    @property
    def has_weights(self) -> bool:
        """Whether its model was kept."""
        return WEIGHTS in self._known().files

    def weights(self) -> bytes:
        """The model's state dict, as ``torch.save`` wrote it.

        Raises:
            StoreError: the model was not kept, or its file is missing or damaged.
        """
        if not self.has_weights:
            raise StoreError(
                f"The model of {self.record_file} was not kept.",
                remedy="Run it again with --keep-models (keep_models=True).",
            )
        return self._content(WEIGHTS)

    def epochs(self) -> list[dict[str, Any]]:
        """The epochs, oldest first: ``epoch``, ``loss``, ``seconds``, ``judged``.

        Raises:
            StoreError: the file is missing or damaged.
        """
        return [json.loads(line) for line in self._content(EPOCHS).splitlines()]

    def verify(self) -> None:
        """Read all that the record names.

        Raises:
            StoreError: something is missing or damaged.
        """
        for name in self._known().files:
            self._content(name)
        self.ranks()

    def _known(self) -> Record:
        record = self.record()
        if record is None:
            raise damaged(self.record_file, "it is missing", remedy=RUN_AGAIN)
        return record

    def _content(self, name: str) -> bytes:
        """A file that the record names, checked."""
        path = self.path / name
        content = read_bytes(path)
        if checksum(content) != self._known().files.get(name):
            raise damaged(path, "its checksum is not the one in the record", remedy=RUN_AGAIN)
        return content


def read_record(path: Path) -> Record | None:
    """A record, or None where there is none.

    Raises:
        StoreError: it is damaged, of another version of the format, or not of its own key.
    """
    record = read_sealed(path, Record)
    if record is not None and record.identity.key != record.key:
        raise damaged(path, "its key is not that of its identity")
    return record


def parquet(table: pa.Table, **how: Any) -> bytes:
    """A table as a parquet file whose pages have checksums."""
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd", write_page_checksum=True, **how)
    return buffer.getvalue()


def read_parquet(path: Path, content: bytes, *, remedy: str) -> pa.Table:
    """The table in a stored parquet file, its pages checked.

    Args:
        path: the file, for errors.
        content: what is in it.
        remedy: what to do where it is damaged.

    Raises:
        StoreError: it is no such file, or damaged.
    """
    try:
        return pq.read_table(io.BytesIO(content), page_checksum_verification=True)
    except (OSError, ValueError) as error:  # pyarrow raises ArrowInvalid, a ValueError
        reason = " ".join(str(error).split())
        raise damaged(path, reason, remedy=remedy) from error


def _packed_ranks(ranks: Integers) -> bytes:
    """Smaller than with the defaults: high bytes of ranks are zero."""
    return parquet(
        pa.table({"rank": ranks.astype(np.int32)}),
        compression_level=9,
        use_dictionary=False,
        column_encoding={"rank": "BYTE_STREAM_SPLIT"},
    )

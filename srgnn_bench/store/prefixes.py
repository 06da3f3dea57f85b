"""The test prefixes of a prepared data set under a protocol, which all its runs rank.

They are stored once, under the checksum of their content, and every record names them by it. So two
runs that name the same prefixes are paired by construction.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from srgnn_bench.store.folder import alone_with, damaged, read_bytes, write_stored
from srgnn_bench.store.run import parquet, read_parquet

COLUMNS = ("session", "length", "target_count", "target_ago")
"""Number of the test session; clicks of the prefix; the target's clicks in training; how many
clicks ago the target was clicked in the prefix, 0 for never."""

REMEDY = "Restore it from a copy, or delete it and the runs on this data set, and run again."


def prefixes_key(prefixes: pd.DataFrame) -> str:
    """Checksum of the content, whatever wrote it."""
    content = hashlib.sha256()
    for column in COLUMNS:
        content.update(column.encode())
        content.update(np.ascontiguousarray(prefixes[column], dtype="<i8").tobytes())
    return content.hexdigest()


def write_prefixes(path: Path, prefixes: pd.DataFrame) -> None:
    """Store test prefixes.

    Args:
        path: the file.
        prefixes: the columns of ``COLUMNS``, whole numbers, one row per test prefix.

    Raises:
        StoreError: it cannot be written.
    """
    columns = {name: prefixes[name].to_numpy().astype(np.int32) for name in COLUMNS}
    content = parquet(
        pa.table(columns),
        compression_level=9,
        use_dictionary=["length", "target_count", "target_ago"],
        column_encoding={"session": "DELTA_BINARY_PACKED"},  # sessions count up
    )
    with alone_with(path):
        write_stored(path, content)


def read_prefixes(path: Path, *, key: str) -> pd.DataFrame:
    """Stored test prefixes, one row each.

    Args:
        path: the file.
        key: the checksum that their content must have, or the beginning of it.

    Raises:
        StoreError: the file is missing or damaged.
    """
    prefixes: pd.DataFrame = read_parquet(path, read_bytes(path), remedy=REMEDY).to_pandas()
    if not {*COLUMNS} <= {*prefixes} or not prefixes_key(prefixes).startswith(key):
        raise damaged(path, "its content is not that of its name", remedy=REMEDY)
    return prefixes

"""Click logs in tables: text with separators, RecBole's atomic files, parquet."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from srgnn_bench.data.log import ClickLog
from srgnn_bench.data.spec import AtomicSource, TableSource


def read_log(path: Path, source: TableSource | AtomicSource) -> ClickLog:
    """Read a log."""
    frame = pd.read_csv(path, sep="\t")
    frame.columns = [name.split(":")[0] for name in frame.columns]
    columns = source.columns
    group = (columns.user or columns.session or ("",))[0]
    group_codes, group_names = pd.factorize(frame[group].to_numpy(), sort=True)
    item_codes, item_names = pd.factorize(frame[columns.item[0]].to_numpy(), sort=True)
    return ClickLog(
        group=group_codes.astype(np.int64),
        item=item_codes.astype(np.int64) + 1,
        time=(frame[columns.time[0]].to_numpy() * 1000).astype(np.int64),
        order=None,
        group_names=group_names,
        item_names=item_names,
        dropped={},
    )

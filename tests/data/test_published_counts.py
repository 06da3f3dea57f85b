"""The files that the SR-GNN authors' preprocessing writes give the counts of the paper."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from srgnn_bench.data.prepare import prepare
from srgnn_bench.data.protocol import test_stage as stage_for_test
from srgnn_bench.specs import registry
from srgnn_bench.specs.protocol import ProtocolSpec

ROOT = os.environ.get("SRGNN_BENCH_DATA_ROOT")
needs_data = pytest.mark.skipif(ROOT is None, reason="SRGNN_BENCH_DATA_ROOT is not set")


@needs_data
@pytest.mark.parametrize("name", ["diginetica", "yoochoose1_64", "tmall", "retailrocket"])
def test_counts_are_those_expected(name: str, tmp_path: Path) -> None:
    spec = registry.dataset(name)
    data = prepare(spec, data_root=Path(str(ROOT)), cache=tmp_path, source="srgnn")
    assert data.counts() == spec.expected["srgnn"]
    assert data.warnings == ()


@needs_data
def test_test_items_that_training_never_shows_are_kept_as_misses(tmp_path: Path) -> None:
    spec = registry.dataset("yoochoose1_64")
    data = prepare(spec, data_root=Path(str(ROOT)), cache=tmp_path)
    judged = stage_for_test(data, ProtocolSpec()).judged
    shown = judged.stop - judged.start
    assert len(judged) == 55898
    assert np.count_nonzero((judged.target == 0) | (shown < judged.length)) == 1657

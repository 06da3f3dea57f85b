from __future__ import annotations

from pathlib import Path

import pytest
from made_up import write_suite

from srgnn_bench.report import build_report
from srgnn_bench.store.store import ResultStore


@pytest.fixture
def store(tmp_path: Path) -> ResultStore:
    return ResultStore(tmp_path / "results")


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole report of a small suite, drawn once for all tests that read it."""
    root = tmp_path_factory.mktemp("built") / "results"
    store = ResultStore(root)
    write_suite(store, datasets=1, models=3, seeds=2, note="<script>alert(1)</script> & more")
    out = root / "report" / "made-up"
    build_report(store, suite="made-up", out=out)
    return out

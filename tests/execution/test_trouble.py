"""What is kept of an error that a model raised."""

from __future__ import annotations

from pathlib import Path

from srgnn_bench.execution.final import Trouble
from srgnn_bench.store.record import Failure
from srgnn_bench.store.store import ResultStore


def test_an_error_of_any_characters_is_stored_and_shows_them_all(tmp_path: Path) -> None:
    try:
        raise ValueError("half of a pair \ud800, a turn \u202e, a colour \x1b[31m")
    except ValueError as error:
        trouble = Trouble.of(error)
    store = ResultStore(tmp_path)
    failure = Failure(
        key="f" * 64, dataset="d", model="m", seed=0, error=trouble.error,
        traceback=trouble.traceback, created="2026-01-01T00:00:00+00:00",
    )  # fmt: skip
    store.write_failure(failure)
    assert store.failure(dataset="d", model="m", key="f" * 64) == failure
    for text in (trouble.error, trouble.traceback):
        assert r"\ud800, a turn \u202e, a colour \x1b[31m" in text

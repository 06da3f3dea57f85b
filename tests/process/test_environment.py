from __future__ import annotations

import os
import subprocess

import numpy as np
import pytest

from srgnn_bench.process.environment import (
    code_revision,
    peak_memory_bytes,
    start_peak_memory,
)

LARGE = 300_000_000


@pytest.mark.skipif(
    not os.access("/proc/self/clear_refs", os.W_OK), reason="the system forgets no peak"
)
def test_the_peak_of_memory_is_that_of_the_run_and_not_of_the_process() -> None:
    start_peak_memory()
    before = peak_memory_bytes()
    np.ones(LARGE, dtype=np.int8)
    assert peak_memory_bytes() > before + LARGE * 0.9
    start_peak_memory()
    assert peak_memory_bytes() < before + LARGE * 0.5


def test_a_git_that_does_not_answer_costs_no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(command: list[str], **_: object) -> None:
        raise subprocess.TimeoutExpired(command, 30)

    monkeypatch.setattr(subprocess, "run", slow)
    assert code_revision() == (None, None)

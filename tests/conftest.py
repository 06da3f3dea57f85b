"""What all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# Before torch is imported: the tests share the cores among processes, and tiny models are
# slower on two threads than on one.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from tiny_world import TinyWorld, make_tiny_world

# No test fails for being slow.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture
def tiny_world(tmp_path: Path) -> TinyWorld:
    """A world of its own for one test."""
    return make_tiny_world(tmp_path)

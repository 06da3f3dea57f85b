"""Keys and seeds from content: the same content gives the same key, on any machine."""

from __future__ import annotations

import hashlib
from typing import Any

from srgnn_bench.files import canonical_json, checksum

RESULTS_VERSION = 2
"""Version of the code that all models share and that can change a result: the loss, the protocol,
the ranking, the training loop. Raise it with every change of that code that moves a number by more
than rounding, which processors, versions of torch and numbers of threads change as well. It is
part of every identity: runs of an earlier version can still be read and drawn, are stale for a plan
of today, and are never mixed with its runs. A change of one model raises the version in its YAML's
``implementation`` instead."""

SHORT = 12
"""Digits of a key by which folders, tables and messages call it."""


def key_of(content: Any) -> str:
    """sha256 of the canonical JSON of ``content``, 64 hex digits."""
    return checksum(canonical_json(content).encode())


def short(key: str) -> str:
    """The first digits of a key, as folders, tables and messages show it."""
    return key[:SHORT]


def seed_from(*content: Any) -> int:
    """A seed below 2**32 that depends on nothing but ``content``."""
    return int.from_bytes(hashlib.sha256(canonical_json(content).encode()).digest()[:4], "big")

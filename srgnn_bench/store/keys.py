"""Keys and seeds from content: the same content gives the same key, on any machine."""

from __future__ import annotations

import hashlib
import json
from typing import Any

RESULTS_VERSION = 1
"""Version of the code that can change a result. Raise it with every change of a model, the
loss, the protocol, the ranking or the training loop that moves a number by more than rounding,
which processors, versions of torch and numbers of threads change as well: runs stored under
another version are then stale, and are never mixed with new ones."""


def canonical_json(content: Any) -> str:
    """JSON with sorted keys and no spaces; floats in their shortest exact form.

    Raises:
        TypeError: for anything JSON has no form for.
        ValueError: for NaN or infinity.
    """
    return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)


def key_of(content: Any) -> str:
    """sha256 of the canonical JSON of ``content`` and the results version, 64 hex digits."""
    versioned = {"results_version": RESULTS_VERSION, "content": content}
    return hashlib.sha256(canonical_json(versioned).encode()).hexdigest()


def seed_from(*content: Any) -> int:
    """A seed below 2**32 that depends on nothing but ``content``."""
    return int.from_bytes(hashlib.sha256(canonical_json(content).encode()).digest()[:4], "big")

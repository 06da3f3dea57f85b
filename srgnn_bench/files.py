"""Files that are there in full or not at all, and that show when they are not what was written."""

from __future__ import annotations

import glob
import hashlib
import json
import os
import re
from pathlib import Path
from typing import Any

CHECKSUM = "sha256"
"""Key of a JSON object's checksum, which is that of all its other keys."""


def canonical_json(content: Any) -> str:
    """JSON with sorted keys and no spaces; floats in their shortest exact form.

    Raises:
        TypeError: for anything JSON has no form for.
        ValueError: for NaN or infinity.
    """
    return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)


def checksum(content: bytes | memoryview) -> str:
    """sha256, 64 hex digits."""
    return hashlib.sha256(content).hexdigest()


def sealed(content: dict[str, Any]) -> dict[str, Any]:
    """JSON content with its checksum as the last key."""
    return {**content, CHECKSUM: checksum(canonical_json(content).encode())}


def unsealed(text: str | bytes) -> dict[str, Any]:
    """The content of a sealed JSON object, without its checksum.

    What counts is the content: spaces and the order of keys do not.

    Raises:
        ValueError: it is no JSON object, or its content is not that of its checksum.
    """
    content = json.loads(text)
    if not isinstance(content, dict):
        raise ValueError("not a JSON object")
    written = content.pop(CHECKSUM, None)
    if written is None:
        raise ValueError("it has no checksum")
    if written != checksum(canonical_json(content).encode()):
        raise ValueError("its checksum is another")
    return content


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that it is either there in full or not at all, kill -9 included."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def half_written(folder: Path, name: str = "") -> list[Path]:
    """What ``write_atomically`` began in a folder and was killed over; the caller has its lock.

    Args:
        folder: where to look.
        name: of the file that was to be written; every one unless given.
    """
    started = folder.glob(f".{glob.escape(name)}*")
    return [path for path in started if re.search(r"\.\d+$", path.name)]

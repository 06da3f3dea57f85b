"""Of what specifications are made: names, texts and values that are safe wherever they are used."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict

from srgnn_bench.plain_text import UNSEEN
from srgnn_bench.specs.yaml_text import DEEPEST

LONGEST_NAME = 100
"""Bytes of a name. Files and folders are named after one or two of them and a few words, and a
file system allows 255."""

_NAME = re.compile(r"[^\W_][\w.-]*")

_WINDOWS = {
    "con",
    "prn",
    "aux",
    "nul",
    *(f"{port}{n}" for port in ("com", "lpt") for n in range(10)),
}


def checked_name(name: str) -> str:
    """A name that is safe as a part of a path on every system.

    Raises:
        ValueError: it is not.
    """
    if len(name.encode(errors="replace")) > LONGEST_NAME:
        raise ValueError(f"a name has at most {LONGEST_NAME} bytes")
    if not _NAME.fullmatch(name) or name.endswith("."):
        raise ValueError(
            f"'{name}' is no plain name: letters, digits, '_', '-' and '.', a letter or digit "
            "first, no '.' last"
        )
    if name.split(".")[0].lower() in _WINDOWS:
        raise ValueError(f"'{name}' is a name that Windows keeps for itself")
    return name


def checked_path(path: str) -> str:
    """A path that stays below the folder that it is joined to, on every system.

    Raises:
        ValueError: it is absolute, climbs, or holds what no plain path does.
    """
    parts = path.split("/")
    if UNSEEN.search(path) or "\\" in path or ":" in path or "\n" in path or "\t" in path:
        raise ValueError(f"'{path}' is no plain path: it holds '\\', ':' or an unseen character")
    if any(part in ("", ".", "..") for part in parts):
        raise ValueError(f"'{path}' is no plain path below the data root")
    if any(len(part.encode()) > 255 for part in parts):
        raise ValueError("a part of the path has more than 255 bytes")
    return path


def checked_text(text: str) -> str:
    """A text without unseen characters.

    Raises:
        ValueError: it has one.
    """
    found = UNSEEN.search(text)
    if found:
        raise ValueError(f"holds the unseen character U+{ord(found[0]):04X}")
    return text


def checked_title(text: str) -> str:
    """A text of one line, without unseen characters; ``ValueError`` where it is not."""
    if not text.strip() or "\n" in text or "\t" in text:
        raise ValueError("a title is one line, and not empty")
    return checked_text(text)


Scalar = bool | int | float | str

Name = Annotated[str, AfterValidator(checked_name)]
"""A name that files and folders may have."""

Title = Annotated[str, AfterValidator(checked_title)]
Text = Annotated[str, AfterValidator(checked_text)]

RelativePath = Annotated[str, AfterValidator(checked_path)]
"""A path that stays below the data root."""


def _plain_values(values: dict[str, Any]) -> dict[str, Any]:
    """Values by name as YAML can say them; ``ValueError`` where one is none."""
    return {checked_text(name): _plain_value(value, 0) for name, value in values.items()}


def _plain_value(value: Any, deep: int) -> Any:
    """A value as YAML can say it; ``ValueError`` where it is none."""
    if deep > DEEPEST:
        raise ValueError(f"more than {DEEPEST} levels of lists and keys")
    if isinstance(value, str):
        return checked_text(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, list | tuple):
        return [_plain_value(each, deep + 1) for each in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {checked_text(key): _plain_value(each, deep + 1) for key, each in value.items()}
    raise ValueError(f"{type(value).__name__} is neither a text, a number, a list nor null")


Values = Annotated[dict[str, Any], AfterValidator(_plain_values)]
"""Parameters or settings and their values."""


class Spec(BaseModel):
    """Base of every specification: frozen, closed to unknown keys, all numbers finite."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

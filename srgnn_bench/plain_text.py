"""What names and texts may hold, and how text from elsewhere is shown."""

from __future__ import annotations

import re

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

_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff"
    "\ud800-\udfff]"
)
"""Control characters, halves of surrogate pairs, and marks that are not seen but change where or
whether the text around them is: of direction, of lines, of no width. Tabs and line feeds are
none of them."""


def visible(text: str) -> str:
    r"""Text whose unseen characters are written out, as ``\x1b`` or ``\u202e``."""
    return _UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def one_line(text: str) -> str:
    """Text as ``visible``, its line feeds and tabs as spaces."""
    return re.sub(r"[\n\t]", " ", visible(text))


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
    if _UNSEEN.search(path) or "\\" in path or ":" in path or "\n" in path or "\t" in path:
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
    found = _UNSEEN.search(text)
    if found:
        raise ValueError(f"holds the unseen character U+{ord(found[0]):04X}")
    return text


def checked_title(text: str) -> str:
    """A text of one line, without unseen characters; ``ValueError`` where it is not."""
    if not text.strip() or "\n" in text or "\t" in text:
        raise ValueError("a title is one line, and not empty")
    return checked_text(text)

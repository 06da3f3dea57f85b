"""How text from elsewhere is shown."""

from __future__ import annotations

import re

UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff"
    "\ud800-\udfff]"
)
"""Control characters, halves of surrogate pairs, and marks that are not seen but change where or
whether the text around them is: of direction, of lines, of no width. Tabs and line feeds are
none of them."""


def visible(text: str) -> str:
    r"""Text whose unseen characters are written out, as ``\x1b`` or ``\u202e``."""
    return UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def counted(number: int, what: str) -> str:
    """A number of things in words: ``1 run``, ``2 runs``."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def one_line(text: str) -> str:
    """Text as ``visible``, its line feeds and tabs as spaces."""
    return re.sub(r"[\n\t]", " ", visible(text))


def at_most(length: int, text: str) -> str:
    """Text on one line, cut before a word where it is longer; a word by itself is cut within."""
    text = " ".join(text.split())
    if len(text) <= length:
        return text
    kept = text[: length - 1]
    start, space, _ = kept.rpartition(" ")
    return (start if space else kept).rstrip(" ,;:") + " …"

"""Text of anybody in every form of a report: shown as it stands, never obeyed.

HTML is escaped by the templates themselves.
"""

from __future__ import annotations

import re
from typing import Any

from srgnn_bench.plain_text import one_line

_LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\{",
        "}": r"\}",
        "&": r"\&",
        "%": r"\%",
        "$": r"\$",
        "#": r"\#",
        "_": r"\_",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"$<$",
        ">": r"$>$",
        "±": r"$\pm$",
        "×": r"$\times$",
        "≤": r"$\leq$",
        "≥": r"$\geq$",
        "−": r"$-$",
        "Δ": r"$\Delta$",
        "→": r"$\rightarrow$",
        "—": "---",
        "–": "--",
        "†": r"$^{\dagger}$",
        "‡": r"$^{\ddagger}$",
    }
)


def escape_latex(text: str) -> str:
    """Text that LaTeX prints as it stands."""
    return one_line(text).translate(_LATEX)


def slug(text: str) -> str:
    """A name that is safe in a file's name and in an anchor."""
    return re.sub(r"[^\w.-]+", "-", text)


def escape_markdown(text: str) -> str:
    """Text that stays one cell of a Markdown table, and that Markdown shows as it stands."""
    plain = one_line(text).replace("&", "&amp;").replace("<", "&lt;")
    return re.sub(r"([\\`*_|\[\]~$])", r"\\\1", plain)


def markdown_paragraph(text: str) -> str:
    """Text that stays a paragraph: what it begins with makes no heading, list or quotation."""
    return re.sub(r"^(\s*\d*)([#>=+.)-])", r"\1\\\2", escape_markdown(text))


def no_formula(value: Any) -> Any:
    """A value of a CSV; text that a spreadsheet would take for a formula begins with ``'``."""
    if not isinstance(value, str):
        return value
    text = one_line(value)
    return f"'{text}" if text.lstrip().startswith(("=", "+", "-", "@")) else text

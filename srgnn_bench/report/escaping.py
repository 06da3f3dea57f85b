"""Text of anybody in every form of a report: shown as it stands, never obeyed.

HTML is escaped by the templates themselves.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from srgnn_bench.plain_text import one_line

_GREEK = (
    "α=alpha β=beta γ=gamma δ=delta ε=epsilon ζ=zeta η=eta θ=theta ι=iota κ=kappa λ=lambda μ=mu "
    "ν=nu ξ=xi ο=o π=pi ρ=rho ς=varsigma σ=sigma τ=tau υ=upsilon φ=phi χ=chi ψ=psi ω=omega Α=A Β=B "
    "Γ=Gamma Δ=Delta Ε=E Ζ=Z Η=H Θ=Theta Ι=I Κ=K Λ=Lambda Μ=M Ν=N Ξ=Xi Ο=O Π=Pi Ρ=P Σ=Sigma Τ=T "
    "Υ=Upsilon Φ=Phi Χ=X Ψ=Psi Ω=Omega"
)
"""Letters and their names in TeX; those that look like Latin ones have none."""

_LATEX: dict[str, str] = {
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
    "|": r"$|$",
    "±": r"$\pm$",
    "×": r"$\times$",
    "·": r"$\cdot$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "≈": r"$\approx$",
    "≠": r"$\neq$",
    "∞": r"$\infty$",
    "−": r"$-$",
    "→": r"$\rightarrow$",
    "←": r"$\leftarrow$",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    "°": r"$^{\circ}$",
    "¹": r"$^{1}$",
    "²": r"$^{2}$",
    "³": r"$^{3}$",
    "—": "---",
    "–": "--",
    "‐": "-",
    "‑": "-",
    "⁄": "/",
    "…": r"\ldots{}",
    "•": r"$\bullet$",
    "‘": "`",
    "’": "'",
    "“": "``",
    "”": "''",
    "„": ",,",
    "«": r"$\ll$",
    "»": r"$\gg$",
    "†": r"$^{\dagger}$",
    "‡": r"$^{\ddagger}$",
    "§": r"\S{}",
    "©": r"\copyright{}",
    "€": "EUR",
    "£": r"\pounds{}",
    "ß": r"\ss{}",
    "æ": r"\ae{}",
    "Æ": r"\AE{}",
    "œ": r"\oe{}",
    "Œ": r"\OE{}",
    "ø": r"\o{}",
    "Ø": r"\O{}",
    "ł": r"\l{}",
    "Ł": r"\L{}",
    "ı": r"\i{}",
    "đ": "d",
    "Đ": "D",
    "ð": "d",
    "Ð": "D",
    "þ": "th",
    "Þ": "Th",
} | {
    letter: name if len(name) == 1 else rf"$\{name}$"
    for letter, name in re.findall(r"(\w)=(\w+)", _GREEK)
}

_ACCENTS = {
    "\u0300": r"\`",
    "\u0301": r"\'",
    "\u0302": r"\^",
    "\u0303": r"\~",
    "\u0304": r"\=",
    "\u0306": r"\u",
    "\u0307": r"\.",
    "\u0308": r"\"",
    "\u030a": r"\r",
    "\u030b": r"\H",
    "\u030c": r"\v",
    "\u0323": r"\d",
    "\u0327": r"\c",
}
"""Those that every encoding of TeX's fonts has."""


def escape_latex(text: str) -> str:
    """Text that LaTeX prints as it stands, with what pdfTeX has without further packages.

    An accent that is not in every font is left out; a character of a script that TeX has no letters
    for is written as its number, as unseen ones are.
    """
    return "".join(map(_spelled, unicodedata.normalize("NFC", one_line(text))))


def _spelled(character: str) -> str:
    if character in _LATEX or character.isascii():
        return _LATEX.get(character, character)
    letters = unicodedata.normalize("NFKD", character)
    plain = [c for c in letters if not unicodedata.combining(c)]
    accents = [_ACCENTS[c] for c in letters if c in _ACCENTS]
    if not plain or not all(c in _LATEX or c.isascii() for c in plain):
        return escape_latex(character.encode("unicode_escape").decode())
    if accents and len(plain) == 1 and plain[0].isascii():
        return f"{accents[0]}{{{plain[0]}}}"
    return "".join(map(_spelled, plain))


def latex_row(text: str) -> str:
    r"""What a row of a LaTeX table begins with, once escaped: no argument of the ``\\`` above."""
    return f"{{}}{text}" if text.lstrip().startswith(("[", "*")) else text


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

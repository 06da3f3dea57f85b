"""The kinds of files that a figure is saved as, and the fonts that it may have."""

from __future__ import annotations

from typing import Literal, get_args

from srgnn_bench.errors import SpecError

Form = Literal["pdf", "svg", "png"]

FORMS: tuple[Form, ...] = get_args(Form)

Font = Literal["sans", "serif"]


def read_forms(text: str | None) -> tuple[Form, ...]:
    """Forms as the command line names them: separated by commas, or ``none``; all where it is None.

    Raises:
        SpecError: it names something else.
    """
    if text is None:
        return FORMS
    if text == "none":
        return ()
    named = [part.strip() for part in text.split(",")]
    forms = tuple(form for form in FORMS if form in named)
    if len(forms) != len(named):
        raise SpecError(
            f"--forms {text} names no such files of figures.",
            remedy="Name some of pdf, svg and png once each, separated by commas, or none.",
        )
    return forms

"""The kinds of files that a figure is saved as, and the fonts that it may have."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, get_args

from srgnn_bench.errors import SpecError

Form = Literal["pdf", "svg", "png"]

FORMS: tuple[Form, ...] = get_args(Form)

Font = Literal["sans", "serif"]


def read_forms(forms: str | Collection[str] | None) -> tuple[Form, ...]:
    """Forms as a caller names them: some of ``FORMS``, or a text as the command line takes it.

    Args:
        forms: names; or one text of names with commas between them, or ``none``; None for all.

    Raises:
        SpecError: one of them is no form.
    """
    if forms is None:
        return FORMS
    if isinstance(forms, str):
        forms = [] if forms == "none" else [part.strip() for part in forms.split(",")]
    for form in forms:
        if form not in FORMS:
            raise SpecError(
                f"No figure is saved as '{form}'.",
                remedy="The forms are some of pdf, svg and png, with commas between them, or none.",
            )
    return tuple(form for form in FORMS if form in forms)

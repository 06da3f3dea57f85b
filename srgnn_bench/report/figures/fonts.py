"""The fonts of the figures, in a form that is quick to embed."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from fontTools.ttLib import TTFont
from matplotlib.font_manager import FontProperties, findfont, fontManager

from srgnn_bench.report.forms import Font

FONTS: dict[Font, str] = {"sans": "DejaVu Sans", "serif": "STIXGeneral"}
"""Matplotlib brings both; the second goes with the Times of many papers."""

WEIGHTS = ("normal", "bold")

LAYOUT = ("GSUB", "GPOS", "GDEF", "MATH", "FFTM")
"""Tables of a font that matplotlib makes no use of, and that take most of the time to embed it."""


@cache
def small_family(font: Font) -> str:
    """The name under which matplotlib finds the font without the tables that it makes no use of.

    The small files are made once in a process and go with it.
    """
    name = f"srgnn-bench {font}"
    folder = Path(tempfile.mkdtemp(prefix="srgnn-bench-fonts-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for weight in WEIGHTS:
        found = findfont(FontProperties(family=FONTS[font], weight=weight))
        small = folder / Path(found).name
        with TTFont(found, recalcTimestamp=False) as whole:
            for table in LAYOUT:
                if table in whole:
                    del whole[table]
            whole.save(small)
        fontManager.addfont(small)
        fontManager.ttflist[-1] = replace(fontManager.ttflist[-1], name=name)
    return name


def font_settings(font: Font) -> dict[str, Any]:
    """Matplotlib's settings for a font; its own file stands in for what the small one lacks."""
    return {"font.family": [small_family(font), FONTS[font]]}


BROWSER_FONTS: dict[Font, str] = {
    "sans": "'DejaVu Sans', Verdana, sans-serif",
    "serif": "STIXGeneral, 'STIX Two Text', Times, serif",
}


def browser_fonts(svg: str, font: Font) -> str:
    """A drawing whose texts name fonts that browsers know."""
    return svg.replace(f"'{small_family(font)}', '{FONTS[font]}'", BROWSER_FONTS[font])

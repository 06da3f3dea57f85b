"""Units of time since 1970, and which one a number looks like."""

from __future__ import annotations

from typing import Literal

Unit = Literal["days", "hours", "minutes", "seconds", "milliseconds", "microseconds", "nanoseconds"]
TimeFormat = Literal[
    "iso", "days", "hours", "minutes", "seconds", "milliseconds", "microseconds", "nanoseconds"
]

MILLISECONDS: dict[Unit, float] = {
    "days": 86_400_000,
    "hours": 3_600_000,
    "minutes": 60_000,
    "seconds": 1000,
    "milliseconds": 1,
    "microseconds": 1e-3,
    "nanoseconds": 1e-6,
}
"""Length of each unit."""

YEAR_1990, YEAR_2100 = 631_152_000_000, 4_102_444_800_000
"""In milliseconds since 1970. Clicks are taken to lie between them. The span is shorter than any
unit is of the next longer one, so no number lies in it in two units."""


def likely_unit(milliseconds: float, *, read_as: Unit) -> Unit | None:
    """The unit in which a number would be a time of our days.

    Args:
        milliseconds: the time since 1970 that it was read as.
        read_as: the unit that it was read in.

    Returns:
        None where it is such a time as it was read, or is none in any unit.
    """
    number = milliseconds / MILLISECONDS[read_as]
    fitting = (u for u, length in MILLISECONDS.items() if YEAR_1990 <= number * length < YEAR_2100)
    unit = next(fitting, None)
    return None if unit == read_as else unit

"""Whether a chosen value lies where its search space ends."""

from __future__ import annotations

import math
from typing import Any, Literal

EDGE = 0.05
"""Share of a space, at either end, that counts as its edge."""


def edge_of(value: Any, space: dict[str, Any]) -> Literal["low", "high"] | None:
    """At which end of its dimension a value lies, within a twentieth; None: at neither.

    A better value may lie beyond. An end at 0 is no edge, since nothing lies beyond it, and a
    choice has no ends.

    Args:
        value: a value of the dimension; None where it was not searched.
        space: the dimension, as its YAML says it.
    """
    if space["type"] == "choice" or value is None or space["low"] == space["high"]:
        return None
    scale = math.log if space.get("log") else float
    low, high, place = (scale(number) for number in (space["low"], space["high"], value))
    share = (place - low) / (high - low)
    if share <= EDGE and space["low"] != 0:
        return "low"
    return "high" if share >= 1 - EDGE else None

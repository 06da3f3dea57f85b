"""A dimension of a search space: in words, and whether a chosen value lies where it ends."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

EDGE = 0.05
"""Share of a space, at either end, that counts as its edge."""


def edge_of(value: Any, space: dict[str, Any]) -> Literal["low", "high"] | None:
    """At which end of its dimension a value lies, within a twentieth; None: at neither.

    A better value may lie beyond. An end at 0 is no edge, since nothing lies beyond it, nor is 1
    where the other end is 0: such a dimension is a share. A choice has ends where it is one of
    three numbers or more.

    Args:
        value: a value of the dimension; None where it was not searched.
        space: the dimension, as its YAML says it.
    """
    if value is None:
        return None
    if space["type"] == "choice":
        return _end_of_choice(value, space["values"])
    if space["low"] == space["high"]:
        return None
    scale = math.log if space.get("log") else float
    low, high, place = (scale(number) for number in (space["low"], space["high"], value))
    share = (place - low) / (high - low)
    if share <= EDGE and space["low"] != 0:
        return "low"
    is_share = (space["low"], space["high"]) == (0, 1)
    return "high" if share >= 1 - EDGE and not is_share else None


def _end_of_choice(value: Any, values: Sequence[Any]) -> Literal["low", "high"] | None:
    numbers = [one for one in values if isinstance(one, int | float) and not isinstance(one, bool)]
    if len(numbers) < max(3, len(values)):
        return None
    if value == min(numbers) != 0:
        return "low"
    return "high" if value == max(numbers) else None


def describe_dimension(space: dict[str, Any]) -> str:
    """A dimension of a search space in words."""
    conditions = " and ".join(
        f"{name} = {describe_value(v)}" for name, v in space.get("when", {}).items()
    )
    when = f" if {conditions}" if conditions else ""
    if space["type"] == "choice":
        return "{" + ", ".join(str(value) for value in space["values"]) + "}" + when
    scale = ", log" if space.get("log") else ""
    step = f", step {space['step']}" if space.get("step", 1) != 1 else ""
    return f"[{space['low']:g}, {space['high']:g}]{scale}{step}{when}"


def describe_value(value: Any) -> str:
    """A value of a dimension in words, to four digits."""
    if isinstance(value, (list, tuple)):
        return " or ".join(describe_value(one) for one in value)
    return f"{value:.4g}" if isinstance(value, float) else str(value)

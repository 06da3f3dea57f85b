"""The decays of session-rec: how the weight of a click falls with its distance."""

from __future__ import annotations

from typing import Literal

import numpy as np

from srgnn_bench.counting.sparse_rows import Floats
from srgnn_bench.data.sessions import Integers

Decay = Literal["same", "div", "linear", "log", "quadratic"]


def by_distance(kind: Decay, distances: Integers) -> Floats:
    """Weight of what lies d clicks away.

    ``same`` 1, ``div`` 1 / d, ``linear`` max(0, 1 - d / 10), ``log`` 1 / log10(d + 1.7),
    ``quadratic`` 1 / d**2. session-rec lets ``linear`` fall below 0 until d = 100; here what is
    ten clicks away or more has no weight.

    Args:
        kind: name of the decay.
        distances: from 1, any shape.
    """
    weights: dict[Decay, Floats] = {
        "same": np.ones(distances.shape),
        "div": 1 / distances,
        "linear": np.maximum(0, 1 - distances / 10),
        "log": 1 / np.log10(distances + 1.7),
        "quadratic": 1 / distances**2,
    }
    return weights[kind]


def by_position(kind: Decay, positions: Integers, *, lengths: Integers) -> Floats:
    """Weight of the click at position j of a session of l clicks, d = l - j before the last.

    ``same`` 1, ``div`` j / l, ``linear`` max(0, 1 - d / 10), ``log`` 1 / log10(d + 1.7),
    ``quadratic`` (j / l)**2. session-rec's ``linear`` falls below 0 for d > 10, and is 0 from
    the eleventh click on, the last one included.

    Args:
        kind: name of the decay.
        positions: from 1, any shape.
        lengths: clicks of each position's session, same shape.
    """
    part: Floats = positions / lengths
    back = lengths - positions
    weights: dict[Decay, Floats] = {
        "same": np.ones(part.shape),
        "div": part,
        "linear": np.maximum(0, 1 - back / 10),
        "log": 1 / np.log10(back + 1.7),
        "quadratic": part**2,
    }
    return weights[kind]

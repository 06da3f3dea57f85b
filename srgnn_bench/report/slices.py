"""Parts of the test prefixes on which models are compared apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

Kind = Literal["session length", "prefix length", "popularity", "repetition"]

SHORT = 5
"""Most clicks of a short session. The SR-GNN paper compares short and long sessions too; it counts
each prefix as a session of its own. So counted, this cut makes 70.1% of the test of Yoochoose 1/64
and 76.4% of that of Diginetica short (measured here, on the authors' files)."""

LENGTHS = ((1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (6, 10), (11, None))
"""First and last length of each slice of prefixes; None: no end."""


@dataclass(frozen=True)
class Slice:
    """A part of the test prefixes.

    Attributes:
        kind: which partition it belongs to.
        label: its name there.
        mask: which prefixes it holds, shape (prefixes,); at least one.
    """

    kind: Kind
    label: str
    mask: npt.NDArray[np.bool_]


def slices_of(prefixes: pd.DataFrame) -> list[Slice]:
    """All slices that hold a prefix.

    Args:
        prefixes: ``length`` in clicks; ``target_count``, the target's training clicks;
            ``target_ago``, how many clicks ago the target was clicked, 0 for never.
    """
    lengths = prefixes["length"].to_numpy()
    counts = prefixes["target_count"].to_numpy()
    ago = prefixes["target_ago"].to_numpy()
    found = [
        Slice("session length", f"short (≤ {SHORT})", lengths <= SHORT),
        Slice("session length", f"long (> {SHORT})", lengths > SHORT),
    ]
    for first, last in LENGTHS:
        label = f"{first}" if first == last else f"{first}–{last}" if last else f"{first}+"
        inside = (lengths >= first) & (lengths <= (last or lengths.max()))
        found.append(Slice("prefix length", label, inside))
    low, high = np.quantile(counts, [1 / 3, 2 / 3], method="lower")
    found += [
        Slice("popularity", f"tail (≤ {low} clicks)", counts <= low),
        Slice("popularity", f"middle (≤ {high})", (counts > low) & (counts <= high)),
        Slice("popularity", f"head (> {high})", counts > high),
    ]
    found += [
        Slice("repetition", "last click", ago == 1),
        Slice("repetition", "earlier click", ago > 1),
        Slice("repetition", "new", ago == 0),
    ]
    return [part for part in found if part.mask.any()]

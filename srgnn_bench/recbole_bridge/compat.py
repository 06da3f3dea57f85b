"""What RecBole 1.2.1 needs from today's packages, restored before it is imported.

RecBole and the ray 2.6.3 it pins name NumPy aliases that NumPy 1.24 to 2.0 removed. Each alias
meant exactly the type it is mapped to here, so nothing changes in any result.
"""

from __future__ import annotations

import numpy as np

ALIASES: dict[str, type] = {
    "float_": np.float64,
    "complex_": np.complex128,
    "unicode_": np.str_,
    "bool8": np.bool_,
}
"""Removed NumPy name -> the type that it named."""


def restore_numpy_aliases() -> None:
    """Put the missing aliases back; those that NumPy still has are left alone."""
    for name, kind in ALIASES.items():
        if name not in vars(np):
            setattr(np, name, kind)

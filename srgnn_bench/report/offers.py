"""What the files of a folder offer: a new figure or table takes a file and no list of them."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from typing import Protocol, TypeVar


class Ordered(Protocol):
    """Something with a place among others of its kind."""

    @property
    def order(self) -> int:
        """The place; lower comes first."""


T = TypeVar("T", bound=Ordered)


def offered(package: str, *, folders: Iterable[str], name: str, kind: type[T]) -> list[T]:
    """What the modules of a package offer under a name, by their order.

    Args:
        package: dotted name of the package.
        folders: its ``__path__``.
        name: of the variable that a module offers it as.
        kind: its class; modules without one are passed over.
    """
    modules = (f"{package}.{module.name}" for module in pkgutil.iter_modules(folders))
    found = (getattr(importlib.import_module(module), name, None) for module in modules)
    return sorted((f for f in found if isinstance(f, kind)), key=lambda f: f.order)

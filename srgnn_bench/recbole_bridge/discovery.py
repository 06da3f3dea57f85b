"""Makes this package's models findable by RecBole's own ``get_model``, for those who ask for it.

RecBole looks a model up as the module ``recbole.model.<kind>.<lower-case class name>``. An import
hook answers for the names of our classes only, so RecBole's own models stay what they are.
"""

from __future__ import annotations

import functools
import importlib
import importlib.abc
import importlib.machinery
import sys
from collections.abc import Sequence
from types import ModuleType

from srgnn_bench.recbole_bridge.compat import (
    let_recbole_read_its_checkpoints,
    restore_numpy_aliases,
)
from srgnn_bench.specs import registry

HOST = "recbole.model.sequential_recommender."


@functools.cache
def modules() -> dict[str, str]:
    """Class of every shipped model of this package's own -> the module that defines it."""
    paths = (path.split(":") for path in registry.implementations())
    return {name: module for module, name in paths if module.startswith("srgnn_bench.")}


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds ``recbole.model.sequential_recommender.<ours>`` as an alias of our module."""

    def find_spec(  # its last two arguments are the protocol's
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname.startswith(HOST) and _source_of(fullname) is not None:
            return importlib.machinery.ModuleSpec(fullname, self)
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> None:
        """Let Python make an ordinary, empty module."""

    def exec_module(self, module: ModuleType) -> None:
        """Fill the alias with the names of the module it stands for."""
        source = _source_of(module.__name__)
        assert source is not None
        vars(module).update(
            {k: v for k, v in vars(importlib.import_module(source)).items() if k[:2] != "__"}
        )


def _source_of(fullname: str) -> str | None:
    wanted = fullname.removeprefix(HOST)
    return next((m for name, m in modules().items() if name.lower() == wanted), None)


def register() -> None:
    """Make this package's models known to RecBole in this process, and RecBole work there.

    ``recbole.utils.get_model`` then finds them by class name, and
    ``recbole.config.Config(model=...)`` accepts names and classes. An import
    hook does it, and NumPy has the names back that ``Config`` uses (``np.float_`` and the like).
    RecBole's trainer may read the checkpoints that it wrote, which today's torch refuses, so that
    its own ``run_recbole`` ends with an evaluation. srgnn_bench itself needs no call of this.
    """
    restore_numpy_aliases()
    let_recbole_read_its_checkpoints()
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.append(_Finder())

"""Makes this package's models findable by RecBole's own ``get_model``, for those who ask for it.

RecBole looks a model up as the module ``recbole.model.<kind>.<lower-case class name>``. An import
hook answers for the names of our classes only, so RecBole's own models stay what they are.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import sys
from collections.abc import Sequence
from types import ModuleType

from srgnn_bench.recbole_bridge.compat import restore_numpy_aliases

HOST = "recbole.model.sequential_recommender."

MODULES: dict[str, str] = {
    "FastSRGNN": "srgnn_bench.models.srgnn",
    "FastGRU4Rec": "srgnn_bench.baselines.gru4rec",
    "FastNARM": "srgnn_bench.baselines.narm",
    "FastSTAMP": "srgnn_bench.baselines.stamp",
    "FastSASRec": "srgnn_bench.baselines.sasrec",
    "FastGCSAN": "srgnn_bench.baselines.gcsan",
    "NISER": "srgnn_bench.baselines.niser",
    "TAGNN": "srgnn_bench.baselines.tagnn",
    "GCEGNN": "srgnn_bench.baselines.gcegnn",
    "SGNNHN": "srgnn_bench.baselines.sgnnhn",
    "AttenMixer": "srgnn_bench.baselines.attenmixer",
    "ESASRec": "srgnn_bench.baselines.esasrec",
    "Popularity": "srgnn_bench.baselines.popularity",
    "SessionPopularity": "srgnn_bench.baselines.session_popularity",
    "FirstOrderMarkov": "srgnn_bench.baselines.markov",
    "AssociationRules": "srgnn_bench.baselines.association_rules",
    "SequentialRules": "srgnn_bench.baselines.sequential_rules",
    "SessionItemKNN": "srgnn_bench.baselines.item_knn",
    "SKNN": "srgnn_bench.baselines.sknn",
    "VSKNN": "srgnn_bench.baselines.vsknn",
    "STAN": "srgnn_bench.baselines.stan",
    "VSTAN": "srgnn_bench.baselines.vstan",
    "SFSKNN": "srgnn_bench.baselines.sfsknn",
    "ContextTree": "srgnn_bench.baselines.context_tree",
}
"""Class name -> the module that defines it."""


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
    return next((m for name, m in MODULES.items() if name.lower() == wanted), None)


def register() -> None:
    """Make this package's models known to RecBole in this process, and RecBole fit for its NumPy.

    ``recbole.utils.get_model`` then finds them by class name, and
    ``recbole.config.Config(model=...)`` accepts names and classes. An import
    hook does it, and NumPy has the names back that ``Config`` uses (``np.float_`` and the like).
    srgnn_bench itself needs no call of this.
    """
    restore_numpy_aliases()
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.append(_Finder())

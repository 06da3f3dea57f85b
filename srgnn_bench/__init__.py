"""Fair, fast, reproducible benchmarks of session-based recommenders, on RecBole.

Importing this package changes nothing in the process, and imports neither torch nor RecBole, so a
report is drawn without them. ``Benchmark`` and ``check`` import both, and with them one import hook
that cannot be avoided: absl's, which TensorBoard brings to RecBole. ``register`` makes our models
known to RecBole.
"""

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from srgnn_bench.api import Benchmark, check
    from srgnn_bench.recbole_bridge.discovery import register

    __version__: str

__all__ = ["Benchmark", "__version__", "check", "register"]

if find_spec("recbole") is None:
    from srgnn_bench.errors import refuse_without_recbole

    refuse_without_recbole()


def __getattr__(name: str) -> Any:
    """What is public is made when it is first asked for: ``Benchmark`` and ``check`` need torch."""
    if name in ("Benchmark", "check"):
        from srgnn_bench import api

        return getattr(api, name)
    if name == "register":
        from srgnn_bench.recbole_bridge.discovery import register

        return register
    if name == "__version__":
        from importlib.metadata import PackageNotFoundError, version

        try:
            return version("srgnn-bench")
        except PackageNotFoundError:  # a checkout that was never installed
            return "0+unknown"
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")


def __dir__() -> list[str]:
    """What is public, and nothing else."""
    return __all__

"""Fair, fast, reproducible benchmarks of session-based recommenders, on RecBole.

Importing this package makes its models known to RecBole: ``recbole.utils.get_model`` finds them
by class name and ``recbole.config.Config(model=...)`` accepts the classes. It imports neither
torch nor RecBole by itself, so a report is drawn without them.
"""

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from srgnn_bench.api import Benchmark

__all__ = ["Benchmark", "__version__"]

# In a checkout, baselines/ and properties/ stand beside this package; in a wheel they are inside
# it. Either way they are srgnn_bench.baselines and srgnn_bench/properties.
_checkout = Path(__file__).resolve().parent.parent
if (_checkout / "pyproject.toml").is_file() and (_checkout / "baselines").is_dir():
    __path__.append(str(_checkout))

from srgnn_bench.recbole_bridge import discovery  # noqa: E402

discovery.install()

try:
    __version__ = version("srgnn-bench")
except PackageNotFoundError:  # a checkout that was never installed
    __version__ = "0+unknown"


def __getattr__(name: str) -> Any:
    """``Benchmark``, which needs torch and RecBole, is imported when it is first asked for."""
    if name == "Benchmark":
        from srgnn_bench.api import Benchmark

        return Benchmark
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")

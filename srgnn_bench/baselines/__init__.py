"""The baselines of a checkout, which stand beside this package; a wheel has them in this place."""

from pathlib import Path

from srgnn_bench.recbole_bridge.compat import anomaly_detection_kept

__path__ = [str(Path(__file__).resolve().parents[2] / "baselines")]

with anomaly_detection_kept():
    import recbole.model.sequential_recommender  # noqa: F401

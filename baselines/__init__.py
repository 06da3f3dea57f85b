"""The baselines, one file each, with nothing in it but the model."""

from srgnn_bench.recbole_bridge.compat import anomaly_detection_kept

with anomaly_detection_kept():
    import recbole.model.sequential_recommender  # noqa: F401

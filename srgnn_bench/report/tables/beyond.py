"""What the lists hold beside the target."""

from __future__ import annotations

from srgnn_bench.report.frames import Frames
from srgnn_bench.report.tables.metric_table import metric_table
from srgnn_bench.report.tables.table import Table, TableSpec


def beyond_table(frames: Frames) -> Table | None:
    """What the lists hold beside the target, or None where no run stored it.

    Nothing is marked as best: whether popular or repeated items are wanted is not a matter of
    accuracy.
    """
    stored = set(frames.metrics["metric"])
    names = [n for n in ("coverage@20", "popularity@20", "repeat@20") if n in stored]
    if not names:
        return None
    return metric_table(
        frames,
        datasets=frames.results.datasets,
        metrics=[names],
        name="beyond-accuracy",
        title="Beyond accuracy: coverage of the catalogue, clicks of recommended items relative to "
        "the most popular one's, repeats of the prefix",
        marked=False,
        explanation=(
            "Coverage: share of the catalogue that stands in at least one list. Popularity: mean "
            "of the recommended items' training clicks, as a share of the most popular item's. "
            "Repeats: share of the recommended items that the prefix already holds."
        ),
    )


TABLE = TableSpec(lambda frames: [beyond_table(frames)], order=60)

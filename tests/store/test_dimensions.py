from __future__ import annotations

import pytest

from srgnn_bench.store.dimensions import edge_of

RATE = {"type": "float", "low": 0.0001, "high": 0.01, "log": True}
DROPOUT = {"type": "float", "low": 0.0, "high": 0.5, "log": False}


@pytest.mark.parametrize(
    ("value", "space", "edge"),
    [
        (0.00012, RATE, "low"),
        (0.00013, RATE, None),  # 5.7% of the way on the log scale
        (0.001, RATE, None),
        (0.009, RATE, "high"),
        (0.01, DROPOUT, None),  # nothing lies below no dropout
        (0.48, DROPOUT, "high"),
        (1, {"type": "int", "low": 1, "high": 3}, "low"),
        (2, {"type": "int", "low": 1, "high": 3}, None),
        (100, {"type": "choice", "values": [100, 512]}, None),
        (3, {"type": "int", "low": 3, "high": 3}, None),
        (None, RATE, None),
    ],
)
def test_a_value_within_a_twentieth_of_an_end_is_at_its_edge(value, space, edge) -> None:
    assert edge_of(value, space) == edge

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
        (0.99, {"type": "float", "low": 0.0, "high": 1.0}, None),  # a share
        (0.99, {"type": "float", "low": 0.5, "high": 1.0}, "high"),
        (100, {"type": "choice", "values": [100, 512]}, None),
        (200, {"type": "choice", "values": [50, 100, 200]}, "high"),
        (50, {"type": "choice", "values": [50, 100, 200]}, "low"),
        (100, {"type": "choice", "values": [50, 100, 200]}, None),
        (0.0, {"type": "choice", "values": [0.0, 1e-6, 1e-5, 1e-4]}, None),
        (1e-4, {"type": "choice", "values": [0.0, 1e-6, 1e-5, 1e-4]}, "high"),
        ("vec", {"type": "choice", "values": ["vec", "cosine", "dice"]}, None),
        (True, {"type": "choice", "values": [True, False]}, None),
        ([2, 2], {"type": "choice", "values": [[1, 1], [2, 2], [4, 4]]}, None),
        (3, {"type": "int", "low": 3, "high": 3}, None),
        (None, RATE, None),
    ],
)
def test_a_value_within_a_twentieth_of_an_end_is_at_its_edge(value, space, edge) -> None:
    assert edge_of(value, space) == edge

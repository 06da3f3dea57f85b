"""Models that count, on a whole data set: exact, and as good as they are said to be."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from slow_neighbours import sknn, stan, vsknn
from small_sessions import scores

from srgnn_bench.data.prepare import prepare
from srgnn_bench.data.protocol import test_stage as stage_for_test
from srgnn_bench.evaluation.metrics import Metric
from srgnn_bench.specs import registry
from srgnn_bench.specs.protocol import ProtocolSpec
from srgnn_bench.specs.resolving import resolve
from srgnn_bench.training.build import build
from srgnn_bench.training.configuration import candidates
from srgnn_bench.training.ranking import rank_prefixes

ROOT = os.environ.get("SRGNN_BENCH_DATA_ROOT")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(ROOT is None, reason="SRGNN_BENCH_DATA_ROOT is not set"),
]


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    spec = registry.dataset("yoochoose1_64")
    data = prepare(spec, data_root=Path(str(ROOT)), cache=tmp_path_factory.mktemp("cache"))
    return stage_for_test(data, ProtocolSpec())


def fitted(name, stage):
    [chosen] = candidates(resolve("quick", models=[name]))
    return build(chosen.model_class, chosen.defaults, stage, seed=1), chosen.defaults


def some_prefixes(stage, *, count):
    """The longest prefix and others from all over the test."""
    p = stage.judged
    lengths = p.stop - p.start
    shown = np.flatnonzero(lengths > 0)
    chosen = [lengths.argmax(), *shown[:: len(shown) // count]]
    return [p.items[p.start[i] : p.stop[i]].tolist() for i in chosen]


@pytest.mark.parametrize("name", ["sknn", "sfsknn", "vsknn", "stan", "vstan"])
def test_scores_are_those_of_the_slow_search(name, stage):
    model, settings = fitted(name, stage)
    bounds = zip(stage.train.offsets, stage.train.offsets[1:], strict=False)
    training = [stage.train.items[start:stop].tolist() for start, stop in bounds]
    shown = some_prefixes(stage, count=15)
    for prefix, found in zip(shown, scores(model, shown), strict=True):
        if name in ("sknn", "sfsknn"):
            expected = sknn(prefix, training, n_items=stage.n_items, **settings)
        elif name == "vsknn":
            expected = vsknn(prefix, training, n_items=stage.n_items, settings=settings)
        else:
            times = stage.train.times.tolist()
            expected = stan(
                prefix, training, times, n_items=stage.n_items, settings=settings, now=times[-1]
            )
            expected *= found.max() / expected.max()
        np.testing.assert_allclose(found, expected, rtol=2e-6, atol=1e-30)


@pytest.mark.parametrize(
    ("name", "at_least"),
    [
        # Printed for Item-KNN: 51.60 and 21.81 (Wu et al., AAAI 2019, table 2).
        ("item_knn", (0.516, 0.218)),
        ("markov", (0.64, 0.29)),
        ("sequential_rules", (0.66, 0.295)),
        ("sknn", (0.62, 0.24)),
        ("vsknn", (0.67, 0.27)),
        ("stan", (0.685, 0.275)),
        ("vstan", (0.69, 0.28)),
        ("sfsknn", (0.63, 0.25)),
        ("context_tree", (0.635, 0.29)),
    ],
)
def test_recall_and_mrr_are_not_far_off(name, at_least, stage):
    model, _ = fitted(name, stage)
    every_fourth = replace(stage, judged=stage.judged.select(stage.judged.session % 4 == 0))
    ranks = rank_prefixes(model, every_fourth.judged, n_items=stage.n_items).ranks
    assert Metric("recall", 20).mean(ranks) > at_least[0]
    assert Metric("mrr", 20).mean(ranks) > at_least[1]

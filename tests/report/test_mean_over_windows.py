"""A suite on windows of a log: each is run by itself, and the report adds their mean."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml
from scipy import stats
from tiny_world import TinyWorld

from srgnn_bench.api import Benchmark
from srgnn_bench.report.tables import all_tables


@pytest.fixture
def benchmark_on_windows(tiny_world: TinyWorld) -> Benchmark:
    content = {**yaml.safe_load(tiny_world.dataset.read_text()), "windows": 3}
    tiny_world.dataset.write_text(yaml.safe_dump(content))
    benchmark = Benchmark(
        str(tiny_world.suite),
        models=["popularity", "markov"],
        trials=1,
        seeds=1,
        data_root=tiny_world.data_root,
        results=tiny_world.results,
    )
    benchmark.run()
    return benchmark


def test_the_mean_counts_every_window_once(benchmark_on_windows: Benchmark, tmp_path: Path) -> None:
    frames = benchmark_on_windows.frames()
    names = ["tiny-1", "tiny-2", "tiny-3"]
    assert frames.results.datasets == names
    single = frames.metrics.set_index(["entry", "metric", "dataset"])["mean"].sort_index()
    found = frames.windows.set_index(["entry", "metric"])
    subject, other = frames.results.subject, "markov"
    assert subject == "popularity"
    for metric in frames.results.metrics:
        values = {e: single.loc[e, metric].loc[names].to_numpy() for e in (subject, other)}
        row = found.loc[(other, metric)]
        assert row["windows"] == 3
        assert row["mean"] == pytest.approx(values[other].mean())
        assert row["std"] == pytest.approx(values[other].std(ddof=1))
        low, high = stats.t.interval(
            0.95, df=2, loc=values[other].mean(), scale=stats.sem(values[other])
        )
        assert (row["low"], row["high"]) == pytest.approx((low, high))
        paired = stats.ttest_rel(values[subject], values[other])
        assert row["difference"] == pytest.approx((values[subject] - values[other]).mean())
        assert row["p_value"] == pytest.approx(paired.pvalue)
        assert np.isnan(found.loc[(subject, metric)]["p_value"])
    [table] = [each for each in all_tables(frames) if each.name == "windows-tiny"]
    assert table.title.startswith("Tiny: 3 windows of equal span")
    assert table.columns[1:5] == ("1", "2", "3", "mean")
    assert len(table.rows) == 2
    assert benchmark_on_windows.report(tmp_path / "report")
    assert list((tmp_path / "report").rglob("windows-tiny*"))

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_up import write_suite

from srgnn_bench.errors import StoreError
from srgnn_bench.evaluation.metrics import Metric
from srgnn_bench.evaluation.statistics import by_session, estimate
from srgnn_bench.report.captions import notes
from srgnn_bench.report.figures.tradeoff import pareto_front
from srgnn_bench.report.frames import Frames
from srgnn_bench.report.frames.importance import importances
from srgnn_bench.report.frames.slices import slices_of
from srgnn_bench.report.results import load_suite
from srgnn_bench.report.tables import all_tables
from srgnn_bench.report.tables.differences import difference_table
from srgnn_bench.report.tables.forms import markdown
from srgnn_bench.report.tables.main import main_table


def test_differences_are_those_of_the_means_and_their_intervals_hold_them(store):
    write_suite(store, datasets=2, models=3, seeds=2)
    frames = Frames(load_suite(store, suite="made-up"))
    means = frames.metrics.set_index(["dataset", "entry", "metric"])["mean"]
    assert len(frames.differences) == 2 * 2 * 2
    for row in frames.differences.to_dict("records"):
        subject = means[row["dataset"], "srgnn", row["metric"]]
        other = means[row["dataset"], row["entry"], row["metric"]]
        assert row["difference"] == pytest.approx(subject - other)
        assert row["relative"] == pytest.approx(subject / other - 1)
        assert row["low"] <= row["difference"] <= row["high"]
        assert row["p_value"] <= row["p_holm"] <= 1


def test_intervals_belong_to_the_headline_metrics(store):
    write_suite(store, datasets=1, models=2, seeds=2)
    metrics = Frames(load_suite(store, suite="made-up")).metrics
    headline = metrics[metrics["metric"].isin(["recall@20", "mrr@20"])]
    assert (headline["low"] < headline["mean"]).all()
    assert (headline["high"] > headline["mean"]).all()
    assert metrics[metrics["metric"] == "ndcg@5"]["low"].isna().all()


def test_the_subject_does_not_depend_on_the_numbers(store):
    write_suite(store, datasets=1, models=3, seeds=1, skills={"narm": 5.0})
    assert load_suite(store, suite="made-up").subject == "srgnn"
    entries = {"two": {"step": 2}, "plain": {}, "three": {"step": 3}}
    write_suite(store, suite="steps", datasets=1, seeds=1, entries=entries)
    results = load_suite(store, suite="steps")
    assert results.is_ablation
    assert results.subject == "plain"


def test_the_reader_may_name_the_subject_and_every_card_says_so(store):
    write_suite(store, datasets=1, models=3, seeds=1)
    own, named = (load_suite(store, suite="made-up", against=name) for name in (None, "narm"))
    assert named.subject == "narm"
    assert notes(own) == []
    assert notes(named) == ["Compared with NARM by request; the suite's own subject is SR-GNN."]
    there, back = (
        frames.set_index(["entry", "metric"])["difference"]
        for frames in (Frames(own).differences, Frames(named).differences)
    )
    assert back["srgnn", "mrr@20"] == pytest.approx(-there["narm", "mrr@20"])


def test_a_subject_that_is_no_entry_is_one_clear_error(store):
    write_suite(store, datasets=1, models=3, seeds=1)
    with pytest.raises(StoreError, match="no entry named narn") as caught:
        load_suite(store, suite="made-up", against="narn")
    assert caught.value.remedy == "Did you mean 'narm'?"


def test_slices_hold_every_prefix_once_per_kind():
    generator = np.random.default_rng(1)
    prefixes = pd.DataFrame(
        {
            "session": np.arange(300),
            "length": generator.integers(1, 15, size=300),
            "target_count": generator.zipf(1.4, size=300) - 1,
            "target_ago": generator.integers(0, 4, size=300),
        }
    )
    parts = slices_of(prefixes)
    for kind in ("session length", "prefix length", "popularity", "repetition"):
        masks = [part.mask for part in parts if part.kind == kind]
        np.testing.assert_array_equal(np.sum(masks, axis=0), np.ones(300))
    [short] = [part.mask for part in parts if part.label == "short (≤ 5)"]
    np.testing.assert_array_equal(short, prefixes["length"] <= 5)
    again = {part.label: part.mask for part in parts if part.kind == "repetition"}
    np.testing.assert_array_equal(again["last click"], prefixes["target_ago"] == 1)
    np.testing.assert_array_equal(again["new"], prefixes["target_ago"] == 0)


def test_one_popularity_for_all_targets_is_one_slice():
    columns = {"session": [1, 2], "length": [1, 1], "target_count": [7, 7], "target_ago": [0, 1]}
    prefixes = pd.DataFrame(columns)
    labels = [part.label for part in slices_of(prefixes) if part.kind == "popularity"]
    assert labels == ["tail (≤ 7 clicks)"]


def test_slices_add_up_to_the_whole(store):
    write_suite(store, datasets=1, models=2, seeds=2)
    frames = Frames(load_suite(store, suite="made-up"))
    whole = frames.metrics.set_index(["entry", "metric"])["mean"]
    for (_, entry, metric), part in frames.slices.groupby(["kind", "entry", "metric"]):
        weighted = np.average(part["mean"], weights=part["prefixes"])
        assert weighted == pytest.approx(whole[entry, metric])


def test_leads_on_parts_add_up_and_their_intervals_are_those_of_the_part(store):
    write_suite(store, datasets=1, models=2, seeds=2, sessions=3000)
    results = load_suite(store, suite="made-up")
    frames = Frames(results)
    [dataset] = results.datasets
    subject, other = results.entries
    assert frames.slices.query("entry == @subject")[["difference", "low", "high"]].isna().all(None)
    lead = frames.slices.query("entry == @other and metric == 'mrr@20'")
    whole = frames.differences.set_index(["entry", "metric"])["difference"]
    for _, parts in lead.groupby("kind"):
        weighted = np.average(parts["difference"], weights=parts["prefixes"])
        assert weighted == pytest.approx(whole[other, "mrr@20"])

    prefixes = results.prefixes(dataset)
    mrr = Metric("mrr", 20)
    for part in slices_of(prefixes):
        of_part = [
            by_session(
                mrr.scores(results.ranks(dataset, entry=entry))[:, part.mask],
                sessions=prefixes["session"].to_numpy()[part.mask],
            )
            for entry in (subject, other)
        ]
        found = estimate(*of_part)
        [row] = lead.query("kind == @part.kind and slice == @part.label").itertuples()
        assert row.difference == pytest.approx(found.value)
        assert (row.low, row.high) == pytest.approx(found.interval)


def test_metrics_of_any_k_come_from_stored_runs(store):
    manifest = write_suite(store, datasets=1, models=3, seeds=2)
    spec = {**manifest.spec, "metrics": ["ndcg@50", "recall@1"], "cutoffs": [3]}
    store.write_manifest(manifest.model_copy(update={"spec": spec}))
    results = load_suite(store, suite="made-up")
    frames = Frames(results)
    row = frames.metrics.set_index(["entry", "metric"]).loc[("narm", "ndcg@50")]
    ranks = results.ranks("diginetica", entry="narm")
    by_hand = np.where(ranks <= 50, 1 / np.log2(1 + ranks), 0).mean()
    assert row["mean"] == pytest.approx(by_hand)
    assert row["low"] < by_hand < row["high"]
    assert set(frames.differences["metric"]) == {"ndcg@50", "recall@1"}
    assert {"recall@3", "mrr@3", "coverage@20"} <= set(frames.metrics["metric"])
    assert "recall@5" not in set(frames.metrics["metric"])
    tables = {table.name: table for table in all_tables(frames)}
    assert tables["table"].columns == ("Model", "NDCG@50", "Recall@1")


def test_models_without_chance_have_no_spread_and_their_seeds_none_either(store):
    write_suite(store, datasets=1, models=5, seeds=3)
    frames = Frames(load_suite(store, suite="made-up"))
    metrics = frames.metrics.query("metric == 'mrr@20'").set_index("entry")
    assert np.isnan(metrics.loc["popularity", "std"])
    assert metrics.loc["popularity", "error_seeds"] == 0
    assert metrics.loc["narm", "std"] > 0
    text = markdown(main_table(frames))
    [popularity] = [line for line in text.splitlines() if line.startswith("| Popularity")]
    [narm] = [line for line in text.splitlines() if line.startswith("| NARM")]
    assert "±" not in popularity
    assert "±" in narm


def test_one_seed_of_a_trained_model_leaves_the_sessions_alone_and_says_so(store):
    write_suite(store, datasets=1, models=5, seeds=1)
    frames = Frames(load_suite(store, suite="made-up"))
    assert not frames.differences["with_seeds"].any()
    assert frames.differences["low"].notna().all()
    tables = {table.name: table for table in all_tables(frames)}
    for name in ("differences-diginetica", "uncertainty"):
        assert "not other seeds" in " ".join(tables[name].lines)
        for row in tables[name].rows:
            trained = name.startswith("differences") or row[0].entry != "popularity"
            marked = [cell.text for cell in row if cell.text.endswith("‡")]
            assert len(marked) == 2 * trained, row[0].entry
    write_suite(store, datasets=1, models=5, seeds=2, suite="two")
    two = Frames(load_suite(store, suite="two"))
    assert two.differences["with_seeds"].all()
    assert (two.differences["error_seeds"] >= 0).all()


def test_the_false_discovery_rate_stands_beside_holm_on_request(store):
    write_suite(store, datasets=1, models=4, seeds=2)
    results = load_suite(store, suite="made-up")
    without, with_it = (
        difference_table(Frames(results, fdr=fdr), dataset="diginetica") for fdr in (False, True)
    )
    assert "FDR" not in without.columns
    assert with_it.columns.count("FDR") == 2
    assert len(with_it.rows[0]) == len(with_it.columns)
    assert (with_it.data["fdr"] <= with_it.data["p_holm"] + 1e-12).all()


def test_a_subject_without_runs_leads_nowhere(store):
    write_suite(store, datasets=1, models=2, seeds=1, missing=lambda _, entry, __: entry == "srgnn")
    slices = Frames(load_suite(store, suite="made-up")).slices
    assert "srgnn" not in set(slices["entry"])
    assert slices["mean"].notna().all()
    assert slices[["difference", "low", "high"]].isna().all(None)


def test_a_slow_pareto_front_agrees():
    generator = np.random.default_rng(2)
    for _ in range(50):
        costs = pd.Series(generator.integers(1, 6, size=8).astype(float))
        qualities = pd.Series(generator.integers(1, 6, size=8).astype(float))
        front = pareto_front(costs, qualities)
        points = {(c, q) for c, q in zip(costs, qualities, strict=True)}
        expected = {
            (c, q)
            for c, q in points
            if not any((a <= c and b >= q and (a, b) != (c, q)) for a, b in points)
        }
        assert {(costs[n], qualities[n]) for n in front} == expected


def test_importance_finds_the_parameter_that_matters():
    generator = np.random.default_rng(3)
    trials = []
    for _ in range(20):
        rate, size = float(generator.uniform(0, 1)), int(generator.choice([50, 100]))
        trials.append(({"rate": rate, "size": size}, rate**2 + 0.01 * generator.normal()))
    space = {
        "rate": {"type": "float", "low": 0.0, "high": 1.0, "log": False, "when": {}},
        "size": {"type": "choice", "values": [50, 100], "when": {}},
    }
    found = importances(trials, space=space)
    assert sum(found.values()) == pytest.approx(1)
    assert found["rate"] > 0.9
    assert importances(trials[:7], space=space) == {}
    assert importances([(p, 0.5) for p, _ in trials], space=space) == {}


def test_parameters_that_never_vary_have_no_importance():
    space = {
        name: {"type": "choice", "values": ["x", "y"], "when": {}} for name in ("one", "another")
    }
    trials = [({"one": "x", "another": "x"}, n / 10) for n in range(10)]
    assert importances(trials, space=space) == {}


def test_importance_leaves_conditional_parameters_out():
    trials = [({"a": n / 10, "b": n % 3}, float(n)) for n in range(10)]
    trials[0] = ({"a": 0.0, "b": 0, "c": 1}, 0.5)
    space = {
        "a": {"type": "float", "low": 0.0, "high": 1.0, "log": False},
        "b": {"type": "int", "low": 0, "high": 2, "step": 1, "log": False},
        "c": {"type": "int", "low": 0, "high": 2, "step": 1, "log": False, "when": {"b": 0}},
    }
    assert set(importances(trials, space=space)) == {"a", "b"}


def test_learning_curves_come_from_the_runs_and_from_the_trial_that_won(store):
    write_suite(store, datasets=1, models=5, seeds=2)
    frames = Frames(load_suite(store, suite="made-up"))
    learning = frames.learning
    assert "popularity" not in set(learning["entry"])
    losses = learning[(learning["entry"] == "srgnn") & (learning["measure"] == "loss")]
    assert list(losses["epoch"]) == [1, 2, 3, 4]
    trial = frames.trials[(frames.trials["entry"] == "srgnn") & (frames.trials["number"] == 3)]
    chosen = learning[(learning["entry"] == "srgnn") & (learning["measure"] == "choice")]
    assert chosen["mean"].max() == pytest.approx(float(trial["value"].iloc[0]), rel=0.05)


def test_the_best_so_far_never_falls(store):
    write_suite(store, datasets=1, models=2, seeds=1)
    trials = Frames(load_suite(store, suite="made-up")).trials
    for _, of_entry in trials.groupby("entry"):
        assert (of_entry["best"].diff().dropna() >= 0).all()
        complete = of_entry[of_entry["state"] == "complete"]
        assert of_entry["best"].iloc[-1] == complete["value"].max()

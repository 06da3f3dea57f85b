"""A benchmark ends in models that can be used: kept, loaded, and asked for items."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tiny_world import TinyWorld, make_tiny_world
from typer.testing import CliRunner

from srgnn_bench import Benchmark
from srgnn_bench.cli import app
from srgnn_bench.data.protocol import test_stage as stage_of_test
from srgnn_bench.errors import DataError, SpecError, StoreError
from srgnn_bench.store.run import WEIGHTS, StoredRun
from srgnn_bench.training.ranking import rank_prefixes

MODELS = ["srgnn", "gru4rec", "vsknn", "popularity"]


def benchmark_of(world: TinyWorld, *, keep_models: bool, models: list[str] = MODELS) -> Benchmark:
    return Benchmark(
        str(world.suite),
        models=models,
        trials=1,
        seeds=2,
        settings=["training.epochs=2", "keep_lists=true", "protocol.max_prefix_length=3"],
        data_root=world.data_root,
        results=world.results,
        keep_models=keep_models,
    )


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Benchmark:
    benchmark = benchmark_of(make_tiny_world(tmp_path_factory.mktemp("kept")), keep_models=True)
    assert benchmark.run().missing == 0
    return benchmark


@pytest.mark.parametrize("entry", MODELS)
def test_a_loaded_model_ranks_the_test_as_it_did(kept: Benchmark, entry: str) -> None:
    [job] = [job for job in kept.jobs if job.candidate.entry.name == entry]
    stage = stage_of_test(job.dataset, job.suite.protocol)
    winner = job.winner()
    assert winner is not None
    for seed, run in enumerate(job.runs(winner)):
        stored = kept.store.run(dataset="tiny", model=entry, key=run.key)
        model = kept.load(entry, seed=seed)
        ranks = rank_prefixes(model.model, stage.judged, n_items=stage.n_items).ranks
        np.testing.assert_array_equal(ranks, stored.ranks())


@pytest.mark.parametrize("entry", MODELS)
def test_what_it_recommends_is_what_was_listed(kept: Benchmark, entry: str) -> None:
    [job] = [job for job in kept.jobs if job.candidate.entry.name == entry]
    data, winner = job.dataset, job.winner()
    assert winner is not None
    run = job.runs(winner)[0]
    record = kept.store.record(dataset="tiny", model=entry, key=run.key)
    assert record is not None
    lists = kept.store.lists(record)
    assert lists is not None
    prefixes = [
        data.item_names[session[:end] - 1].tolist()
        for session in np.split(data.test.items, data.test.offsets[1:-1])
        for end in range(1, len(session))
    ]
    model = kept.load(entry)
    found = model.recommend(prefixes, k=20)
    assert found["rank"].max() == 20
    listed = np.stack(lists["items"].to_numpy())
    scores = model.scores(prefixes)
    place = {item: column for column, item in enumerate(model.items)}
    for session, rows in found.groupby("session"):
        columns = [place[item] for item in rows["item"]]
        np.testing.assert_array_equal(scores[session, columns], rows["score"].to_numpy())
        assert (np.diff(rows["score"]) <= 0).all()
        if entry != "popularity":  # which scores many items alike
            numbers = [int(np.flatnonzero(data.item_names == item)[0]) + 1 for item in rows["item"]]
            if len(set(rows["score"])) == len(rows):
                np.testing.assert_array_equal(numbers, listed[session])


def test_sessions_of_unknown_items_have_no_list(kept: Benchmark) -> None:
    model = kept.load("srgnn")
    known = model.items[0]
    sessions = [[type(known)(10**9)], [], [known, type(known)(10**9)], [known]]
    found = model.recommend(sessions, k=3)
    assert found["session"].unique().tolist() == [2, 3]
    assert len(found) == 6
    assert found["item"][:3].tolist() == found["item"][3:].tolist()
    scores = model.scores(sessions)
    assert np.isnan(scores[:2]).all()
    assert np.isfinite(scores[2:]).all()
    assert model.recommend([[], []]).empty


def test_ids_of_another_type_are_refused_in_one_line(kept: Benchmark) -> None:
    with pytest.raises(DataError, match="ids of the sessions are"):
        kept.load("srgnn").recommend([["1"] if kept.load("srgnn").items.dtype != object else [1.5]])


@pytest.mark.parametrize("sessions", [["p1", "p7"], [["p1"], "p7"], [b"p1"], "p1", [1, 7]])
def test_one_session_is_no_list_of_sessions(kept: Benchmark, sessions) -> None:
    model = kept.load("popularity")
    for ask in (model.recommend, model.scores):
        with pytest.raises(DataError, match="is no list of clicks"):
            ask(sessions)


def test_what_was_not_kept_is_named(kept: Benchmark, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="Did you mean 'srgnn'"):
        kept.load("srgn")
    with pytest.raises(SpecError, match="no dataset 'other'"):
        kept.load("srgnn", dataset="other")
    with pytest.raises(SpecError, match="no seed 2"):
        kept.load("srgnn", seed=2)
    world = make_tiny_world(tmp_path)
    before = benchmark_of(world, keep_models=False, models=["stamp"])
    with pytest.raises(StoreError, match="not stored"):
        before.load("stamp")
    before.run()
    with pytest.raises(StoreError, match="was not kept"):
        before.load("stamp")
    results = before.results().drop(columns=["train_seconds", "rank_seconds"], errors="ignore")
    after = benchmark_of(world, keep_models=True, models=["stamp"])
    assert after.run().trained == 2, "stored runs without their models are made again"
    assert after.run().trained == 0
    again = after.results().drop(columns=["train_seconds", "rank_seconds"], errors="ignore")
    numbers = [column for column in results if "@" in column]
    pd.testing.assert_frame_equal(results[numbers], again[numbers])
    after.load("stamp", seed=1)


def test_a_disk_without_room_for_a_model_loses_no_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_tiny_world(tmp_path)
    before = benchmark_of(world, keep_models=False, models=["popularity"])
    before.run()
    write = StoredRun.write

    def no_room(self: StoredRun, name: str, content: bytes) -> None:
        if name == WEIGHTS:
            raise StoreError("full", remedy="Free space.")
        write(self, name, content)

    monkeypatch.setattr(StoredRun, "write", no_room)
    with pytest.raises(StoreError, match="full"):
        benchmark_of(world, keep_models=True, models=["popularity"]).run()
    assert before.run().trained == 0
    assert len(before.results()) == 1


def test_a_damaged_model_is_one_line(kept: Benchmark) -> None:
    path = next(kept.store.root.glob(f"runs/tiny/srgnn/*/{WEIGHTS}"))
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    try:
        with pytest.raises(StoreError, match="checksum"):
            [kept.load("srgnn", seed=seed) for seed in (0, 1)]
    finally:
        path.write_bytes(whole)


def test_the_command_keeps_models_too(tmp_path: Path) -> None:
    world = make_tiny_world(tmp_path)
    words = ["run", "--suite", world.suite, "--data-root", world.data_root]
    words += ["--results", world.results, "--model", "popularity", "--keep-models"]
    done = CliRunner().invoke(app, [*map(str, words), "--forms", "none"])
    assert done.exit_code == 0, done.output
    assert len(list(world.results.glob(f"runs/*/*/*/{WEIGHTS}"))) == 1

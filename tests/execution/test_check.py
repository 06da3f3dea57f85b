"""A stored run is trained again, by somebody else, and compared with what is stored."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_world import TinyWorld, make_tiny_world, write_log
from typer.testing import CliRunner

from srgnn_bench import Benchmark, check, cli
from srgnn_bench.errors import DataError, DeviceError, SpecError, StoreError
from srgnn_bench.events import EpochDone, Event
from srgnn_bench.process.cores import available_cores
from srgnn_bench.store.lookup import find_run
from srgnn_bench.store.record import Record
from srgnn_bench.store.store import ResultStore
from srgnn_bench.testing.planted import planted_sessions


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> TinyWorld:
    """A suite that has been run: a model with chance and two seeds, and one without."""
    world = make_tiny_world(tmp_path_factory.mktemp("check"))
    benchmark = Benchmark(
        world.suite,
        models=["stamp", "markov"],
        trials=1,
        settings=["training.epochs=3", "protocol.max_prefix_length=3"],
        data_root=world.data_root,
        results=world.results,
    )
    assert benchmark.run().done == 3
    return world


@pytest.fixture
def world(made: TinyWorld, tmp_path: Path) -> TinyWorld:
    """A copy of it, of results and data, to change."""
    shutil.copytree(made.results, tmp_path / "results")
    shutil.copytree(made.data_root, tmp_path / "data")
    return replace(made, results=tmp_path / "results", data_root=tmp_path / "data")


def command(world: TinyWorld, *words: str) -> tuple[int, str]:
    arguments = ["check", str(world.results), "--data-root", str(world.data_root), *words]
    result = CliRunner(env={"COLUMNS": "200"}).invoke(cli.app, arguments)
    return result.exit_code, result.stdout


def everything(folder: Path) -> dict[Path, object]:
    """All files, and when something was last made or removed in each folder."""
    return {
        path: path.read_bytes() if path.is_file() else path.stat().st_mtime_ns
        for path in (folder, *folder.rglob("*"))
    }


def rewrite(world: TinyWorld, record: Record, *, ranks: np.ndarray | None = None, **update) -> None:
    """Store a run again, sound in itself, with other ranks or another record."""
    store = ResultStore(world.results)
    store.write_run(
        record.model_copy(update=update),
        prefixes=store.prefixes(record),
        ranks=store.ranks(record) if ranks is None else ranks,
        epochs=store.epochs(record),
    )


def one_other_rank(world: TinyWorld, model: str) -> None:
    store = ResultStore(world.results)
    record = find_run(store, model=model).record
    ranks = store.ranks(record)
    ranks[np.argmax(ranks)] += 1
    rewrite(world, record, ranks=ranks)


@pytest.mark.parametrize(("model", "seed"), [("stamp", 0), ("stamp", 1), ("markov", None)])
def test_on_the_same_machine_it_comes_out_exactly_and_nothing_is_written(
    world: TinyWorld, model: str, seed: int | None
) -> None:
    for path in (world.results, *world.results.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = everything(world.results)
    found = check(world.results, model=model, seed=seed, data_root=world.data_root)
    assert (found.verdict, found.other_ranks, found.unlike) == ("exact", 0, ())
    assert found.is_reproduced
    assert (found.entry, found.seed, found.has_chance) == (model, seed or 0, model == "stamp")
    assert [metric.name for metric in found.metrics] == ["recall@20", "mrr@20"]
    assert all(metric.stored == metric.again for metric in found.metrics)
    assert everything(world.results) == before


def test_a_run_that_passes_another_seeds_ranks_for_its_own_is_found_out(world: TinyWorld) -> None:
    store = ResultStore(world.results)
    first, second = (find_run(store, model="stamp", seed=seed).record for seed in (0, 1))
    rewrite(world, first, ranks=store.ranks(second))
    found = check(world.results, model="stamp", data_root=world.data_root)
    assert found.other_ranks > 0
    assert found.metrics[1].low == found.metrics[1].high, "equal seeds have no spread"
    assert found.verdict == "not reproduced"


def test_one_other_rank_is_within_the_spread_of_seeds(world: TinyWorld) -> None:
    one_other_rank(world, "stamp")
    found = check(world.results, model="stamp", data_root=world.data_root)
    assert (found.verdict, found.other_ranks, found.seeds) == ("within the seeds' spread", 1, 2)
    assert f"1 of {found.prefixes} ranks are others; all metrics in the interval" in found.reason
    assert found.machine.startswith("The machine is alike, as far as the record tells, where no ")
    assert found.metrics[1].low < found.metrics[1].again < found.metrics[1].high


def test_one_other_rank_of_a_model_without_chance_is_not_reproduced(world: TinyWorld) -> None:
    one_other_rank(world, "markov")
    code, said = command(world, "--model", "markov")
    assert code == 1
    assert "Verdict: not reproduced" in said
    assert "without chance" in said


def test_numbers_that_no_seed_gives_are_not_reproduced(world: TinyWorld) -> None:
    store = ResultStore(world.results)
    for seed in (0, 1):
        record = find_run(store, model="stamp", seed=seed).record
        rewrite(world, record, ranks=np.ones_like(store.ranks(record)))
    found = check(world.results, model="stamp", data_root=world.data_root)
    assert found.verdict == "not reproduced"
    assert "Recall@20 and MRR@20 outside" in found.reason


def test_one_stored_seed_tells_no_spread(world: TinyWorld) -> None:
    one_other_rank(world, "stamp")
    store = ResultStore(world.results)
    store.run_of(find_run(store, model="stamp", seed=1).record).remove()
    code, said = command(world, "--model", "stamp")
    assert code == 1
    assert "Verdict: no spread known" in said
    assert "not known" in said


def test_another_machine_is_named(world: TinyWorld) -> None:
    record = find_run(ResultStore(world.results), model="stamp").record
    environment = {**record.environment, "processor": "Abacus", "gpu": {"name": "Beads"}}
    environment["packages"] = {**environment["packages"], "torch": "0.4", "optuna": "1.0"}
    rewrite(world, record, environment=environment)
    found = check(world.results, model="stamp", data_root=world.data_root)
    assert found.verdict == "exact"
    assert [words.partition(" (here ")[0] for words in found.unlike] == [
        "processor Abacus",
        "gpu name Beads",
        "torch 0.4",
    ]
    assert "where ranks may differ: processor Abacus (here " in found.machine


def test_it_computes_with_the_threads_of_the_stored_run_where_there_are_as_many_cores(
    world: TinyWorld,
) -> None:
    record = find_run(ResultStore(world.results), model="markov").record
    cores, before = available_cores(), torch.get_num_threads()
    for threads, unlike in ((cores, ()), (99 * cores, (f"threads {99 * cores} (here {cores})",))):
        rewrite(world, record, environment={**record.environment, "threads": threads})
        found = check(world.results, model="markov", data_root=world.data_root)
        assert found.unlike == unlike
        assert torch.get_num_threads() == before


def test_other_data_is_refused_and_what_differs_is_said(world: TinyWorld) -> None:
    log = world.data_root / "tiny" / "clicks.csv"
    sessions = planted_sessions(count=300, items=30, seed=1)
    write_log(log, sessions[:-5])
    with pytest.raises(DataError, match=r"gives .* train sessions and not") as raised:
        check(world.results, model="markov", data_root=world.data_root)
    assert str(log) in str(raised.value)
    write_log(log, [session[::-1] for session in sessions])
    with pytest.raises(DataError, match="as many sessions and clicks, but other bytes"):
        check(world.results, model="markov", data_root=world.data_root)


def test_another_implementation_is_refused(world: TinyWorld) -> None:
    store = ResultStore(world.results)
    found = find_run(store, model="markov")
    identity = found.record.identity.model_copy(update={"implementation": "markov/0"})
    store.run_of(found.record).remove()
    rewrite_as = found.record.model_copy(update={"identity": identity, "key": identity.key})
    store.write_run(
        rewrite_as, prefixes=store.prefixes(found.record), ranks=np.ones(3, dtype=int), epochs=[]
    )
    manifest = store.manifest("tinysuite")
    assert manifest is not None
    cells = [
        cell.model_copy(update={"key": identity.key}) if cell.entry == "markov" else cell
        for cell in manifest.cells
    ]
    store.write_manifest(manifest.model_copy(update={"cells": tuple(cells)}))
    with pytest.raises(StoreError, match=r"^markov/0 made the stored run of markov on tiny"):
        check(world.results, model="markov", data_root=world.data_root)


def test_work_that_was_interrupted_goes_on_and_leaves_no_checkpoint(
    world: TinyWorld, tmp_path: Path
) -> None:
    epochs: list[Event] = []

    def stop_after_one(event: Event) -> None:
        if isinstance(event, EpochDone):
            epochs.append(event)
            if len(epochs) == 1:
                raise KeyboardInterrupt

    work = tmp_path / "work"
    how = {"model": "stamp", "data_root": world.data_root, "work": work, "listen": stop_after_one}
    with pytest.raises(KeyboardInterrupt):
        check(world.results, **how)
    assert list(work.rglob("*.checkpoint"))
    assert check(world.results, **how).verdict == "exact"
    assert epochs[0] == epochs[1], "it was trained again, as its seconds show"
    assert not list(work.rglob("*.checkpoint"))
    assert (work / "data" / "tiny").is_dir()


def test_work_in_the_results_is_refused(world: TinyWorld) -> None:
    with pytest.raises(SpecError, match="nothing is to be written"):
        check(world.results, model="markov", work=world.results / "work")


def test_a_device_that_is_not_there_is_refused(world: TinyWorld) -> None:
    with pytest.raises(DeviceError, match="There is no device 'abacus'"):
        check(world.results, model="markov", data_root=world.data_root, device="abacus")


def test_the_command_prints_one_verdict_or_json(world: TinyWorld) -> None:
    code, said = command(world, "--model", "stamp", "--dataset", "tiny", "--suite", "tinysuite")
    assert code == 0
    assert "tiny stamp epoch 1/" in said
    assert "Recall@20" in said
    assert said.endswith("Verdict: exact\n")
    assert command(world, "--model", "markov", "--quiet") == (0, "exact\n")
    one_other_rank(world, "markov")
    code, said = command(world, "--model", "markov", "--json")
    assert code == 1
    value = json.loads(said)
    assert (value["verdict"], value["other_ranks"]) == ("not reproduced", 1)
    assert value["metrics"][0]["low"] is None


def test_a_run_whose_epoch_the_test_chose_is_labelled(world: TinyWorld) -> None:
    benchmark = Benchmark(
        world.suite,
        models=["stamp"],
        trials=0,
        seeds=1,
        settings=["training.epochs=2", "protocol.kind=published", "name=published-tiny"],
        data_root=world.data_root,
        results=world.results,
    )
    assert benchmark.run().done == 1
    code, said = command(world, "--model", "stamp", "--suite", "published-tiny")
    assert code == 0
    assert "OPTIMISTIC" in said
    assert "Verdict: exact" in said
    assert "OPTIMISTIC" not in command(world, "--model", "markov")[1]

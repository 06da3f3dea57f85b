"""Bits that flip and files that are cut: the same numbers, or one line, never others in silence.

Each test prints what it tried and what came of it (``pytest -s``); the long ones are marked slow.
"""

from __future__ import annotations

import random
import shutil
from collections import Counter
from pathlib import Path

import pytest
from tiny_world import TinyWorld, make_tiny_world

from srgnn_bench.errors import BenchError
from srgnn_bench.events import CheckpointDiscarded, EpochDone, Event, RunStarted
from srgnn_bench.execution.coordinator import execute
from srgnn_bench.execution.plan import plan
from srgnn_bench.report.results import load_suite
from srgnn_bench.specs.resolving import resolve
from srgnn_bench.store.record import Failure
from srgnn_bench.store.store import ResultStore
from srgnn_bench.store.verify import verify

KINDS = {
    "record": "runs/*/*/*/record.json",
    "failure": "runs/*/*/*/failure.json",
    "ranks": "runs/*/*/*/ranks.parquet",
    "epochs": "runs/*/*/*/epochs.ndjson",
    "lists": "runs/*/*/*/lists.parquet",
    "prefixes": "prefixes/*/*.parquet",
    "trials": "studies/*/*/*/trials.ndjson",
    "manifest": "suites/*.json",
    "prepared data": "data/*/*/*.*",
}


def run(world: TinyWorld, *, listen=lambda event: None) -> ResultStore:
    settings = ["training.epochs=2", "keep_lists=true"]
    suite = resolve(
        str(world.suite),
        models=["stamp", "popularity"],
        trials=2,
        seeds=1,
        settings=settings,
    )
    store = ResultStore(world.results)
    jobs = plan(suite, data_root=world.data_root, store=store)
    execute(jobs, store=store, resume="only-missing", listen=listen)
    return store


def numbers(world: TinyWorld, store: ResultStore) -> dict[str, object]:
    """Everything that a report or a plan reads of a folder."""
    results = load_suite(store, suite="tinysuite")
    [cell] = {cell.dataset for cell in results.manifest.cells}
    suite = resolve(str(world.suite))
    [job, *_] = plan(suite, data_root=world.data_root, store=store)
    read: dict[str, object] = {
        "manifest": results.manifest,
        "prefixes": results.prefixes(cell).to_csv(),
        "data": [job.dataset.train.items.tolist(), job.dataset.test_names.tolist()],
        "failure": store.failure(dataset="tiny", model="stamp", key="f" * 64),
    }
    for record in results.all_records():
        lists = store.lists(record)
        read[record.key] = (
            record,
            store.ranks(record).tolist(),
            store.epochs(record),
            None if lists is None else [list(row) for row in lists["items"]],
            results.tuning(record),
        )
    return read


def damaged(path: Path, chance: random.Random) -> str:
    """Flip a bit or cut the file; what was done."""
    content = bytearray(path.read_bytes())
    place = chance.randrange(len(content))
    if chance.random() < 0.5:
        path.write_bytes(content[:place])
        return "cut"
    content[place] ^= 1 << chance.randrange(8)
    path.write_bytes(content)
    return "bit"


@pytest.mark.parametrize("times", [45, pytest.param(400, marks=pytest.mark.slow)])
def test_no_damage_to_what_is_stored_gives_other_numbers(
    tmp_path_factory: pytest.TempPathFactory, times: int
) -> None:
    world = make_tiny_world(tmp_path_factory.mktemp("damage"))
    store = run(world)
    store.write_failure(
        Failure(
            key="f" * 64, dataset="tiny", model="stamp", seed=0, error="e", traceback="t",
            created="2026-01-01T00:00:00+00:00",
        )
    )  # fmt: skip
    whole = numbers(world, store)
    chance = random.Random(2019)
    survived: Counter[tuple[str, str, str]] = Counter()
    for number in range(times):
        kind = list(KINDS)[number % len(KINDS)]
        files = [path for path in store.root.glob(KINDS[kind]) if path.stat().st_size]
        path = chance.choice(sorted(files))
        kept = path.read_bytes()
        how = damaged(path, chance)
        faults = [error for _, error in verify(store) if error is not None]
        try:
            outcome = "same numbers" if numbers(world, store) == whole else "OTHER NUMBERS"
        except BenchError as error:
            outcome = "many lines" if "\n" in str(error) else "one line"
            outcome = outcome if faults else "NOT FOUND by --verify"
        survived[kind, how, outcome] += 1
        assert outcome in ("same numbers", "one line"), path
        if path.parent.is_dir():
            path.write_bytes(kept)
    print(f"\n{times} damaged files:")
    for (kind, how, outcome), count in sorted(survived.items()):
        print(f"  {kind}, {how}: {outcome} {count}")


@pytest.mark.parametrize("times", [5, pytest.param(100, marks=pytest.mark.slow)])
def test_no_damage_to_a_checkpoint_gives_other_numbers(
    tmp_path_factory: pytest.TempPathFactory, times: int
) -> None:
    world = make_tiny_world(tmp_path_factory.mktemp("checkpoint"))
    undisturbed = world.root / "undisturbed"
    final = False

    def interrupt(event: Event) -> None:
        nonlocal final
        final = final or (isinstance(event, RunStarted) and event.entry == "stamp")
        if final and isinstance(event, EpochDone):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(world, listen=interrupt)
    shutil.copytree(world.results, undisturbed)
    store = run(world)
    wanted = {record.key: store.ranks(record).tolist() for record in store.records()}
    chance = random.Random(2019)
    survived: Counter[str] = Counter()
    for _ in range(times):
        shutil.rmtree(world.results)
        shutil.copytree(undisturbed, world.results)
        [checkpoint] = world.results.rglob("*.checkpoint")
        how = damaged(checkpoint, chance)
        events: list[Event] = []
        store = run(world, listen=events.append)
        found = {record.key: store.ranks(record).tolist() for record in store.records()}
        assert found == wanted
        assert any(isinstance(event, CheckpointDiscarded) for event in events)
        survived[how] += 1
    print(f"\n{times} damaged checkpoints, all discarded with a word, all the same: {survived}")

"""What is said under tables whose numbers come from different kinds of device."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from made_up import write_suite

from srgnn_bench.report.captions import describe_cautions, describe_devices, machine
from srgnn_bench.report.frames import Frames
from srgnn_bench.report.results import SuiteResults, load_suite
from srgnn_bench.report.tables.main import main_table
from srgnn_bench.report.tables.tuning import tuning_table
from srgnn_bench.store.record import Record
from srgnn_bench.store.store import ResultStore

GPU = {"name": "NVIDIA H100", "driver": "580.65.06"}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> SuiteResults:
    store = ResultStore(tmp_path_factory.mktemp("devices"))
    write_suite(store, datasets=1, models=2, seeds=2, sessions=40)
    return load_suite(store, suite="made-up")


def made_elsewhere(
    results: SuiteResults, which: Callable[[Record], bool], **environment: Any
) -> SuiteResults:
    """The results as if some of the runs had been made in another environment."""
    changed = {
        place: [
            record.model_copy(update={"environment": {**record.environment, **environment}})
            if which(record)
            else record
            for record in records
        ]
        for place, records in results.records.items()
    }
    return replace(results, records=changed)


def test_one_kind_of_device_is_no_matter(results: SuiteResults) -> None:
    assert describe_devices(results) is None
    everywhere = made_elsewhere(results, lambda record: True, device="cuda", gpu=GPU)
    assert describe_devices(everywhere) is None
    assert "device cuda (NVIDIA H100, driver 580.65.06)" in machine(everywhere)


def test_runs_of_several_kinds_of_device_are_marked_under_every_table(
    results: SuiteResults,
) -> None:
    mixed = made_elsewhere(results, lambda record: record.model == "gru4rec", device="cuda")
    said = "MIXED DEVICES, which round differently: on cpu 2 runs of SR-GNN; on cuda 2 runs of "
    assert describe_devices(mixed) == f"{said}GRU4Rec."
    frames = Frames(mixed)
    for table in (main_table(frames), tuning_table(frames)):
        assert table is not None
        assert any(line.startswith(said) for line in (*table.lines, *table.card))


def test_a_study_of_several_kinds_of_device_is_marked(store: ResultStore) -> None:
    """SR-GNN's first trial ran on a GPU, the next one on the CPU; the rest do not say."""
    write_suite(store, datasets=1, models=2, seeds=1, sessions=40)
    record = next(r for r in store.records() if r.model == "srgnn")
    study = store.study(dataset="diginetica", model="srgnn", key=record.study)
    first, second, *rest = study.trials()
    known = [
        first.model_copy(update={"device": "cuda"}),
        second.model_copy(update={"device": "cpu"}),
    ]
    study.write_trials(study.facts(), [*known, *rest])
    found = describe_devices(load_suite(store, suite="made-up"))
    assert found is not None
    assert "1 trial of SR-GNN; on cuda 1 trial of SR-GNN" in found
    assert "trials of GRU4Rec" not in found


def test_runs_that_may_differ_from_time_to_time_are_marked(results: SuiteResults) -> None:
    loose = made_elsewhere(results, lambda record: record.model == "srgnn", deterministic=False)
    assert any(
        caution.startswith("NOT REPRODUCIBLE TO THE BIT: SR-GNN ran")
        for caution in describe_cautions(loose)
    )

"""Variants of one model: what they share is told once, and what they are is told apart."""

from __future__ import annotations

import pytest
from made_up import write_again, write_suite, write_trials

from srgnn_bench.report.captions import budget, describe_cautions
from srgnn_bench.report.figures.ablation import numeric_axis
from srgnn_bench.report.frames import Frames
from srgnn_bench.report.results import load_suite
from srgnn_bench.report.tables import all_tables
from srgnn_bench.report.tables.cost import cost_table
from srgnn_bench.report.tables.tuning import tuning_table
from srgnn_bench.store.keys import key_of

STEPS = {f"steps-{n}": {"step": n} for n in range(5)}
READOUTS = {"hybrid": {}, "local": {"readout": "local"}, "average": {"readout": "average"}}


def frames_of(store, entries=STEPS, *, shared=True, datasets=2, **changes) -> Frames:
    write_suite(store, datasets=datasets, seeds=2, entries=entries, shared=shared, **changes)
    return Frames(load_suite(store, suite="made-up"))


def test_no_gain_over_variants_is_claimed_and_none_stands_beside_a_printed_number(store):
    frames = frames_of(store, READOUTS)
    tables = {table.name: table for table in all_tables(frames)}
    assert not any(line.startswith("Relative gain") for line in tables["table"].lines)
    assert not any(name.startswith("published") for name in tables)


def test_a_shared_study_is_one_line_of_the_tables_and_of_the_history(store):
    frames = frames_of(store)
    table = tuning_table(frames)
    assert table is not None
    assert [row[0].text for row in table.rows] == ["SR-GNN", "", ""]
    keys = {record.key[:12] for record in store.records()}
    assert set(" ".join(table.data["keys"]).split()) == keys
    assert any("with its own values on top" in line for line in table.lines)
    assert set(frames.trials["entry"]) == {"srgnn"}
    assert len(frames.trials) == 2 * 12
    assert set(frames.importance["entry"]) == {"srgnn"}
    assert "which the entries share" in cost_table(frames).lines[0]
    assert budget(frames.results).startswith("12 tuning trials of SR-GNN per dataset, whose winner")


def test_variants_tuned_anew_have_lines_of_their_own(store):
    frames = frames_of(store, shared=False)
    table = tuning_table(frames)
    assert table is not None
    assert [row[0].text for row in table.rows if row[0].text] == list(STEPS)
    assert set(frames.trials["entry"]) == set(STEPS)
    assert budget(frames.results) == "12 tuning trials per model and dataset"


@pytest.mark.parametrize(("entries", "tuned"), [(STEPS, "steps-1"), (READOUTS, "hybrid")])
def test_only_the_variant_that_was_tuned_has_a_validation_curve(store, entries, tuned):
    learning = frames_of(store, entries).learning
    assert set(learning[learning["measure"] == "loss"]["entry"]) == set(entries)
    assert set(learning[learning["measure"] == "choice"]["entry"]) == {tuned}


def test_a_suite_that_was_run_a_variant_at_a_time_is_read_as_a_whole(store):
    manifest = write_suite(store, datasets=1, seeds=1, entries=READOUTS, shared=True)
    models = [entry for entry in manifest.spec["models"] if entry["name"] == "local"]
    spec = {**manifest.spec, "models": models}
    store.write_manifest(manifest.model_copy(update={"spec": spec}))
    frames = Frames(load_suite(store, suite="made-up"))
    assert frames.results.subject == "hybrid"
    assert set(frames.differences["entry"]) == {"local", "average"}
    assert set(frames.learning["entry"]) == set(READOUTS)


def test_the_reference_changes_nothing_or_comes_first(store):
    assert frames_of(store, READOUTS).results.subject == "hybrid"
    turned = dict(reversed(READOUTS.items()))
    assert frames_of(store, turned).results.subject == "hybrid"
    assert frames_of(store, STEPS).results.subject == "steps-0"


def test_a_number_is_an_axis_and_a_name_is_not(store):
    results = frames_of(store).results
    places = {entry: float(n) for n, entry in enumerate(STEPS)}
    assert numeric_axis(results, dataset="diginetica") == ("step", places)
    assert numeric_axis(frames_of(store, READOUTS).results, dataset="diginetica") is None


def test_a_tuned_reference_stands_at_its_own_value_on_each_dataset(store):
    manifest = write_suite(store, datasets=2, seeds=1, entries={"tuned": {}, "none": {"step": 0}})
    cells = [c for c in manifest.cells if (c.dataset, c.entry) == ("diginetica", "tuned")]
    record = store.record(dataset="diginetica", model="srgnn", key=cells[0].key)
    configuration = {**record.identity.configuration, "step": 3}
    identity = record.identity.model_copy(update={"configuration": configuration})
    write_again(store, record, identity=identity)
    results = load_suite(store, suite="made-up")
    assert numeric_axis(results, dataset="diginetica") == ("step", {"tuned": 3.0, "none": 0.0})
    assert numeric_axis(results, dataset="yoochoose1_64") == ("step", {"tuned": 1.0, "none": 0.0})


def test_runs_with_and_without_tuning_of_their_own_are_not_mixed_unsaid(store):
    for shared in (True, False):
        assert describe_cautions(frames_of(store, READOUTS, shared=shared).results) == []
    anew = write_suite(store, datasets=1, seeds=1, entries=READOUTS)
    shared = write_suite(store, datasets=1, seeds=1, entries=READOUTS, shared=True)
    cell = next(cell for cell in shared.cells if cell.entry == "local")
    record = store.record(dataset="diginetica", model="srgnn", key=cell.key)
    study = store.study(dataset="diginetica", model="srgnn", key=record.study).facts()
    own = study.model_copy(update={"identity": {**study.identity, "seed": 2}})
    own = own.model_copy(update={"key": key_of({**own.identity, "space": own.space})})
    write_trials(store, own)
    write_again(store, record, study=own.key)
    for manifest in (shared, anew):  # whichever way the suite was run last
        store.write_manifest(manifest)
        [caution] = describe_cautions(load_suite(store, suite="made-up"))
        assert caution.startswith("MIXED TUNING")

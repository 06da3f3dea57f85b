from __future__ import annotations

import re
import shutil
import subprocess

import pytest
from made_up import PLAIN, TRAINED, write_suite

from srgnn_bench.errors import SpecError
from srgnn_bench.report.frames import Frames
from srgnn_bench.report.printed import read_published
from srgnn_bench.report.references import bibtex, read_references
from srgnn_bench.report.results import load_suite
from srgnn_bench.report.tables.main import relative_gains
from srgnn_bench.report.tables.published import published_tables
from srgnn_bench.specs import registry


def test_printed_numbers_stand_beside_ours(store):
    write_suite(store, datasets=2, models=6, seeds=2)
    frames = Frames(load_suite(store, suite="made-up"))
    [table] = published_tables(frames, papers=read_published())
    assert "AAAI 2019" in table.lines[0]
    assert [heading for heading, _ in table.groups][::2] == [
        "Diginetica: Recall@20",
        "Yoochoose 1/64: Recall@20",
    ]
    by_entry = {row[0].text: row for row in table.rows}
    assert "SKNN" not in by_entry
    assert by_entry["SR-GNN"][1].text == "50.73"
    ours = frames.metrics.set_index(["dataset", "entry", "metric"])["mean"]
    assert by_entry["SR-GNN"][2].value == ours["diginetica", "srgnn", "recall@20"]


def test_printed_numbers_of_what_has_not_run_are_left_out(store):
    write_suite(
        store,
        datasets=3,
        models=2,
        seeds=1,
        missing=lambda dataset, entry, seed: dataset == "diginetica" or entry != "srgnn",
    )
    frames = Frames(load_suite(store, suite="made-up"))
    tables = {table.name: table for table in published_tables(frames, papers=read_published())}
    found = {
        name: ([heading for heading, _ in table.groups[::2]], [row[0].text for row in table.rows])
        for name, table in tables.items()
    }
    assert found == {"published-srgnn": (["Yoochoose 1/64: Recall@20"], ["SR-GNN"])}


def test_data_of_ones_own_under_a_known_name_gets_no_printed_numbers(store, monkeypatch):
    monkeypatch.setitem(TRAINED, "diginetica", PLAIN)
    write_suite(store, datasets=2, models=2, seeds=1)
    frames = Frames(load_suite(store, suite="made-up"))
    for table in published_tables(frames, papers=read_published()):
        assert [heading for heading, _ in table.groups[::2]] == ["Yoochoose 1/64: Recall@20"]


def test_printed_numbers_are_percent_of_known_datasets():
    known = set(registry.names("dataset"))
    for paper in read_published().values():
        assert set(paper.numbers) <= known
        for models in paper.numbers.values():
            for metrics in models.values():
                assert metrics
                assert set(metrics) <= {"recall@20", "mrr@20"}
                assert 0 < metrics.get("mrr@20", 0.01) < metrics.get("recall@20", 99.99) < 100


def test_printed_numbers_stand_beside_the_model_that_papers_mean():
    text = (registry.properties_folder().parent / "docs" / "reproduce-the-paper.md").read_text()
    rows = re.findall(r"^\| ([^|]+) \|.*?\{\{ printed\((.*)$", text, flags=re.MULTILINE)
    assert len(rows) > 5
    for title, calls in rows:
        for name in re.findall(r'"\w+", "\w+", "(\w+)"', calls):
            assert registry.model(name).title.lower() == title.lower()
    for paper in read_published().values():
        for models in paper.numbers.values():
            assert set(models) <= set(registry.names("model"))
            assert "gru4rec" not in models  # RecBole's, which is no GRU4Rec


def test_a_broken_file_of_printed_numbers_is_one_clear_error(tmp_path):
    (tmp_path / "x.yaml").write_text("source: a\nnumber: {}\n")
    with pytest.raises(SpecError, match=r"x\.yaml: unknown key"):
        read_published(tmp_path)


def test_every_shipped_model_and_dataset_has_references():
    references = read_references()
    assert set(registry.names("model")) <= set(references.models)
    assert set(registry.names("dataset")) <= set(references.datasets)
    for key, entry in references.entries.items():
        assert re.match(rf"@\w+\{{{key},\n", entry)
        assert entry.count("{") == entry.count("}")


def test_the_list_holds_what_was_used_and_names_what_is_unknown(store):
    write_suite(store, datasets=1, models=2, seeds=1)
    results = load_suite(store, suite="made-up")
    references = read_references()
    text = bibtex(results, references=references)
    assert "@inproceedings{srgnn," in text
    assert "@misc{diginetica," in text
    assert "{narm," not in text
    without = references.model_copy(update={"models": {}})
    assert "% No reference is known for gru4rec." in bibtex(results, references=without)


def test_a_reference_without_an_entry_is_one_clear_error(tmp_path):
    path = tmp_path / "references.yaml"
    path.write_text("always: [ghost]\nmodels: {}\ndatasets: {}\nentries: {}\n")
    with pytest.raises(SpecError, match="has no entry ghost"):
        read_references(path)


@pytest.mark.skipif(shutil.which("bibtex") is None, reason="bibtex is not installed")
def test_bibtex_reads_every_entry(tmp_path):
    entries = read_references().entries
    (tmp_path / "all.bib").write_text("\n".join(entries.values()))
    cites = "".join(f"\\citation{{{key}}}\n" for key in entries)
    (tmp_path / "all.aux").write_text(f"{cites}\\bibstyle{{plain}}\n\\bibdata{{all}}\n")
    done = subprocess.run(["bibtex", "all"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert "error" not in done.stdout.lower()


def test_a_dataset_on_which_the_subject_was_not_run_has_no_gain(store):
    manifest = write_suite(store, datasets=2, models=3, seeds=1)
    without = manifest.cells[0].dataset
    cells = [c for c in manifest.cells if (c.dataset, c.entry) != (without, "srgnn")]
    store.write_manifest(manifest.model_copy(update={"cells": tuple(cells)}))
    frames = Frames(load_suite(store, suite="made-up"))
    gains = relative_gains(frames)
    assert len(gains) == 2
    assert not any(frames.results.dataset_titles[without] in gain for gain in gains)

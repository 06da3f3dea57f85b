"""The report as a user calls it."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_up import write_suite
from typer.testing import CliRunner

from srgnn_bench.cli import app
from srgnn_bench.errors import SpecError, StoreError
from srgnn_bench.store.store import ResultStore


def test_two_results_folders_are_compared(store: ResultStore, tmp_path: Path):
    write_suite(store, datasets=1, models=2, seeds=1)
    other = ResultStore(tmp_path / "after")
    write_suite(other, datasets=1, models=2, seeds=1, skills={"srgnn": 3.0})
    folders = [str(store.root), str(other.root)]
    done = CliRunner().invoke(app, ["report", "--suite", "made-up", "--compare", *folders])
    assert done.exit_code == 0, done.output
    assert "SR-GNN" in done.output
    assert (other.root / "report" / "made-up" / "compare.csv").is_file()


@pytest.mark.parametrize(
    "option", [["--export"], ["--against", "gru4rec"], ["--title", "Mine"], ["--serif"]]
)
def test_what_a_comparison_cannot_do_is_refused(store: ResultStore, option: list[str]):
    arguments = ["report", "--compare", str(store.root), str(store.root), *option]
    with pytest.raises(SpecError, match="compares two results folders"):
        CliRunner().invoke(app, arguments, catch_exceptions=False)


def test_a_report_can_export_what_it_was_drawn_from(store: ResultStore, monkeypatch):
    monkeypatch.setattr(
        "srgnn_bench.report.build_reports", lambda *_, **__: {"made-up": [Path("index.html")]}
    )
    write_suite(store, datasets=1, models=2, seeds=1)
    arguments = ["report", "--suite", "made-up", "--results", str(store.root), "--export"]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert (store.root / "report" / "made-up" / "export" / "ranks.parquet").is_file()


def test_another_subject_has_a_report_of_its_own(store: ResultStore):
    write_suite(store, datasets=1, models=2, seeds=1)
    arguments = ["report", "--suite", "made-up", "--results", str(store.root)]
    done = CliRunner().invoke(app, [*arguments, "--against", "gru4rec", "--forms", "none"])
    assert done.exit_code == 0, done.output
    table = store.root / "report" / "made-up-against-gru4rec" / "differences-diginetica.md"
    assert "GRU4Rec less each other entry" in table.read_text()
    assert not (store.root / "report" / "made-up").exists()


def test_a_title_of_ones_own_heads_page_table_and_protocol(store: ResultStore):
    write_suite(store, datasets=1, models=2, seeds=1)
    arguments = ["report", "--suite", "made-up", "--results", str(store.root), "--forms", "none"]
    done = CliRunner().invoke(app, [*arguments, "--title", "Clicks & $100"])
    assert done.exit_code == 0, done.output
    out = store.root / "report" / "made-up"
    assert "<h1>Clicks &amp; $100</h1>" in (out / "index.html").read_text(encoding="utf-8")
    assert r"\caption{Clicks \& \$100}" in (out / "table.tex").read_text(encoding="utf-8")
    assert "Clicks" in (out / "protocol.md").read_text(encoding="utf-8")


def test_without_a_name_every_stored_suite_is_drawn(store: ResultStore, tmp_path: Path):
    for name in ("one", "two"):
        write_suite(store, suite=name, datasets=1, models=2, seeds=1)
    arguments = ["report", "--results", str(store.root), "--forms", "none"]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    for name in ("one", "two"):
        page = store.root / "report" / name / "index.html"
        assert page.read_text(encoding="utf-8").count("<svg") > 3
        assert not list(page.parent.glob("*.svg"))
    done = CliRunner().invoke(app, [*arguments, "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["one", "two"]
    with pytest.raises(SpecError, match="one, two are stored"):
        CliRunner().invoke(app, [*arguments, "--against", "srgnn"], catch_exceptions=False)


def test_without_a_name_all_that_two_folders_share_is_compared(store: ResultStore, tmp_path: Path):
    other = ResultStore(tmp_path / "after")
    for name, where in (("one", store), ("one", other), ("two", other)):
        write_suite(where, suite=name, datasets=1, models=2, seeds=1)
    folders = ["--compare", str(store.root), str(other.root)]
    done = CliRunner().invoke(app, ["report", *folders])
    assert done.exit_code == 0, done.output
    assert [path.name for path in (other.root / "report").iterdir()] == ["one"]


def test_a_folder_without_a_suite_is_one_clear_error(tmp_path: Path):
    for folders in (["--results", str(tmp_path)], ["--compare", str(tmp_path), str(tmp_path)]):
        with pytest.raises(StoreError, match="no suite"):
            CliRunner().invoke(app, ["report", *folders], catch_exceptions=False)

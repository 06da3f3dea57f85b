from __future__ import annotations

import hashlib
import json
import math
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import made_up
import numpy as np
import pandas as pd
import pytest
from made_up import write_again, write_suite

from srgnn_bench.cli.tables import results_table
from srgnn_bench.errors import StoreError
from srgnn_bench.report import build_report
from srgnn_bench.report.build import replace_list
from srgnn_bench.report.captions import protocol_line
from srgnn_bench.report.card import card_latex
from srgnn_bench.report.compare import comparison_table
from srgnn_bench.report.escaping import slug
from srgnn_bench.report.frames import Frames
from srgnn_bench.report.results import load_suite
from srgnn_bench.report.tables import all_tables
from srgnn_bench.report.tables.forms import (
    LATEX_ROWS,
    floats,
    latex,
    latex_column,
    markdown,
    panels,
    write_table,
)
from srgnn_bench.report.tables.main import main_table
from srgnn_bench.report.tables.table import Table, TableCell, percent
from srgnn_bench.specs import registry
from srgnn_bench.store.store import ResultStore


def headline(store: ResultStore) -> Table:
    return main_table(Frames(load_suite(store, suite="made-up")))


def keep_entries(store: ResultStore, names: set[str]) -> None:
    manifest = store.manifest("made-up")
    assert manifest is not None
    cells = tuple(cell for cell in manifest.cells if cell.entry in names)
    store.write_manifest(manifest.model_copy(update={"cells": cells}))


def hashes(folder: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.iterdir())}


def test_every_part_comes_in_every_form(built):
    names = {path.name for path in built.iterdir()}
    assert {"index.html", "conclusions.md", "protocol.md", "references.bib"} <= names
    tables = "table", "differences-diginetica", "uncertainty", "cost", "tuning", "beyond-accuracy"
    for table in tables:
        assert {f"{table}.{form}" for form in ("md", "tex", "csv")} <= names
    for figure in ("comparison", "curves", "differences", "lengths", "tradeoff", "learning"):
        for width in ("", "-column"):
            assert {f"{figure}{width}.{form}" for form in ("pdf", "svg", "png")} <= names
    assert all(path.stat().st_size > 0 for path in built.iterdir())


def test_another_process_writes_the_same_bytes_without_torch_or_recbole(built):
    code = (
        "import sys; from pathlib import Path; from srgnn_bench.report import build_report;"
        "from srgnn_bench.store.store import ResultStore;"
        "build_report(ResultStore(Path(sys.argv[1])), suite='made-up', out=Path(sys.argv[2]));"
        "assert not {'torch', 'recbole'} & set(sys.modules)"
    )
    again = built.parent / "again"
    subprocess.run(
        [sys.executable, "-c", code, str(built.parent.parent), str(again)],
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "7"},
    )
    assert hashes(built) == hashes(again)


@pytest.mark.skipif(shutil.which("pdffonts") is None, reason="pdffonts is not installed")
def test_fonts_are_embedded_and_none_is_type_3(built):
    for path in built.glob("*.pdf"):
        done = subprocess.run(["pdffonts", str(path)], capture_output=True, text=True, check=True)
        fonts = done.stdout.splitlines()[2:]
        assert fonts
        assert all(" yes yes yes " in font and "Type 3" not in font for font in fonts), done.stdout


def test_means_and_spreads_are_those_of_the_runs(store):
    write_suite(store, datasets=2, models=3, seeds=3)
    results = load_suite(store, suite="made-up")
    frame = Frames(results).metrics.set_index(["dataset", "entry", "metric"])
    values = [r.metrics["mrr@20"] for r in results.records["diginetica", "narm"]]
    row = frame.loc[("diginetica", "narm", "mrr@20")]
    assert row["mean"] == pytest.approx(sum(values) / 3)
    assert row["std"] == pytest.approx(np.std(values, ddof=1))
    assert row["keys"].split() == [r.key[:12] for r in results.records["diginetica", "narm"]]


def test_a_table_of_differences_holds_those_of_its_dataset(store):
    write_suite(store, datasets=2, models=3, seeds=2)
    frames = Frames(load_suite(store, suite="made-up"))
    tables = {table.name: table for table in all_tables(frames)}
    for dataset in ("diginetica", "yoochoose1_64"):
        table = tables[f"differences-{dataset}"]
        assert set(table.data["dataset"]) == {dataset}
        assert [row[0].entry for row in table.rows] == frames.results.entries[1:]
        assert [row[1].value for row in table.rows] == list(
            table.data.loc[table.data["metric"] == "recall@20", "difference"]
        )
        assert "the 8 comparisons of this suite" in table.lines[0]


def test_what_an_earlier_report_drew_and_this_one_does_not_is_removed(store, tmp_path):
    out = tmp_path / "out"
    write_suite(store, datasets=2, models=3, seeds=1, sessions=40)
    build_report(store, suite="made-up", out=out, forms=["svg"])
    before = {path.name for path in out.iterdir()}
    (out / "mine.tex").write_text("mine")
    changed = out / "differences-yoochoose1_64.tex"
    changed.write_text(f"% mine\n{changed.read_text()}")
    write_suite(store, datasets=1, models=1, seeds=1, sessions=40)
    written = build_report(store, suite="made-up", out=out, forms=["svg"])
    after = {path.name for path in out.iterdir()}
    assert after == {path.name for path in written} | {"mine.tex", changed.name}
    assert {
        "comparison.svg",
        "tradeoff-column.svg",
        "cost.csv",
        "differences-diginetica.md",
    } <= before
    assert "cost.csv" in after
    assert not {"comparison.svg", "tradeoff-column.svg", "differences-diginetica.md"} & after


@pytest.mark.parametrize(
    "listed", ["", "[1", "7", '"a.md"', '["a.md"]', '{"a.md": 1}', '{"../a.md": "x"}']
)
def test_a_list_that_is_none_removes_nothing(tmp_path, listed):
    out = tmp_path / "out"
    out.mkdir()
    for file in (out / "a.md", tmp_path / "a.md", out / "b.md"):
        file.write_text("a")
    (out / "files.json").write_text(listed)
    path = replace_list(out, written=[out / "b.md"])
    assert list(json.loads(path.read_text())) == ["b.md"]
    assert (out / "a.md").is_file()
    assert (tmp_path / "a.md").is_file()


def test_a_model_by_itself_is_compared_with_nothing(store, tmp_path):
    write_suite(store, datasets=1, models=1, seeds=1)
    build_report(store, suite="made-up", out=tmp_path / "out", forms=[])
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert "table.md" in names
    assert not any(name.startswith("differences") for name in names)


def test_curves_agree_with_the_metrics_at_every_k(store):
    write_suite(store, datasets=1, models=2, seeds=2)
    results = load_suite(store, suite="made-up")
    frame = Frames(results).curves.set_index(["entry", "measure", "k"])
    ranks = results.ranks("diginetica", entry="srgnn")
    for k in range(1, 21):
        for name in ("recall", "mrr"):
            expected = np.where(ranks <= k, 1.0 if name == "recall" else 1 / ranks, 0.0).mean()
            assert frame.loc[("srgnn", name, k), "mean"] == pytest.approx(expected)


def test_the_best_is_bold_and_the_second_underlined(store):
    write_suite(store, datasets=1, models=4, seeds=2, skills={"narm": 3.0, "stamp": 2.0})
    table = headline(store)
    marks = {row[0].text: {cell.mark for cell in row[1:]} for row in table.rows}
    assert marks == {"SR-GNN": {None}, "GRU4Rec": {None}, "NARM": {"best"}, "STAMP": {"second"}}
    lines = markdown(table).splitlines()
    assert next(line for line in lines if "NARM" in line).count("**") == 4
    assert next(line for line in lines if "STAMP" in line).count("<u>") == 2
    assert latex(table, suite="made-up").count(r"\textbf{") == 2
    assert latex(table, suite="made-up").count(r"\underline{") == 2
    assert r"\label{tab:made-up-table}" in latex(table, suite="made-up")


def test_holes_are_named_and_take_the_marks_of_their_dataset_away(store):
    write_suite(
        store,
        datasets=2,
        models=3,
        seeds=2,
        missing=lambda d, e, s: d == "diginetica" and (e == "narm" or (e, s) == ("gru4rec", 1)),
    )
    table = headline(store)
    by_entry = {row[0].text: row[1:] for row in table.rows}
    assert by_entry["NARM"][0].text == "—"
    assert by_entry["GRU4Rec"][0].text.endswith("†")
    assert {cell.mark for row in table.rows for cell in row[1:3]} == {None}
    assert {cell.mark for row in table.rows for cell in row[3:5]} >= {"best", "second"}
    [line] = [line for line in table.card if line.startswith("INCOMPLETE")]
    assert line.startswith("INCOMPLETE: 3 of 12 runs are not there")
    assert "GRU4Rec on Diginetica (seed 1: failed)" in line
    assert "NARM on Diginetica (seed 0: missing)" in line


def test_an_entry_that_was_not_asked_for_leaves_the_marks_to_the_others(store):
    manifest = write_suite(store, datasets=2, models=4, seeds=1)
    cells = [c for c in manifest.cells if (c.dataset, c.entry) != ("yoochoose1_64", "gru4rec")]
    store.write_manifest(manifest.model_copy(update={"cells": tuple(cells)}))
    table = headline(store)
    means = table.data[table.data["dataset"] == "yoochoose1_64"]
    for metric, here in means.groupby("metric"):
        place = list(table.data["metric"].unique()).index(metric)
        marks = {row[0].entry: row[3 + place].mark for row in table.rows}
        best, second, *rest = here.dropna(subset="mean").sort_values("mean")["entry"][::-1]
        assert marks == {best: "best", second: "second", "gru4rec": None, **dict.fromkeys(rest)}
    assert "— not asked for." in table.lines[0]


def test_one_seed_claims_no_spread(store):
    write_suite(store, datasets=1, models=2, seeds=1)
    table = headline(store)
    assert not any("±" in cell.text for row in table.rows for cell in row)
    assert table.data["std"].isna().all()
    assert table.lines[0] == "In percent. One seed: its spread is unknown."


@pytest.mark.parametrize("seeds", [1, 3])
def test_what_has_no_chance_has_no_spread_to_explain(store, seeds):
    write_suite(store, datasets=1, models=8, seeds=seeds)
    keep_entries(store, {"popularity", "sknn", "vsknn"})
    assert headline(store).lines[0] == "In percent."


@pytest.mark.parametrize(
    ("seeds", "sign", "told"),
    [({0, 1}, "—", "— no run; incomplete"), ({1}, "†", "† fewer seeds than planned; incomplete")],
)
def test_signs_are_explained_where_they_occur(store, seeds, sign, told):
    def missing(dataset: str, entry: str, seed: int) -> bool:
        return (dataset, entry) == ("diginetica", "narm") and seed in seeds

    write_suite(store, datasets=2, models=3, seeds=2, missing=missing)
    table = headline(store)
    [cells] = [row[1:3] for row in table.rows if row[0].entry == "narm"]
    assert all(cell.text.endswith(sign) for cell in cells)
    told = f"one seed. {told} data sets carry no marks for best and second."
    assert table.lines[0].endswith(told)
    assert [each for each in "—†" if each in table.note] == [sign]


def test_seeds_are_those_of_trained_models_also_where_others_are_missing(store):
    manifest = write_suite(store, datasets=2, models=5, seeds=3)
    cells = [c for c in manifest.cells if c.entry != "popularity" or c.seed == 0]
    gone = next(c for c in cells if (c.dataset, c.entry) == ("diginetica", "popularity"))
    cells = [c.model_copy(update={"key": "0" * 64}) if c == gone else c for c in cells]
    store.write_manifest(manifest.model_copy(update={"cells": tuple(cells)}))
    results = load_suite(store, suite="made-up")
    assert results.holes
    assert results.seeds == [3]
    assert "; 3 seeds." in protocol_line(results)


def test_seeds_of_what_has_not_run_yet_are_those_planned(store):
    write_suite(store, datasets=1, models=5, seeds=3, missing=lambda _, e, __: e != "popularity")
    assert load_suite(store, suite="made-up").seeds == [3]


def test_cautions_stand_under_the_table(store):
    write_suite(store, datasets=1, models=2, seeds=1, kind="published", note="Toy.", dirty=True)
    table = headline(store)
    assert "optimistic" in table.title
    assert any(line.startswith("OPTIMISTIC") for line in table.card)
    assert any(line.startswith("UNCOMMITTED CODE: 2 of 2") for line in table.card)
    assert table.card[-1] == "Toy."
    assert "OPTIMISTIC, UNCOMMITTED CODE: see the protocol." in latex(table, suite="made-up")
    assert "optimistic" in str(results_table(load_suite(store, suite="made-up")).title)


def test_budgets_that_differ_are_told(store):
    write_suite(store, datasets=1, models=2, seeds=1)
    record = next(r for r in store.records() if r.model == "gru4rec")
    assert record.study is not None
    study = store.study(dataset=record.identity.dataset, model="gru4rec", key=record.study)
    study.write_trials(study.facts(), study.trials()[:5])
    told = "UNEQUAL TUNING BUDGETS: 5 trials: GRU4Rec; 12 trials: SR-GNN."
    assert told in headline(store).card


def test_what_is_said_of_tuning_is_what_the_suites_budget_pays_for_now(store):
    """Not what an earlier call with another budget stored with the run."""
    manifest = write_suite(store, datasets=1, models=2, seeds=1)
    for trials in (6, 12):
        spec = {**manifest.spec, "tuning": {"trials": trials, "seconds": None}}
        store.write_manifest(manifest.model_copy(update={"spec": spec}))
        results = load_suite(store, suite="made-up")
        told = {results.tuning(record).budget for record in results.all_records()}
        assert told == {trials}
        assert len(Frames(results).trials) == 2 * trials


def test_a_study_that_is_not_there_is_told(store):
    write_suite(store, datasets=1, models=2, seeds=1)
    record = next(r for r in store.records() if r.model == "gru4rec")
    store.study(dataset="diginetica", model="gru4rec", key=record.study).remove()
    assert any(line.startswith("TUNING NOT STORED: GRU4Rec") for line in headline(store).card)


def test_code_of_several_revisions_is_told(store):
    write_suite(store, datasets=1, models=2, seeds=1)
    record = next(store.records())
    write_again(store, record, environment={**record.environment, "revision": "other"})
    assert "The runs were made by 2 revisions of the code." in headline(store).card


def test_a_suite_that_was_never_run_is_one_clear_error(store, tmp_path):
    with pytest.raises(StoreError, match="holds no suite named nothing"):
        build_report(store, suite="nothing", out=tmp_path)


def test_a_suite_without_any_finished_run_is_one_clear_error(store, tmp_path):
    write_suite(store, models=2, missing=lambda *_: True)
    with pytest.raises(StoreError, match="None of the 12 runs"):
        build_report(store, suite="made-up", out=tmp_path)


def test_runs_of_different_data_are_never_drawn_together(store):
    write_suite(store, datasets=1, models=2, seeds=1)
    record = next(store.records())
    identity = record.identity.model_copy(update={"fingerprint": "0" * 64})
    write_again(store, record, identity=identity)
    with pytest.raises(StoreError, match="made from different data, both named diginetica"):
        load_suite(store, suite="made-up")


def test_intervals_with_seeds_need_two_seeds_of_every_trained_model(store, tmp_path):
    write_suite(store, datasets=1, models=2, seeds=1)
    with pytest.raises(StoreError, match=r"has one of SR-GNN, GRU4Rec"):
        build_report(store, suite="made-up", out=tmp_path / "out", with_seeds=True)
    assert not (tmp_path / "out").exists()
    write_suite(store, datasets=1, models=2, seeds=2)
    out = tmp_path / "out"
    assert build_report(store, suite="made-up", out=out, with_seeds=True, forms=[])


@pytest.mark.parametrize("metric", ["ndcg@5", "mrr@10"])
def test_no_metric_of_a_record_may_disagree_with_its_ranks(store, metric):
    write_suite(store, datasets=1, models=2, seeds=1)
    record = next(store.records())
    write_again(store, record, metrics={**record.metrics, metric: 0.99})
    with pytest.raises(StoreError, match=f"says {metric} = 0.99"):
        load_suite(store, suite="made-up")


def test_a_record_agrees_with_its_ranks_to_nine_digits(store):
    write_suite(store, datasets=1, models=2, seeds=1)
    record = next(store.records())
    value = record.metrics["recall@20"]
    write_again(store, record, metrics={**record.metrics, "recall@20": value + 5e-10})
    assert load_suite(store, suite="made-up")
    write_again(store, record, metrics={**record.metrics, "recall@20": value * (1 + 5e-6)})
    with pytest.raises(StoreError, match="says recall@20 = "):
        load_suite(store, suite="made-up")


def test_a_record_that_disagrees_with_its_ranks_is_refused(store):
    write_suite(store, datasets=1, models=2, seeds=1)
    record = next(store.records())
    write_again(store, record, ranks=np.ones_like(store.ranks(record)))
    with pytest.raises(StoreError, match=r"says recall@5 = .* its ranks say 1\.0"):
        load_suite(store, suite="made-up")


def test_runs_on_other_prefixes_are_refused(store):
    write_suite(store, datasets=1, models=2, seeds=1)
    record = list(store.records())[-1]
    prefixes = store.prefixes(record)
    write_again(store, record, prefixes=prefixes.assign(session=prefixes["session"] + 1))
    with pytest.raises(StoreError, match="other test prefixes"):
        load_suite(store, suite="made-up")


def test_runs_of_another_protocol_are_refused(store):
    manifest = write_suite(store, datasets=1, models=2, seeds=1)
    spec = {**manifest.spec, "protocol": {"kind": "published"}}
    store.write_manifest(manifest.model_copy(update={"spec": spec}))
    with pytest.raises(StoreError, match="Numbers of different protocols do not compare"):
        load_suite(store, suite="made-up")


def test_text_of_any_kind_survives_markdown_and_latex():
    nasty = r"a|b_c*d & 50% $x$ {y} #1 ~^\ <tag>"
    cells = (TableCell(nasty, "best"), TableCell("1.00 ± 0.10"))
    table = Table("t", nasty, (), ("Model", nasty), (cells,), nasty, (nasty,), (), pd.DataFrame())
    row = markdown(table).splitlines()[4]
    assert row.replace("\\|", "").count("|") == 3
    for special in (
        "a$|$b\\_c*d \\& 50\\%",
        r"\textbackslash{} $<$tag$>$",
        r"1.00{\tiny$\,\pm$0.10}",
    ):
        assert special in latex(table, suite="made-up")


def test_a_slug_is_safe_in_file_names_and_anchors():
    assert slug("2 steps / NGC*") == "2-steps-NGC-"
    assert slug("yoochoose1_64-v1.0") == "yoochoose1_64-v1.0"


def test_wide_tables_are_cut_between_their_groups():
    cells = tuple(TableCell(f"{n}" * 10) for n in range(9))  # 10 * 4.1 + 6 = 47 points each
    groups = tuple((f"d{n}", 2) for n in range(4))
    table = Table("t", "T", groups, tuple("abcdefghi"), (cells,), "", (), (), pd.DataFrame())
    first, second = panels(table, width=345)
    assert first.columns == tuple("abcdefg")
    assert second.columns == ("a", "h", "i")
    assert [(g.first, g.last) for g in first.groups] == [(2, 3), (4, 5), (6, 7)]
    assert [cell.text[0] for cell in second.rows[0]] == ["0", "7", "8"]


def test_a_group_that_is_too_wide_by_itself_is_cut_under_its_heading():
    cells = tuple(TableCell(f"{n}" * 10) for n in range(6))
    table = Table("t", "T", (("d", 5),), tuple("abcdef"), (cells,), "", (), (), pd.DataFrame())
    found = panels(table, width=150)  # room for three columns of 47 points
    assert [panel.columns for panel in found] == [("a", "b", "c"), ("a", "d", "e"), ("a", "f")]
    assert [[g.span for g in panel.groups] for panel in found] == [[2], [2], [1]]
    assert max(panel.width for panel in found) <= 150


def test_a_heading_over_one_column_takes_room_too():
    cells = tuple(TableCell(f"{n}") for n in range(5))
    groups = tuple((f"{n}: a long heading", 1) for n in range(4))  # 79.8 points each
    table = Table("t", "T", groups, tuple("abcde"), (cells,), "", (), (), pd.DataFrame())
    found = panels(table, width=180)
    assert [panel.columns for panel in found] == [("a", "b", "c"), ("a", "d", "e")]
    assert all(160 < panel.width <= 180 for panel in found)


def test_no_panel_holds_ends_of_two_groups_that_are_too_wide():
    cells = tuple(TableCell(f"{n}" * 10) for n in range(9))
    groups = (("d", 4), ("e", 4))
    table = Table("t", "T", groups, tuple("abcdefghi"), (cells,), "", (), (), pd.DataFrame())
    found = panels(table, width=200)  # room for three columns of 47 points beside the labels
    assert [panel.columns[1:] for panel in found] == [tuple(p) for p in ("bc", "de", "fg", "hi")]


def test_what_no_panel_has_room_for_is_set_small():
    cells = (TableCell("x" * 85), TableCell("1"))
    table = Table("t", "T", (), ("a", "b"), (cells,), "", (), (), pd.DataFrame())
    narrow, wide = latex(table, suite="made-up").split("\\else")
    assert "\\scriptsize\n\\setlength{\\tabcolsep}{1pt}" in narrow
    assert "\\footnotesize\n\\setlength{\\tabcolsep}{3pt}" in wide


def searched_parameters() -> list[tuple[str, str]]:
    """Title and parameter of every dimension that the models of the largest suite search."""
    models = [registry.model(entry.model) for entry in registry.suite("standard").models]
    return [(model.title, parameter) for model in models for parameter in model.space]


def test_a_panel_longer_than_a_float_is_cut_where_the_label_changes():
    rows, last = [], ""
    for title, parameter in searched_parameters():
        label = TableCell("" if title == last else title, alone=title)
        rows.append((label, TableCell(parameter), TableCell("1")))
        last = title
    assert len(rows) >= 100
    columns = ("Model", "parameter", "chosen")
    table = Table("t", "T", (), columns, tuple(rows), "", (), (), pd.DataFrame(), labels=2)
    cut = floats(panels(table, width=345))
    pieces = [panel for panels_of_one in cut for panel in panels_of_one]
    assert [row for piece in pieces for row in piece.rows] == rows
    assert all(sum(len(p.rows) + 4 for p in panels_of_one) <= LATEX_ROWS for panels_of_one in cut)
    assert all(piece.rows[0][0].text and piece.columns == columns for piece in pieces)


def test_a_label_over_more_rows_than_a_float_has_is_repeated():
    rows = tuple((TableCell("" if n else "A", alone="A"), TableCell(f"{n}")) for n in range(90))
    table = Table("t", "T", (), ("a", "b"), rows, "", (), (), pd.DataFrame())
    pieces = [panel for of_one in floats(panels(table, width=345)) for panel in of_one]
    assert [len(piece.rows) for piece in pieces] == [40, 40, 10]
    assert all(piece.rows[0][0].text == "A" for piece in pieces)


def test_what_does_not_fit_a_column_has_no_file_for_one():
    cells = tuple(TableCell("x" * 60) for _ in range(2))
    table = Table("t", "T", (), ("a", "b"), (cells,), "", (), (), pd.DataFrame())
    assert latex_column(table, suite="made-up") is None


def test_a_spread_that_rounds_to_nothing_is_not_nothing():
    assert percent(0.5, std=0.00003) == "50.00 ± <0.01"
    assert percent(0.5, std=0.00006) == "50.00 ± 0.01"


CLASSES = {
    "article": r"\documentclass{article}",
    "article of two columns": r"\documentclass[twocolumn]{article}",
    "acmart": r"\documentclass[sigconf,nonacm]{acmart}",
    "IEEEtran": r"\documentclass{IEEEtran}",
}


def compiled(folder: Path, body: str, *, kind: str = "article") -> subprocess.CompletedProcess[str]:
    """What LaTeX says of a paper."""
    (folder / "paper.tex").write_text(
        f"{CLASSES[kind]}\\usepackage{{booktabs}}\\usepackage[utf8]{{inputenc}}\n"
        f"\\begin{{document}}\n{body}\\end{{document}}\n",
        encoding="utf-8",
    )
    return subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"],
        cwd=folder,
        capture_output=True,
        text=True,
        errors="replace",
    )


def need_latex(folder: Path, *, kind: str = "article") -> None:
    """Skip a test where the class, what it loads or its fonts are not installed."""
    if not shutil.which("pdflatex") or compiled(folder, "A.\n", kind=kind).returncode:
        pytest.skip(f"pdflatex with booktabs, {kind} and its fonts is not installed")


def counting_lines(text: str) -> str:
    """A table's LaTeX that also says how many lines its note takes, as TeX breaks them."""
    note = r"(\\parbox\{\\linewidth\}\{\\raggedright\\scriptsize .*)\}$"
    # TeX forgets the number while it writes.
    count = r"\1\\par\\xdef\\lines{\\the\\prevgraf}\\typeout{NOTE \\lines}}"
    counted, notes = re.subn(note, count, text, flags=re.MULTILINE)
    assert notes
    return counted


TITLES = (
    "[x] first",
    "* first",
    "  [y]",
    "α-NARM, ΔΦ of ά",
    "Łódź, Győr, Århus, São Paulo, Çeşme, Đà Nẵng, Ærø, ﬁn, ½, µm²",
    "“a” ‘b’ «c» … – — • § © € £ ° × ± ≤ ≈ ≠ ∞ ← ↑ → ↓ † ‡",
    "模型 한국 модель 🎉 x̂ \u202e",
    r"a|b_c*d & 50% $x$ {y} #1 ~^\ <tag>",
)


def test_titles_of_any_script_compile(tmp_path: Path):
    need_latex(tmp_path)
    rows = tuple((TableCell(title, "best"), TableCell("[1, 2]")) for title in TITLES)
    plain = tuple((TableCell(title), TableCell("*")) for title in TITLES)
    columns = ("[a]", "α")
    table = Table(
        "t", "".join(TITLES), (), columns, (*rows, *plain), TITLES[3], (), (), pd.DataFrame()
    )
    (tmp_path / "t.tex").write_text(latex(table, suite="α"), encoding="utf-8")
    done = compiled(tmp_path, "\\listoftables\\input{t}\n" * 2)
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Missing character" not in (tmp_path / "paper.log").read_text(errors="replace")
    again = compiled(tmp_path, "\\listoftables\\input{t}\n")  # with what it wrote of captions
    assert again.returncode == 0, again.stdout[-2000:]


@pytest.mark.slow
@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("kind", CLASSES)
def test_the_latex_compiles_and_fits_in_every_class(
    store: ResultStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, whole: bool
):
    need_latex(tmp_path, kind=kind)
    per_model = math.ceil(len(searched_parameters()) / 12)
    space = {f"dropout_of_part_{n}": made_up.SPACE["learning_rate"] for n in range(per_model)}
    monkeypatch.setattr(made_up, "SPACE", space)
    made = {"datasets": 4, "models": 12, "sessions": 60, "note": "50% of A & B_C #1"}

    def missing(dataset: str, entry: str, seed: int) -> bool:
        return not whole and (entry == "narm" or (entry == "gru4rec" and seed == 1))

    write_suite(store, seeds=2, dirty=not whole, missing=missing, **made)
    earlier = ResultStore(tmp_path / "earlier")
    write_suite(earlier, seeds=1, skills={"narm": 2.0}, **made)
    results = load_suite(store, suite="made-up")
    changed = comparison_table(load_suite(earlier, suite="made-up"), results)
    written = [
        path
        for table in (*all_tables(Frames(results, fdr=whole)), changed)
        for path in write_table(table, out=tmp_path, suite="made-up")
        if path.suffix == ".tex" and (kind != "article" or not path.stem.endswith("-column"))
    ]
    assert any(path.stem == "table-column" for path in written) == (kind != "article")
    for path in written:
        path.write_text(counting_lines(path.read_text(encoding="utf-8")), encoding="utf-8")
    (tmp_path / "protocol.tex").write_text(card_latex(results), encoding="utf-8")
    inputs = "".join(f"\\input{{{path.stem}}}\\clearpage\n" for path in written)
    body = f"\\title{{A paper}}\\maketitle\n\\input{{protocol}}\n{inputs}"
    done = compiled(tmp_path, body, kind=kind)
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Overfull \\hbox" not in done.stdout
    assert "Float too large" not in done.stdout
    lines = [int(count) for count in re.findall(r"NOTE (\d+)", done.stdout)]
    assert len(lines) == len(written)
    told = zip(lines, written, strict=True)
    assert [(path.name, count) for count, path in told if not 1 <= count <= 3] == []

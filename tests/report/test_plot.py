from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import matplotlib
import nbformat
import pytest
from made_up import write_suite
from matplotlib import pyplot
from matplotlib.figure import Figure
from nbclient import NotebookClient

from srgnn_bench.errors import SpecError, StoreError
from srgnn_bench.report.figures import all_figures
from srgnn_bench.report.figures.canvas import house_style
from srgnn_bench.report.frames import Frames
from srgnn_bench.report.plot import Plots
from srgnn_bench.report.results import SuiteResults, load_suite
from srgnn_bench.store.store import ResultStore

FIGURES = [
    "comparison",
    "differences",
    "curves",
    "lengths",
    "tradeoff",
    "learning",
    "history",
    "budget",
]
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> SuiteResults:
    store = ResultStore(tmp_path_factory.mktemp("plots") / "results")
    write_suite(store, datasets=2, models=8, seeds=2, sessions=60)
    return load_suite(store, suite="made-up")


@pytest.fixture(scope="module")
def plots(results: SuiteResults) -> Plots:
    return Plots(results)


@pytest.fixture(scope="module")
def ablation(tmp_path_factory: pytest.TempPathFactory) -> Plots:
    store = ResultStore(tmp_path_factory.mktemp("ablation") / "results")
    entries = {f"steps-{n}": {"step": n} for n in range(4)}
    write_suite(store, datasets=1, seeds=2, sessions=60, entries=entries, shared=True)
    return Plots(load_suite(store, suite="made-up"))


@pytest.fixture(autouse=True)
def _closed():
    yield
    pyplot.close("all")


def drawn(axes) -> int:
    return len(axes.lines) + len(axes.collections) + len(axes.texts) + len(axes.containers)


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_drawn_on_the_callers_axes_and_nothing_of_theirs_changes(plots, name):
    figure = Figure()  # not of pyplot: a caller need not use it
    wanted, other = figure.subplots(1, 2)
    settings, size = dict(matplotlib.rcParams), tuple(figure.get_size_inches())
    assert getattr(plots, name)(wanted, dataset="diginetica") is wanted
    assert drawn(wanted) > 0
    assert wanted.get_title(loc="left").endswith("Diginetica")
    assert drawn(other) == 0
    assert figure.axes == [wanted, other]
    assert dict(matplotlib.rcParams) == settings
    assert tuple(figure.get_size_inches()) == size
    assert pyplot.get_fignums() == []


@pytest.mark.parametrize("name", FIGURES)
def test_without_axes_there_is_a_figure_of_their_own(plots, name):
    settings = dict(matplotlib.rcParams)
    axes = getattr(plots, name)(dataset="diginetica")
    assert drawn(axes) > 0
    assert pyplot.figure(pyplot.get_fignums()[-1]).axes == [axes]
    assert dict(matplotlib.rcParams) == settings


def test_the_variants_of_an_ablation(ablation):
    axes = ablation.ablation(Figure().subplots())
    assert axes.get_xlabel() == "Propagation steps"
    assert axes.get_ylabel() == "Δ MRR@20 (points)"
    assert len(axes.containers) == 3  # an interval for each variant but the reference


def test_a_panel_is_the_reports(plots, results):
    """What the report draws in a panel and what is drawn on a caller's axes are the same lines."""
    frames = Frames(results)
    [spec] = [figure for figure in all_figures() if figure.name == "comparison"]
    with house_style():
        reports = spec.draw(frames, layout="page").axes
    [panel] = [
        axes
        for axes in reports
        if axes.get_xlabel() == "Recall@20 (%)" and axes.get_title(loc="left") == "Diginetica"
    ]
    ours = plots.comparison(Figure().subplots(), dataset="diginetica", metric="recall@20")
    assert [list(line.get_xdata()) for line in ours.lines] == [
        list(line.get_xdata()) for line in panel.lines
    ]
    assert [line.get_color() for line in ours.lines] == [line.get_color() for line in panel.lines]
    assert ours.get_xlim() == panel.get_xlim()


def test_models_and_metric_choose_what_is_drawn(plots, results):
    axes = plots.comparison(
        Figure().subplots(),
        dataset="tmall" if "tmall" in results.datasets else "yoochoose1_64",
        models=["vsknn", "srgnn"],
        metric="recall@20",
    )
    assert [label.get_text() for label in axes.get_yticklabels()] == ["SR-GNN", "V-SKNN"]
    assert axes.get_xlabel() == "Recall@20 (%)"
    lines = plots.curves(Figure().subplots(), dataset="diginetica", models="stan", metric="recall")
    assert len(lines.lines) == 1
    assert [text.get_text() for text in lines.get_legend().get_texts()] == ["STAN"]
    few = plots.curves(Figure().subplots(), dataset="diginetica")
    assert len(few.lines) == 6
    assert few.get_legend().get_texts()[-1].get_text() == "range of 2 others"


def test_all_of_seven_have_lines_that_look_the_same_alone(tmp_path):
    store = ResultStore(tmp_path / "results")
    write_suite(store, datasets=1, models=7, seeds=1, sessions=20)
    results = load_suite(store, suite="made-up")
    plots = Plots(results)
    for draw in (plots.curves, plots.lengths):
        titles = [text.get_text() for text in draw(Figure().subplots()).get_legend().get_texts()]
        assert titles == list(results.short_titles.values())
    lines = plots.curves(Figure().subplots()).lines
    place = results.entries.index("narm")
    [alone] = plots.curves(Figure().subplots(), models="narm").lines
    for kind in ("color", "linestyle", "marker", "markerfacecolor"):
        assert getattr(alone, f"get_{kind}")() == getattr(lines[place], f"get_{kind}")()


def test_differences_are_against_whom_the_caller_names(plots, results):
    axes = plots.differences(
        Figure().subplots(), dataset="diginetica", models="srgnn", against="stan"
    )
    frame = Frames(replace(results, against="stan")).differences.set_index(
        ["dataset", "entry", "metric"]
    )
    row = frame.loc[("diginetica", "srgnn", "mrr@20")]
    assert [100 * row["difference"]] in [list(line.get_xdata()) for line in axes.lines]
    assert axes.get_title(loc="left") == "STAN less the other: Diginetica"


def test_text_has_the_callers_font_and_the_reports_sizes_also_where_it_is_made_later(plots):
    with matplotlib.rc_context({"font.family": "serif", "xtick.labelsize": 20}):
        figure = Figure()
        axes = plots.curves(figure.subplots(), dataset="diginetica")
        axes.set_xticks(range(1, 21))  # more ticks than there were, made outside the style
        figure.draw_without_rendering()
    labels = axes.get_xticklabels()
    assert {label.get_fontsize() for label in labels} == {7.0}
    assert labels[0].get_fontfamily() == ["serif"]
    assert axes.xaxis.label.get_fontsize() == axes.yaxis.label.get_fontsize() == 7.5


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda p: p.comparison(models=["srgn"], dataset="diginetica"), "no model .* 'srgn'"),
        (lambda p: p.curves(models=["srgn"], dataset="diginetica"), "no model .* 'srgn'"),
        (lambda p: p.history(models=["srgn"], dataset="diginetica"), "no model .* 'srgn'"),
        (lambda p: p.differences(against="srgn", dataset="diginetica"), "no model .* 'srgn'"),
        (lambda p: p.comparison(metric="mrr@3", dataset="diginetica"), "no metric .* 'mrr@3'"),
        (lambda p: p.curves(metric="mrr@20", dataset="diginetica"), "no metric .* 'mrr@20'"),
        (lambda p: p.learning(metric="los", dataset="diginetica"), "no metric .* 'los'"),
        (lambda p: p.tradeoff(cost="money", dataset="diginetica"), "no cost 'money'"),
        (lambda p: p.comparison(dataset="digi"), "no dataset .* 'digi'"),
        (lambda p: p.comparison(), "2 datasets have runs"),
        (lambda p: p.comparison("here", dataset="diginetica"), "ax is str, not Axes"),
    ],
)
def test_what_does_not_exist_is_one_clear_error(plots, call, message):
    with pytest.raises(SpecError, match=message) as raised:
        call(plots)
    assert raised.value.remedy
    assert pyplot.get_fignums() == []


def test_what_is_not_stored_is_one_clear_error(plots, ablation):
    with pytest.raises(StoreError, match="no variants of one model"):
        plots.ablation(dataset="diginetica")
    with pytest.raises(StoreError, match="Nothing of these models"):
        plots.learning(models=["vsknn"], dataset="diginetica")
    with pytest.raises(StoreError, match="and another model have no runs"):
        plots.differences(models=["srgnn"], dataset="diginetica")


def test_a_notebook_shows_a_figure_of_their_own(results, tmp_path):
    source = f"""
from pathlib import Path
from srgnn_bench.report.plot import Plots
from srgnn_bench.report.results import load_suite
from srgnn_bench.store.store import ResultStore
store = ResultStore(Path({str(results.store.root)!r}))
Plots(load_suite(store, suite="made-up")).comparison(dataset="diginetica")
"""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    place = {"metadata": {"path": str(ROOT)}}
    NotebookClient(notebook, timeout=300, resources=place).execute()
    shown = [output.get("data", {}) for output in notebook.cells[0]["outputs"]]
    assert sum("image/png" in data for data in shown) == 1


def test_the_callers_backend_is_left_alone(results):
    code = f"""
import sys, matplotlib
matplotlib.use("svg")
from pathlib import Path
from srgnn_bench.report.plot import Plots
from srgnn_bench.report.results import load_suite
from srgnn_bench.store.store import ResultStore
plots = Plots(load_suite(ResultStore(Path({str(results.store.root)!r})), suite="made-up"))
plots.curves(matplotlib.figure.Figure().subplots(), dataset="diginetica")
assert "matplotlib.pyplot" not in sys.modules
plots.curves(dataset="diginetica")
assert matplotlib.get_backend() == "svg"
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, timeout=300)

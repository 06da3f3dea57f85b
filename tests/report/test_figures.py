from __future__ import annotations

import itertools
import re
import shutil
import subprocess
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
from made_up import MODELS, write_suite
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox
from tiny_world import TinyWorld

from srgnn_bench.api import Benchmark
from srgnn_bench.report import build_report, figures, tables
from srgnn_bench.report.figures import all_figures, figures_for
from srgnn_bench.report.figures.canvas import house_style, save_drawn, settle, text_width, wrapped
from srgnn_bench.report.figures.comparison import draw_comparison
from srgnn_bench.report.figures.critical_difference import no_diagram_because
from srgnn_bench.report.figures.differences import draw_differences
from srgnn_bench.report.figures.importances import draw_importances
from srgnn_bench.report.figures.learning import draw_learning
from srgnn_bench.report.figures.legend import LABEL_SIZE, legend_columns, name_marks, spread
from srgnn_bench.report.figures.lines import band
from srgnn_bench.report.figures.looks import (
    SUBJECT_COLOUR,
    Look,
    choice_note,
    chosen_lines,
    family_look,
    in_rows,
    looks,
)
from srgnn_bench.report.figures.scale import scale_of, whole_numbers
from srgnn_bench.report.figures.tradeoff import SIDES, cost_ticks, draw_tradeoff, edge_labels
from srgnn_bench.report.frames import Frames
from srgnn_bench.report.results import SuiteResults, load_suite
from srgnn_bench.specs import registry
from srgnn_bench.store.store import ResultStore

Drawn = list[tuple[Text, Bbox]]


def drawn_texts(figure: Figure, monkeypatch: pytest.MonkeyPatch) -> Drawn:
    """Every text that is really drawn, with its box; ticks beyond an axis are not."""
    found: Drawn = []
    draw = Text.draw

    def record(self, renderer, *args, **kwargs):
        if self.get_text().strip() and self.get_visible():
            found.append((self, self.get_window_extent(renderer)))
        return draw(self, renderer, *args, **kwargs)

    figure.set_dpi(300)  # as it is saved; at few dots glyphs are rounded to wider ones
    figure.draw_without_rendering()  # settles the layout
    figure.set_layout_engine(None)
    with monkeypatch.context() as patch:
        patch.setattr(Text, "draw", record)
        figure.draw_without_rendering()
    return found


def overlaps(drawn: Drawn) -> list[tuple[str, str]]:
    """Pairs of upright texts whose boxes overlap by more than a pixel."""
    upright = [(text, box.padded(-1)) for text, box in drawn if text.get_rotation() == 0]
    return [
        (a.get_text(), b.get_text())
        for (a, box), (b, other) in itertools.combinations(upright, 2)
        if a is not b and box.overlaps(other)
    ]


def outside(figure: Figure, drawn: Drawn) -> list[str]:
    """Texts that the figure's edge cuts."""
    frame = figure.bbox.padded(1)
    return [
        text.get_text()
        for text, box in drawn
        if box.x0 < frame.x0 or box.x1 > frame.x1 or box.y0 < frame.y0 or box.y1 > frame.y1
    ]


def assert_readable(store, monkeypatch, *, layout) -> None:
    """In no figure of a suite does a text overlap another or leave the figure."""
    frames = Frames(load_suite(store, suite="made-up"))
    with house_style():
        for figure_spec in figures_for(frames):
            figure = figure_spec.draw(frames, layout=layout)
            drawn = drawn_texts(figure, monkeypatch)
            assert overlaps(drawn) == [], figure_spec.name
            assert outside(figure, drawn) == [], figure_spec.name


@pytest.mark.slow
@pytest.mark.parametrize("layout", ["page", "column"])
@pytest.mark.parametrize(("datasets", "models"), [(1, 2), (1, 12), (3, 5), (4, 12)])
def test_no_text_overlaps_another_or_leaves_the_figure(
    store, monkeypatch, datasets, models, layout
):
    write_suite(store, datasets=datasets, models=models, seeds=2, kind="temporal", note="A note.")
    assert_readable(store, monkeypatch, layout=layout)


@pytest.mark.slow
@pytest.mark.parametrize("layout", ["page", "column"])
@pytest.mark.parametrize("parameter", ["step", "readout"])
@pytest.mark.parametrize("variants", [2, 12])
def test_no_text_of_an_ablation_overlaps_another(store, monkeypatch, variants, parameter, layout):
    entries = {
        f"variant-{n}": {parameter: n if parameter == "step" else str(n)} for n in range(variants)
    }
    write_suite(store, datasets=2, seeds=2, entries=entries, shared=True)
    assert_readable(store, monkeypatch, layout=layout)


@pytest.mark.parametrize("layout", ["page", "column"])
def test_the_importance_of_many_parameters_is_readable(store, monkeypatch, layout):
    write_suite(store, datasets=3, models=9, seeds=1)
    frames = Frames(load_suite(store, suite="made-up"))
    rows = [
        {"dataset": d, "entry": e, "parameter": f"dropout_of_part_{n}_of_{e}", "importance": n / 6}
        for d in frames.results.datasets
        for e in frames.results.tuned
        for n in range(4)
        if (d, e) != ("diginetica", "narm")
    ]
    monkeypatch.setattr(Frames, "importance", pd.DataFrame(rows))
    with house_style():
        figure = draw_importances(frames, layout=layout)
        drawn = drawn_texts(figure, monkeypatch)
    assert len(drawn) > len(rows)
    assert overlaps(drawn) == []
    assert outside(figure, drawn) == []


def test_a_dollar_sign_is_a_dollar_sign(store):
    write_suite(store, datasets=1, models=2, seeds=1, note="From 5_$ to 10_$, or $5 to $10.")
    frames = Frames(load_suite(store, suite="made-up"))
    [comparison] = [figure for figure in all_figures() if figure.name == "comparison"]
    with house_style():
        drawn = comparison.draw(frames, layout="page")
        drawn.canvas.draw()
    texts = [text for text in drawn.findobj(Text) if "$" in text.get_text()]
    assert texts
    assert not any(text.get_parse_math() for text in texts)


@pytest.mark.parametrize("decades", [0.0, 0.1, 0.5, 1, 2.5, 4, 5.3, 6, 7])
def test_an_axis_of_costs_has_a_few_round_ticks(decades):
    costs = pd.Series([0.016, 0.016 * 10**decades])
    ticks = cost_ticks(costs)
    assert min(2, 1 + (decades > 0)) <= len(ticks) <= 4
    assert ticks == sorted(set(ticks))
    assert ticks[0] >= 0.8 * costs.min()
    assert ticks[-1] <= 1.25 * costs.max()


@pytest.mark.parametrize(("low", "high"), [(2110, 4700), (1890, 4900), (0.9, 1.9), (3, 3)])
def test_the_ticks_of_an_axis_of_costs_lie_on_it(low, high):
    figure = Figure()
    axes = figure.subplots()
    axes.plot([low, high], [0, 1])
    axes.set_xscale("log")
    axes.margins(x=SIDES)
    ticks = cost_ticks(pd.Series([low, high]))
    first, last = axes.get_xlim()
    assert len(ticks) >= 1 + (low < high)
    assert all(first <= tick <= last for tick in ticks)


@pytest.mark.parametrize(("low", "high"), [(0.945, 1.055), (0.9, 2.1), (-0.7, 15.7), (0, 400)])
def test_an_axis_that_counts_has_whole_ticks(low, high):
    ticks = whole_numbers().tick_values(low, high)
    assert all(tick == round(tick) for tick in ticks)
    assert 1 <= sum(low <= tick <= high for tick in ticks) <= 7


def test_names_keep_off_the_line_where_there_is_room():
    figure = Figure(figsize=(3, 2), dpi=100)
    axes = figure.subplots()
    axes.set_xlim(0, 10)
    axes.set_ylim(0, 10)
    steps = [(2.0, 2.0), (3.0, 9.0)]
    axes.step(*zip(*steps, strict=True), where="post")
    name_marks(axes, [("Average", 2.0, 2.0, "#0072B2")], others=[], steps=steps)
    figure.draw_without_rendering()
    [name] = axes.texts
    box = name.get_window_extent()
    corner = axes.transData.transform((3.0, 2.0))
    on_the_way_up = box.x0 <= corner[0] <= box.x1 and box.y1 > corner[1]
    assert not on_the_way_up
    assert not box.y0 <= corner[1] <= box.y1


def frames_of(store: ResultStore, **changes) -> Frames:
    write_suite(store, **changes)
    return Frames(load_suite(store, suite="made-up"))


@pytest.mark.parametrize(("models", "drawn"), [(2, 2), (4, 4), (7, 7), (8, 6), (12, 6)])
def test_the_lines_of_a_figure_are_few_and_look_like_no_other(store, models, drawn):
    frames = frames_of(store, datasets=1, models=models, seeds=1, sessions=40)
    results = frames.results
    lines = chosen_lines(frames, results.entries)
    assert len(lines) == drawn
    assert results.subject in lines
    assert {results.families[e] for e in lines} == set(results.families.values())
    assert len(set(map(seen, looks(results, lines).values()))) == drawn
    assert bool(choice_note(frames, results.entries)) == (drawn < models)


def seen(look: Look) -> tuple[str, str, str, bool]:
    return look.colour, look.marker, str(look.dashes), look.hollow


def of_families(store: ResultStore, families: list[str], **changes) -> SuiteResults:
    """Results whose models have these families in the suite's list of runs."""
    manifest = write_suite(store, datasets=1, models=len(families), seeds=1, sessions=20, **changes)
    by_entry = dict(zip(dict.fromkeys(c.entry for c in manifest.cells), families, strict=True))
    cells = [c.model_copy(update={"family": by_entry[c.entry]}) for c in manifest.cells]
    store.write_manifest(manifest.model_copy(update={"cells": tuple(cells)}))
    return load_suite(store, suite="made-up")


@pytest.mark.parametrize("kinds", [["neural"] * 12, ["neural"] * 10 + ["rules"] * 2])
def test_an_entry_looks_the_same_whatever_is_drawn_beside_it(store, kinds):
    results = of_families(store, kinds)
    whole = looks(results, results.entries)
    assert len(set(map(seen, whole.values()))) == 12
    for entry in results.entries:
        assert looks(results, [entry]) == {entry: whole[entry]}
    neural = [entry for entry in results.entries if results.families[entry] == "neural"]
    assert looks(results, neural) == {entry: whole[entry] for entry in neural}


def test_lines_of_a_long_family_are_told_apart_where_they_meet(store):
    results = of_families(store, ["neural"] * 11 + ["rules"])
    whole = looks(results, results.entries)
    first, last = results.entries[1], results.entries[10]
    meeting = looks(results, [first, last]).values()
    assert len(set(map(seen, meeting))) == 2
    assert len(set(map(seen, whole.values()))) == 12


def test_the_hue_of_a_family_is_the_same_in_a_figure_of_one_family(store):
    frames = frames_of(store, datasets=1, models=5, seeds=1, sessions=40)
    with house_style():
        figure = draw_learning(frames, layout="page")
    blue = family_look("neural")
    lines = [line for line in figure.axes[0].lines if line.get_color() != SUBJECT_COLOUR]
    assert len(lines) == 3
    assert {(line.get_color(), line.get_marker()) for line in lines} == {(blue.colour, blue.marker)}


def test_a_single_other_entry_is_a_line():
    values = pd.DataFrame({"narm": [1.0, 2.0, 3.0], "stamp": [2.0, 2.5, 3.5]})
    figure = Figure()
    one, two = figure.subplots(1, 2)
    band(one, values[["narm"]])
    assert [list(line.get_ydata()) for line in one.lines] == [[1.0, 2.0, 3.0]]
    band(two, values)
    assert not two.lines
    assert len(two.collections) == 1


def test_what_is_said_of_lines_names_the_subject_only_where_it_has_one(store):
    frames = frames_of(store, datasets=1, models=12, seeds=1, sessions=40)
    others = [entry for entry in frames.results.entries if entry != frames.results.subject]
    [told] = choice_note(frames, frames.results.entries)
    assert told.startswith("Lines: SR-GNN and the best of each family, 6 at most")
    [told] = choice_note(frames, others)
    assert told.startswith("Lines: the best of each family, 6 at most")


def test_rows_stand_by_family_and_the_best_of_each_first(store):
    frames = frames_of(store, datasets=1, models=12, seeds=1, sessions=60)
    families = [frames.results.families[entry] for entry in in_rows(frames)]
    assert families == sorted(families, key=list(dict.fromkeys(families)).index)
    assert families[0] == "neural"
    means = frames.metrics[frames.metrics["metric"] == "mrr@20"].set_index("entry")["mean"]
    neural = [
        means[entry] for entry in in_rows(frames) if frames.results.families[entry] == "neural"
    ]
    assert neural == sorted(neural, reverse=True)


def test_a_model_without_a_file_is_of_another_family(store):
    frames = frames_of(store, datasets=1, models=12, seeds=1, sessions=40)
    assert frames.results.families["rules"] == "other"


def test_the_family_of_a_model_of_ones_own_is_that_of_its_file(tiny_world: TinyWorld):
    own = tiny_world.root / "own.yaml"
    shipped = (registry.properties_folder() / "model" / "popularity.yaml").read_text()
    own.write_text(shipped.replace("family: popularity", "family: rules"))
    models = ["popularity", {"model": str(own), "name": "mine"}]
    benchmark = Benchmark(
        str(tiny_world.suite),
        models=models,
        data_root=tiny_world.data_root,
        results=tiny_world.results,
    )
    cells = [cell for job in benchmark.jobs for cell in job.cells(None)]
    assert {cell.entry: cell.family for cell in cells} == {
        "popularity": "popularity",
        "mine": "rules",
    }


def test_the_list_of_runs_knows_families_better_than_the_files_of_today(store):
    results = of_families(store, ["neural", "rules"])
    assert results.families == {"srgnn": "neural", "gru4rec": "rules"}


@pytest.mark.parametrize(
    ("values", "beyond"),
    [
        ([28, 29, 29, 21, 31, 39, 44, 43, 10, 14, 16, 10, 46, 2], []),  # spread over the axis
        ([51, 50, 52, 49, 1], [1]),
        ([50.6, 49.8, 46.5], []),  # three have room
        ([18, 0.3], []),
        ([9, 9, 9, 1], []),
        ([], []),
    ],
)
def test_only_what_would_squeeze_the_others_lies_beyond_an_axis(values, beyond):
    series = pd.Series(values, index=map(str, range(len(values))), dtype=float)
    scale = scale_of(series)
    assert sorted(series[list(scale.beyond)]) == beyond
    assert all((series[name] < scale.low) == (name in scale.beyond) for name in series.index)
    assert scale.low < scale.high


def test_no_win_of_the_subject_is_hidden(store):
    """Where its half of the entries is below half of the best, as on data full of repetitions."""
    skills = {"srgnn": 0.2, "gru4rec": 0.1, "narm": 0.0, "stamp": -0.4, "popularity": 2.6}
    frames = frames_of(store, datasets=1, models=5, seeds=2, skills=skills)
    means = frames.metrics.set_index(["entry", "metric"])["mean"]
    assert means["srgnn", "mrr@20"] < 0.5 * means["popularity", "mrr@20"]
    for draw in (draw_comparison, draw_differences, draw_tradeoff):
        with house_style():
            figure = draw(frames, layout="page")
        texts = [text.get_text() for axes in figure.axes for text in axes.texts]
        assert not any(re.search("[←→↓]", text) for text in texts)


def test_the_front_goes_through_drawn_points_only(store):
    frames = frames_of(store, datasets=1, models=6, seeds=1, skills={"popularity": -7.0})
    frames.cost.loc[frames.cost["entry"] == "popularity", "train_seconds"] = 0.01
    with house_style():
        figure = draw_tradeoff(frames, layout="page")
        settle(figure)
    axes = figure.axes[0]
    [below] = [text for text in axes.texts if "↓" in text.get_text()]
    assert re.fullmatch(r"↓ Popularity \d\.\d\d", below.get_text())
    assert axes.get_xlim()[0] < below.get_position()[0] == 0.01
    assert axes.get_xticks().size > 1
    steps = [line for line in axes.lines if line.get_drawstyle() == "steps-post"]
    assert len(steps) == 1
    assert steps[0].get_ydata().min() >= axes.get_ylim()[0]
    assert 0.01 not in steps[0].get_xdata()


@pytest.mark.parametrize("metric", ["Recall@20", "MRR@20"])
def test_differences_are_drawn_of_every_metric(store, metric):
    frames = frames_of(store, datasets=2, models=3, seeds=2, sessions=60)
    with house_style():
        figure = draw_differences(frames, layout="page")
    labels = [axes.get_xlabel() for axes in figure.axes]
    assert labels.count(f"Δ {metric} (points)") == 2


def test_a_printed_value_is_a_stroke_where_ours_looked_at_the_test_set_too(store):
    def strokes(frames: Frames) -> list[float]:
        with house_style():
            figure = draw_comparison(frames, layout="page")
        lines = [line for axes in figure.axes for line in axes.lines if line.get_marker() == "|"]
        return [round(float(value), 2) for line in lines for value in line.get_xdata()]

    assert strokes(frames_of(store, datasets=1, models=3, seeds=1)) == []
    found = strokes(frames_of(store, datasets=1, models=3, seeds=1, kind="published"))
    assert {50.73, 17.59} <= set(found)


def test_a_model_by_itself_has_no_dots(store):
    names = [f.name for f in figures_for(frames_of(store, datasets=1, models=1, seeds=1))]
    assert not {"comparison", "differences", "tradeoff"} & set(names)


def test_optimistic_is_said_once_in_a_figure(store):
    frames = frames_of(store, datasets=2, models=3, seeds=1, kind="published", sessions=40)
    with house_style():
        for spec in figures_for(frames):
            figure = spec.draw(frames, layout="page")
            texts = " ".join(text.get_text() for text in figure.findobj(Text))
            assert texts.lower().count("optimistic") == 1, spec.name


@pytest.mark.parametrize(("places", "gap"), [([0.1, 0.11, 0.12, 0.9], 0.1), ([0.5] * 6, 0.05)])
def test_names_at_the_ends_of_lines_are_spread(places, gap):
    found = spread(places, gap=gap)
    assert all(b - a >= gap - 1e-9 for a, b in itertools.pairwise(found))
    assert sum(found) == pytest.approx(sum(places))


@pytest.mark.parametrize("font", ["sans", "serif"])
@pytest.mark.skipif(shutil.which("pdffonts") is None, reason="pdffonts is not installed")
def test_the_type_of_a_figure_can_be_that_of_a_paper(store, tmp_path, font):
    frames = frames_of(store, datasets=1, models=2, seeds=1, sessions=40)
    draw = partial(draw_comparison, frames)
    save_drawn(draw, name="x", out=tmp_path, layout="column", forms=["pdf"], font=font)
    done = subprocess.run(["pdffonts", tmp_path / "x-column.pdf"], capture_output=True, text=True)
    name = {"sans": "DejaVuSans", "serif": "STIXGeneral"}[font]
    fonts = done.stdout.splitlines()[2:]
    assert fonts
    assert all(name in line and " yes yes yes " in line for line in fonts)


def test_lines_of_notes_fit_their_width():
    text = "Every run of this suite was made from a working tree with uncommitted changes. " * 3
    for line in wrapped(text, width=3.0, size=6.5):
        assert text_width(line, size=6.5) <= 3.0
    assert " ".join(wrapped(text, width=3.0, size=6.5)) == text.strip()


def test_a_legend_with_long_titles_takes_fewer_columns():
    assert legend_columns(["A", "B"], layout="column") == 2
    assert legend_columns(["A very long title of a variant of a model"] * 3, layout="column") == 1


def test_an_ablation_is_drawn_only_for_variants_of_one_model(store):
    write_suite(store, datasets=1, models=3, seeds=1)
    names = [f.name for f in figures_for(Frames(load_suite(store, suite="made-up")))]
    assert "ablation" not in names
    write_suite(store, suite="ab", datasets=1, seeds=1, entries={"a": {}, "b": {"step": 2}})
    names = [f.name for f in figures_for(Frames(load_suite(store, suite="ab")))]
    assert "ablation" in names


def test_names_and_places_of_figures_are_unique():
    found = all_figures()
    assert len({figure.name for figure in found}) == len(found)
    assert len({figure.order for figure in found}) == len(found)


def test_a_file_is_all_that_a_new_figure_or_table_takes(
    store: ResultStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    page = Path(__file__).parents[2] / "docs" / "extending.md"
    written = re.findall(r"^```python\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)
    for package, offered in ((figures, "FIGURE"), (tables, "TABLE")):
        [source] = [text for text in written if f"\n{offered} = " in text]
        folder = tmp_path / offered
        folder.mkdir()
        (folder / "longest.py").write_text(source)
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(folder)])
    write_suite(store, datasets=1, models=2, seeds=1, sessions=40)
    out = tmp_path / "report"
    build_report(store, suite="made-up", out=out, forms=["svg"])
    assert (out / "longest-column.svg").is_file()
    assert (out / "epochs.tex").is_file()
    page = (out / "index.html").read_text(encoding="utf-8")
    assert page.index("The longest title") < page.index("Paired differences")
    assert page.index("Epochs of the final runs") < page.index("Search spaces")


def test_few_datasets_have_no_critical_difference_diagram(store):
    write_suite(store, datasets=4, models=3, seeds=1, sessions=40)
    reason = no_diagram_because(Frames(load_suite(store, suite="made-up")))
    assert reason == "4 complete data sets, at least 6 are needed"


def test_six_datasets_have_one(store, monkeypatch):
    pytest.importorskip("scikit_posthocs", reason="scikit-posthocs is not installed")
    write_suite(store, datasets=6, models=5, seeds=1, sessions=40)
    frames = Frames(load_suite(store, suite="made-up"))
    assert no_diagram_because(frames) is None
    [spec] = [f for f in figures_for(frames) if f.name == "critical-difference"]
    with house_style():
        figure = spec.draw(frames, layout="page")
    drawn = drawn_texts(figure, monkeypatch)
    assert overlaps(drawn) == []
    assert outside(figure, drawn) == []


def test_a_dataset_on_which_nothing_has_run_yet_is_left_out(store):
    write_suite(store, datasets=2, models=3, missing=lambda dataset, *_: dataset == "diginetica")
    frames = Frames(load_suite(store, suite="made-up"))
    drawn = {figure.name: figure.draw(frames, layout="page") for figure in figures_for(frames)}
    assert {"comparison", "differences", "curves", "tradeoff", "learning"} <= set(drawn)
    for figure in drawn.values():
        titles = [text.get_text() for axes in figure.axes for text in [*axes.texts, axes.title]]
        assert "Diginetica" not in " ".join(titles)


@pytest.mark.parametrize("layout", ["page", "column"])
def test_values_far_below_do_not_overlap_where_costs_are_alike(store, monkeypatch, layout):
    alike = {name: 0.5 + 0.01 * n for n, name in enumerate(list(MODELS)[:12])}
    low = {name: -6.0 - 0.01 * n for n, name in enumerate(list(MODELS)[3:7])}
    write_suite(store, datasets=3, models=12, skills={**alike, **low})
    frames = Frames(load_suite(store, suite="made-up"))
    frames.cost["train_seconds"] = 1 + 0.01 * (frames.cost.index % 12)
    with house_style():
        texts = drawn_texts(draw_tradeoff(frames, layout=layout), monkeypatch)
    written = [text.get_text() for text, _ in texts if "↓" in text.get_text()]
    assert len(written) >= 12
    assert overlaps(texts) == []


@pytest.mark.parametrize("place", [0.02, 0.3, 0.5, 0.7, 0.98])
@pytest.mark.parametrize("title", ["Popularity", "An unbelievably long title of a…"])
def test_what_lies_below_an_axis_is_named_within_the_panel(place, title):
    axis, width = (1.0, 100.0), 1.3
    [label] = edge_labels([(title, 100**place, 0.5)], axis=axis, width=width)
    assert (label.left + label.right).count("↓") == 1
    assert title[:3] in label.left + label.right
    assert text_width(label.left, size=LABEL_SIZE) <= place * width
    assert text_width(label.right, size=LABEL_SIZE) <= (1 - place) * width


def test_many_values_below_an_axis_go_without_names():
    values = [("Session popularity", 1.0 + n, 0.1) for n in range(8)]
    labels = edge_labels(values, axis=(0.5, 200.0), width=1.3)
    assert {label.left + label.right for label in labels} == {"↓ 0.10"}


def told(figure: Figure) -> str:
    """The notes under a figure."""
    texts = [text.get_text() for part in figure.subfigs for text in part.texts]
    return " ".join(texts).replace("\n", " ")


def test_a_front_is_explained_where_there_is_one(store):
    frames = frames_of(
        store, datasets=1, models=8, seeds=1, sessions=60, skills={"popularity": 0.5}
    )
    with house_style():
        assert "Pareto front, the entries that none beats" in told(
            draw_tradeoff(frames, layout="page")
        )
        # The subject is the best and the cheapest.
        frames.metrics.loc[frames.metrics["entry"] == "srgnn", "mean"] = 0.9
        frames.cost.loc[
            frames.cost["entry"] == "srgnn", ["train_seconds", "session_milliseconds"]
        ] = 0.1
        words = told(draw_tradeoff(frames, layout="page"))
    assert "front" not in words
    assert "Names: SR-GNN and what none beats in both respects." in words


def test_a_front_without_what_lies_below_the_axis_is_that_of_those_drawn(store):
    frames = frames_of(store, datasets=1, models=6, seeds=1, skills={"popularity": -7.0})
    with house_style():
        words = told(draw_tradeoff(frames, layout="page"))
    assert "Pareto front of those drawn, the entries" in words


def test_the_subject_and_the_names_lie_above_the_front(store):
    frames = frames_of(store, datasets=1, models=6, seeds=1, sessions=60)
    with house_style():
        axes = draw_tradeoff(frames, layout="page").axes[0]
    [front] = [line for line in axes.lines if line.get_drawstyle() == "steps-post"]
    marks = [line for line in axes.lines if line is not front]
    [own] = [line.get_zorder() for line in marks if line.get_color() == SUBJECT_COLOUR]
    others = [line.get_zorder() for line in marks if line.get_color() != SUBJECT_COLOUR]
    assert own > max(others)
    names = [text for text in axes.texts if "↓" not in text.get_text()]
    assert names
    for name in names:
        assert name.get_bbox_patch().get_facecolor() == (1, 1, 1, 1)
        assert front.get_zorder() < name.get_zorder() < min(others)


@pytest.mark.parametrize("seeds", [{1}, {0, 1}])
def test_a_comparison_explains_hollow_marks_where_there_are_some(store, seeds):
    def missing(dataset: str, entry: str, seed: int) -> bool:
        return entry == "narm" and seed in seeds

    frames = frames_of(store, datasets=1, models=3, seeds=2, missing=missing)
    with house_style():
        figure = draw_comparison(frames, layout="page")
    texts = {text.get_text(): text.get_color() for text in figure.axes[0].texts}
    hollow = "Hollow: fewer seeds than planned." in told(figure)
    assert (hollow, texts) == ((True, {}) if seeds == {1} else (False, {"no run": "#b00020"}))


def test_what_was_not_asked_for_is_no_missing_run(store):
    manifest = write_suite(store, datasets=2, models=3, seeds=1)
    cells = [c for c in manifest.cells if (c.dataset, c.entry) != ("diginetica", "narm")]
    store.write_manifest(manifest.model_copy(update={"cells": tuple(cells)}))
    with house_style():
        figure = draw_comparison(Frames(load_suite(store, suite="made-up")), layout="page")
    texts = {text.get_text(): text.get_color() for axes in figure.axes for text in axes.texts}
    assert texts == {"not asked for": "#777777"}

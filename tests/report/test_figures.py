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

from srgnn_bench.report import build_report, figures, tables
from srgnn_bench.report.figures import all_figures, figures_for
from srgnn_bench.report.figures.canvas import house_style, save_drawn, settle, text_width, wrapped
from srgnn_bench.report.figures.comparison import draw_comparison
from srgnn_bench.report.figures.critical_difference import no_diagram_because
from srgnn_bench.report.figures.differences import draw_differences
from srgnn_bench.report.figures.importances import draw_importances
from srgnn_bench.report.figures.legend import legend_columns, name_marks, spread
from srgnn_bench.report.figures.looks import MOST_LINES, chosen_lines, in_rows, looks
from srgnn_bench.report.figures.scale import scale_of, whole_numbers
from srgnn_bench.report.figures.tradeoff import SIDES, cost_ticks, draw_tradeoff
from srgnn_bench.report.frames import Frames
from srgnn_bench.report.results import load_suite
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


@pytest.mark.parametrize("models", [2, 4, 12])
def test_the_lines_of_a_figure_are_few_and_look_like_no_other(store, models):
    frames = frames_of(store, datasets=1, models=models, seeds=1, sessions=40)
    results = frames.results
    lines = chosen_lines(frames, results.entries)
    assert len(lines) == min(models, MOST_LINES)
    assert results.subject in lines
    assert {results.families[e] for e in lines} == set(results.families.values())
    found = list(looks(results, lines).values())
    assert len({(look.colour, str(look.dashes)) for look in found}) == len(lines)


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
    written = [text for text, _ in texts if re.fullmatch(r"↓ \d+\.\d\d", text.get_text())]
    assert len(written) >= 12
    assert overlaps(texts) == []

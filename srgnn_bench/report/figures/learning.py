"""Learning curves: training loss, and the metric that chose the number of epochs."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from srgnn_bench.report.figures.canvas import Layout, panel_grid
from srgnn_bench.report.figures.figure import FigureSpec, shown
from srgnn_bench.report.figures.legend import draw_legend, legend_rows
from srgnn_bench.report.figures.looks import choice_note, chosen_lines, looks
from srgnn_bench.report.figures.scale import whole_numbers
from srgnn_bench.report.frames import Frames
from srgnn_bench.report.results import SuiteResults


def measures(results: SuiteResults) -> dict[str, str]:
    """Label of each measure."""
    chosen_on = "Test" if results.optimistic else "Valid."
    return {"loss": "Training loss", "choice": f"{chosen_on} MRR@20 (%)"}


def _trained(frames: Frames) -> list[str]:
    """The entries that could have a line."""
    trained = set(frames.learning["entry"])
    return [entry for entry in frames.results.entries if entry in trained]


def draw_learning(frames: Frames, *, layout: Layout) -> Figure:
    """One line per trained entry; losses of different models need not be of one kind."""
    results, frame = frames.results, frames.learning
    trained = _trained(frames)
    lines = chosen_lines(frames, trained)
    look = looks(results, lines)
    named = {results.short_titles[entry]: look[entry] for entry in lines}
    where = (
        "MRR@20: on the test set after each epoch, which chose the epoch."
        if results.optimistic
        else "MRR@20: on the validation sessions in the trial that won."
    )
    if results.shares_tuning:
        where += " Variants that were not tuned have no such curve."
    grid = panel_grid(
        results,
        datasets=list(frame["dataset"].unique()),
        measures=list(measures(results)),
        layout=layout,
        panel_heights={"page": 1.75, "column": 1.45},
        legend_rows=legend_rows(list(named), layout=layout),
        extra_notes=[
            f"Loss: final trainings, mean over seeds; models may differ in their loss. {where}",
            *choice_note(frames, trained),
        ],
    )
    for (dataset, measure), axes in grid.axes.items():
        draw_panel(axes, frames, dataset=dataset, measure=measure, entries=lines)
    draw_legend(grid.legend, named, layout=layout)
    return grid.figure


def draw_panel(
    axes: Axes, frames: Frames, *, dataset: str, measure: str, entries: Sequence[str]
) -> None:
    """A line per entry on the axes given."""
    frame, look = frames.learning, looks(frames.results, entries)
    here = frame[(frame["dataset"] == dataset) & (frame["measure"] == measure)]
    scale = 100 if measure == "choice" else 1
    for entry in entries:
        line, drawn = here[here["entry"] == entry], look[entry]
        axes.plot(
            line["epoch"],
            scale * line["mean"],
            color=drawn.colour,
            linestyle=drawn.dashes,
            linewidth=drawn.width,
            marker=drawn.marker,
            markerfacecolor=drawn.face,
            markersize=3,
        )
    if here.empty:
        axes.text(0.5, 0.5, "not stored", ha="center", transform=axes.transAxes)
    axes.xaxis.set_major_locator(whole_numbers())
    axes.set_xlabel("Epoch")
    axes.set_ylabel(measures(frames.results)[measure])


FIGURE = FigureSpec(
    "learning",
    "Learning curves",
    draw_learning,
    order=80,
    wanted=lambda frames: not frames.learning.empty,
    shows=lambda frames: shown(
        frames.results,
        entries=chosen_lines(frames, _trained(frames)),
        datasets=frames.learning["dataset"],
    ),
)

"""An ablation drawn by itself: variants of one model, with their intervals."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator

from srgnn_bench.evaluation.metrics import metric_title
from srgnn_bench.report.captions import describe_intervals
from srgnn_bench.report.conclusions import verdicts
from srgnn_bench.report.figures.canvas import Layout, panel_grid
from srgnn_bench.report.figures.figure import FigureSpec, compared
from srgnn_bench.report.figures.legend import LABEL_SIZE
from srgnn_bench.report.figures.looks import COLOURS
from srgnn_bench.report.frames import Frames
from srgnn_bench.report.results import SuiteResults


def numeric_axis(results: SuiteResults, *, dataset: str) -> tuple[str, dict[str, float]] | None:
    """The one parameter that the variants differ in and its values, if it is a number.

    Args:
        results: an ablation.
        dataset: the values are those of the runs on it, since the reference may be tuned.

    Returns:
        The parameter's name and the value of each entry that ran, or None.
    """
    values = {
        entry: results.records[dataset, entry][0].identity.configuration
        for entry in results.present(dataset)
    }
    named = {name for entry in results.spec.models for name in entry.parameters}
    if len(named) != 1 or len(values) < 2:
        return None
    [name] = named
    found = {entry: configuration.get(name) for entry, configuration in values.items()}
    if any(isinstance(v, bool) or not isinstance(v, (int, float)) for v in found.values()):
        return None
    return name, {entry: float(str(value)) for entry, value in found.items()}


AXIS_TITLES = {"step": "Propagation steps"}
"""Of parameters whose names say too little."""


def draw_ablation(frames: Frames, *, layout: Layout) -> Figure:
    """Each variant less the reference, paired: a line over a number, marks over names."""
    results = frames.results
    reference = results.subject
    datasets = list(frames.differences["dataset"].unique())
    grid = panel_grid(
        results,
        datasets=datasets,
        measures=results.metrics,
        layout=layout,
        panel_heights={"page": 1.9, "column": 1.6},
        extra_notes=[
            *verdicts(frames),
            f"Δ: each variant less {results.entry_titles[reference]} (filled, its value written "
            "beside it), paired over the test sessions. Bars: 95% interval, which holds "
            f"{describe_intervals(frames.differences['with_seeds'])}.",
        ],
    )
    for (dataset, metric), axes in grid.axes.items():
        draw_panel(axes, frames, dataset=dataset, metric=metric)
    return grid.figure


def draw_panel(axes: Axes, frames: Frames, *, dataset: str, metric: str) -> None:
    """The variants on the axes given."""
    results, reference = frames.results, frames.results.subject
    frame = frames.differences.set_index(["dataset", "metric", "entry"])
    means = frames.metrics.set_index(["dataset", "metric", "entry"])["mean"]
    axis = numeric_axis(results, dataset=dataset)
    present = results.present(dataset)
    if axis is not None:
        present = sorted(present, key=lambda entry: axis[1][entry])
    places = {e: axis[1][e] if axis else float(n) for n, e in enumerate(present)}
    rows = {e: frame.loc[(dataset, metric, e)] for e in present if e != reference}
    lead = {e: -100 * rows[e]["difference"] if e in rows else 0.0 for e in present}
    axes.axhline(0, color="#777777", lw=0.8, zorder=1)
    if axis is not None:
        axes.plot(list(places.values()), list(lead.values()), color=COLOURS[2], lw=0.9, zorder=1)
    for entry, row in rows.items():
        reach = [[row["high"] - row["difference"]], [row["difference"] - row["low"]]]
        axes.errorbar(
            places[entry],
            lead[entry],
            yerr=100 * np.nan_to_num(reach),
            marker="o",
            color=COLOURS[0],
            markerfacecolor="white",
            markersize=4,
            elinewidth=0.8,
            capsize=2,
            zorder=2,
        )
    axes.plot(places[reference], 0, "o", color=COLOURS[0], markersize=4, zorder=3)
    axes.annotate(
        f"{100 * means[dataset, metric, reference]:.2f}",
        (places[reference], 0),
        xytext=(-2, -4 if sum(lead.values()) > 0 else 4),
        textcoords="offset points",
        ha="left",  # the reference may be the first, beside the axis
        va="top" if sum(lead.values()) > 0 else "bottom",
        fontsize=LABEL_SIZE,
    )
    if axis is not None:
        axes.xaxis.set_major_locator(FixedLocator(list(places.values()), nbins=8))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.set_xlabel(AXIS_TITLES.get(axis[0], axis[0].replace("_", " ").capitalize()))
    else:
        titles = [results.short_titles[entry] for entry in present]
        axes.set_xticks(list(places.values()), titles, rotation=30, ha="right")
        for label in axes.get_xticklabels():
            label.set_rotation_mode("anchor")
    axes.margins(x=0.12, y=0.16)
    axes.grid(visible=False, axis="x")
    axes.set_ylabel(f"Δ {metric_title(metric)} (points)")


FIGURE = FigureSpec(
    "ablation",
    "Ablation",
    draw_ablation,
    order=20,
    wanted=lambda frames: frames.results.is_ablation and not frames.differences.empty,
    shows=compared,
)

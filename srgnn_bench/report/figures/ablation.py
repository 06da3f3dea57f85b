"""An ablation drawn by itself: variants of one model, with their intervals."""

from __future__ import annotations

from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator

from srgnn_bench.evaluation.metrics import metric_title
from srgnn_bench.report.captions import describe_intervals
from srgnn_bench.report.conclusions import verdicts
from srgnn_bench.report.figures.canvas import COLOURS, Layout, panel_grid
from srgnn_bench.report.figures.figure import FigureSpec
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


def draw_ablation(frames: Frames, *, layout: Layout) -> Figure:
    """Lines over a number, bars over names; the unchanged variant is filled."""
    results = frames.results
    frame = frames.metrics.set_index(["dataset", "metric", "entry"])
    grid = panel_grid(
        results,
        datasets=results.datasets_with_runs,
        measures=results.metrics,
        layout=layout,
        panel_heights={"page": 1.9, "column": 1.6},
        extra_notes=[
            *verdicts(frames),
            f"Bars: 95% interval, which holds {describe_intervals(frame['with_seeds'])}; small "
            "marks: single seeds. "
            f"Filled: {results.entry_titles[results.subject]}, which the others are compared with. "
            "Intervals of two variants may overlap although their paired difference is clear: see "
            "the table of differences.",
        ],
    )
    for (dataset, metric), axes in grid.axes.items():
        axis = numeric_axis(results, dataset=dataset)
        present = results.present(dataset)
        if axis is not None:
            present = sorted(present, key=lambda entry: axis[1][entry])
        places = [axis[1][e] if axis else float(n) for n, e in enumerate(present)]
        rows = [frame.loc[(dataset, metric, entry)] for entry in present]
        means = [100 * row["mean"] for row in rows]
        if axis is not None:
            axes.plot(places, means, color=COLOURS[2], lw=0.9, zorder=1)
        for place, entry, mean, row in zip(places, present, means, rows, strict=True):
            fill = COLOURS[0] if entry == results.subject else "white"
            below, above = mean - 100 * row["low"], 100 * row["high"] - mean
            axes.errorbar(
                place,
                mean,
                yerr=[[below], [above]],
                marker="o",
                color=COLOURS[0],
                markerfacecolor=fill,
                markersize=4,
                elinewidth=0.8,
                capsize=2,
                zorder=2,
            )
            seeds = [100 * r.metrics[metric] for r in results.records[dataset, entry]]
            if len(seeds) > 1:
                axes.plot(
                    [place] * len(seeds), seeds, "_", color=COLOURS[1], markersize=5, zorder=3
                )
        if axis is not None:
            axes.xaxis.set_major_locator(FixedLocator(places, nbins=8))
            axes.xaxis.set_major_formatter("{x:g}")
            axes.set_xlabel(axis[0])
        else:
            titles = [results.short_titles[entry] for entry in present]
            axes.set_xticks(places, titles, rotation=30, ha="right", rotation_mode="anchor")
        axes.margins(x=0.12)
        axes.grid(visible=False, axis="x")
        axes.set_ylabel(f"{metric_title(metric)} (%)")
    return grid.figure


FIGURE = FigureSpec(
    "ablation",
    "Ablation",
    draw_ablation,
    order=20,
    wanted=lambda frames: frames.results.is_ablation,
)

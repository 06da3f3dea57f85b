"""A critical-difference diagram over data sets, where there are enough of them."""

from __future__ import annotations

import math
from importlib.util import find_spec

import pandas as pd
from matplotlib.figure import Figure

from srgnn_bench.evaluation.metrics import metric_title
from srgnn_bench.report.captions import notes
from srgnn_bench.report.figures.canvas import NOTE_SIZE, WIDTHS, Layout, blank_figure, wrapped
from srgnn_bench.report.figures.figure import FigureSpec, Shown
from srgnn_bench.report.frames import Frames
from srgnn_bench.report.frames.windows import log_of, log_titles, windows_of

FEWEST_DATASETS = 6
FEWEST_ENTRIES = 3

LEVEL = 0.05
"""Of the tests."""


def no_diagram_because(frames: Frames) -> str | None:
    """Why no diagram is drawn, or None where it is.

    The Friedman test ranks entries within each data set, which are its only observations: below
    half a dozen it cannot find anything, and the diagram would show "no difference" for want of
    data (Demsar 2006).
    """
    complete = len(complete_means(frames))
    if complete < FEWEST_DATASETS:
        counted = f"{complete} complete data set{'' if complete == 1 else 's'}"
        return f"{counted}, at least {FEWEST_DATASETS} are needed{_of_windows(frames)}"
    if len(frames.results.entries) < FEWEST_ENTRIES:
        return f"fewer than {FEWEST_ENTRIES} entries"
    if find_spec("scikit_posthocs") is None:
        return "scikit-posthocs is not installed (pip install 'srgnn-bench[report]')"
    return None


def draw_critical_difference(frames: Frames, *, layout: Layout) -> Figure:
    """Mean ranks by the suite's last metric; bars join entries that Nemenyi's test cannot part."""
    # Both take seconds to import, and hardly a report has this figure.
    import scikit_posthocs
    from scipy.stats import friedmanchisquare

    means = complete_means(frames).rename(columns=frames.results.short_titles)
    p_value = friedmanchisquare(*(means[name] for name in means.columns)).pvalue
    metric = metric_title(frames.results.metrics[-1])
    note = (
        f"Mean rank by {metric} over {len(means)} data sets, 1 is best{_of_windows(frames)}. Bars "
        f"join entries whose ranks Nemenyi's test cannot tell apart at {LEVEL}. Friedman's test: "
        f"p = {p_value:.3g}."
    )
    lines = [
        line
        for text in (note, *notes(frames.results))
        for line in wrapped(text, width=WIDTHS[layout] - 0.2, size=NOTE_SIZE)
    ]
    entries = len(means.columns)
    height = 0.6 + 0.16 * (math.ceil(entries / 2) + entries / 2)  # labels, and bars above them
    figure = blank_figure(WIDTHS[layout], height + 0.13 * len(lines))
    heights = (height, 0.13 * len(lines))
    top, bottom = figure.subfigures(2, 1, height_ratios=heights, squeeze=False)[:, 0]
    axes = top.subplots()
    scikit_posthocs.critical_difference_diagram(
        means.rank(axis=1, ascending=False).mean(),
        scikit_posthocs.posthoc_nemenyi_friedman(means),
        ax=axes,
        label_fmt_left="{label} ({rank:.2f}) ",
        label_fmt_right=" ({rank:.2f}) {label}",
        label_props={"size": 7, "va": "center"},
        color_palette=["black"] * entries,
    )
    axes.set_xlim(1 - 0.01 * entries, entries * 1.01)  # the marks at the ends are drawn whole
    axes.set_xticks(range(1, entries + 1))
    axes.grid(visible=False)
    least = critical_difference(entries=entries, datasets=len(means))
    axes.plot([1, 1 + least], [2.2, 2.2], "|-", color="black", lw=1.2, clip_on=False)
    axes.text(1, 2.7, f"critical difference {least:.2f}", va="bottom", fontsize=7)
    bottom.text(0.01, 0.98, "\n".join(lines), va="top", fontsize=NOTE_SIZE, color="#333333")
    return figure


def critical_difference(*, entries: int, datasets: int) -> float:
    """How far apart mean ranks must be for Nemenyi's test at 0.05 (Demsar 2006, equation 5)."""
    from scipy.stats import studentized_range

    quantile = studentized_range.ppf(1 - LEVEL, entries, math.inf) / math.sqrt(2)
    return float(quantile * math.sqrt(entries * (entries + 1) / (6 * datasets)))


def _of_windows(frames: Frames) -> str:
    """How windows are counted, where there are any."""
    return "; the windows of a log count as one" if windows_of(frames.results) else ""


def complete_means(frames: Frames) -> pd.DataFrame:
    """The metric by complete data set (rows) and entry (columns); windows of a log are averaged.

    They come from one source: none is a data set of its own.
    """
    results = frames.results
    here = frames.metrics[frames.metrics["metric"] == results.metrics[-1]]
    here = here[[results.is_complete(dataset) for dataset in here["dataset"]]]
    table: pd.DataFrame = here.pivot(index="dataset", columns="entry", values="mean")
    table = table[[entry for entry in results.entries if entry in table.columns]]
    table = table.dropna()  # an entry that was not asked for on a data set has no rank there
    means: pd.DataFrame = table.groupby(lambda dataset: log_of(results, dataset), sort=False).mean()
    return means


def _titles(frames: Frames) -> dict[str, str]:
    return frames.results.dataset_titles | log_titles(frames.results)


FIGURE = FigureSpec(
    "critical-difference",
    "Mean ranks over data sets",
    draw_critical_difference,
    order=40,
    wanted=lambda frames: no_diagram_because(frames) is None,
    shows=lambda frames: Shown(
        list(complete_means(frames).rename(columns=frames.results.entry_titles)),
        [_titles(frames)[name] for name in complete_means(frames).index],
    ),
)

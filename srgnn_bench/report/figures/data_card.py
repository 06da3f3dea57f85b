"""The figure of a data card: how long sessions are, what their order says, what steps left."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from srgnn_bench.data.card import DataCard, ShuffleDiagnostic, Side, Step
from srgnn_bench.data.sessions import Integers
from srgnn_bench.report.figures.canvas import WIDTHS, Layout, blank_figure
from srgnn_bench.report.figures.looks import in_order

Floats = npt.NDArray[np.float64]

HEIGHT = 1.9
SHUFFLE_HEIGHT = 1.3
STEP_HEIGHT = 0.24
TICKS = (1, 2, 5)


def draw_data_card(card: DataCard, *, layout: Layout) -> Figure:
    """Lengths of sessions, the shuffle diagnostic, what each step left; side by side on a page.

    A source that was prepared elsewhere has no steps to show, and one with too few sessions no
    diagnostic.
    """
    heights = [HEIGHT]
    if card.kind.shuffle is not None:
        heights.append(SHUFFLE_HEIGHT)
    if len(card.steps) > 1:
        heights.append(1.0 + STEP_HEIGHT * len(card.steps))
    if layout == "page" and len(heights) > 1:
        figure = blank_figure(WIDTHS["page"], max(heights))
        parts = figure.subfigures(1, len(heights), squeeze=False)
    else:
        figure = blank_figure(WIDTHS["column"], sum(heights))
        parts = figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)
    lengths, *others = parts.ravel()
    _draw_lengths(lengths.add_subplot(), card)
    if card.kind.shuffle is not None:
        _draw_shuffle(others.pop(0).add_subplot(), card.kind.shuffle)
    if others:
        _draw_steps(others[0].add_subplot(), card.steps)
        others[0].legend(loc="outside lower center", ncols=3)
    return figure


def _draw_shuffle(axes: Axes, shuffle: ShuffleDiagnostic) -> None:
    """MRR@20 of a Markov chain, with the clicks of each session in order and shuffled."""
    names = ("in order", "shuffled")
    for place, (value, look) in enumerate(
        zip((shuffle.mrr, shuffle.mrr_shuffled), in_order(names).values(), strict=True)
    ):
        axes.barh(place, 100 * value, color=look.colour)
        axes.text(100 * value, place, f" {100 * value:.1f}", va="center")
    axes.set_yticks(range(2), names)
    axes.invert_yaxis()
    axes.margins(x=0.2)
    axes.set_xlabel("MRR@20 of a Markov chain, %")
    axes.set_title(f"What order says: {shuffle.loss:.0%} lost by shuffling")


def _draw_lengths(axes: Axes, card: DataCard) -> None:
    """Share of the sessions that have at least so many clicks, both axes logarithmic."""
    sides = {"train": card.train, "test": card.test}
    for (name, side), look in zip(sides.items(), in_order(list(sides)).values(), strict=True):
        lengths, shares = _at_least(side)
        axes.step(
            lengths,
            100 * shares,
            where="pre",
            color=look.colour,
            linestyle=look.dashes,
            label=f"{name} (median {side.median_length:g})",
        )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.xaxis.set_major_locator(LogLocator(base=10, subs=TICKS))
    low, high = axes.get_ylim()
    if high < 100 * low:  # powers of ten alone would be too few
        axes.yaxis.set_major_locator(LogLocator(base=10, subs=TICKS))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("clicks")
    axes.set_ylabel("% of sessions at least as long")
    axes.set_title(f"{card.title}: length of sessions")
    axes.legend(loc="lower left")


def _at_least(side: Side) -> tuple[Integers, Floats]:
    """Lengths, and the share of the sessions that are at least so long."""
    lengths = np.array(sorted(side.lengths))
    numbers = np.array([side.lengths[length] for length in lengths.tolist()])
    return lengths, np.cumsum(numbers[::-1])[::-1] / numbers.sum()


def _draw_steps(axes: Axes, steps: Sequence[Step]) -> None:
    """Clicks, sessions and items after each step, as shares of those at the first."""
    kinds = ("clicks", "sessions", "items")
    places = np.arange(len(steps))
    for kind, look in zip(kinds, in_order(kinds).values(), strict=True):
        shares = [100 * getattr(step, kind) / getattr(steps[0], kind) for step in steps]
        axes.plot(
            shares,
            places,
            color=look.colour,
            linestyle=look.dashes,
            marker=look.marker,
            label=kind,
        )
    axes.set_yticks(places, [step.step for step in steps])
    axes.invert_yaxis()
    axes.set_xlim(0, 103)
    axes.set_xlabel("% left")
    axes.set_title("What each step leaves")

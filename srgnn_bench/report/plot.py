"""The report's figures one panel at a time, on axes of the caller's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from matplotlib import rcParams, style
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from srgnn_bench.errors import SpecError, StoreError
from srgnn_bench.report.figures import (
    ablation,
    budget,
    comparison,
    curves,
    differences,
    history,
    learning,
    lengths,
    tradeoff,
    trials,
)
from srgnn_bench.report.figures.canvas import STYLE, lay_out
from srgnn_bench.report.figures.legend import families_of, line_handles, mark_handles
from srgnn_bench.report.figures.lines import OTHERS
from srgnn_bench.report.figures.looks import Look, chosen_lines, in_rows, looks
from srgnn_bench.report.frames import Frames
from srgnn_bench.report.results import SuiteResults, shortened
from srgnn_bench.specs.reading import did_you_mean

WIDTH = 4.2
"""Inches of a figure of one's own, without its legend."""

DOTS_PER_INCH = 150

Models = str | Sequence[str]
"""Names of entries, or one; none for those that the report draws."""


class Plots:
    """Figures of what is stored of a benchmark.

    Each function draws on `ax` and returns it; without one it makes a figure by pyplot, which a
    notebook shows and `pyplot.show()` opens. Colours, marks, lines and sizes of text are the
    report's, the font is the caller's, and no setting of matplotlib is changed. `models` are names
    of the suite's entries, `metric` is one of the suite's, and `dataset` may be left out where only
    one has runs.

    All raise SpecError where there is no such dataset, model or metric or `ax` is none, and
    StoreError where nothing that could be drawn is stored.

    Args:
        results: everything stored about the suite; what is computed from it is kept.
    """

    def __init__(self, results: SuiteResults) -> None:
        self._frames = Frames(results)

    def comparison(
        self,
        ax: Axes | None = None,
        *,
        models: Models = (),
        metric: str | None = None,
        dataset: str | None = None,
    ) -> Axes:
        """Every model on a dataset, best first within its family.

        A mark is the mean, a line its 95% interval, a dot below it a seed; hollow marks lack
        seeds, and upright strokes are printed in papers.

        Args:
            ax: where to draw.
            models: those to draw, unless given all.
            metric: the suite's last unless given.
            dataset: on which.
        """
        frames = self._frames
        entries = self._rows(models)
        place = self._place(dataset, metric)
        panel = comparison.panel_of(frames, **place, entries=entries)
        if panel.here["mean"].isna().all():
            raise _nothing(f"None of these models has a run on '{place['dataset']}'.")
        with self._axes(ax, rows=len(entries)) as axes:
            comparison.draw_panel(axes, frames.results, panel)
            self._title(axes, place["dataset"])
            if ax is None:
                _legend_beside(axes, _mark_legend(families_of(frames.results, entries)))
        return axes

    def differences(
        self,
        ax: Axes | None = None,
        *,
        models: Models = (),
        metric: str | None = None,
        dataset: str | None = None,
        against: str | None = None,
    ) -> Axes:
        """A model less every other, paired over the test sessions, with 95% intervals.

        Right of 0 it is better than the other.

        Args:
            ax: where to draw.
            models: the others, unless given all.
            metric: the suite's last unless given.
            dataset: on which.
            against: the model that the others are compared with; the suite's subject unless given.
        """
        frames = self._frames
        if against is not None:
            frames = Frames(replace(frames.results, against=self._entries([against])[0]))
        subject = frames.results.subject
        entries = [entry for entry in self._rows(models, frames) if entry != subject]
        place = self._place(dataset, metric)
        here = differences.panel_of(frames, **place, entries=entries)
        if here.empty:
            raise _nothing(f"'{subject}' and another model have no runs on '{place['dataset']}'.")
        with self._axes(ax, rows=len(entries)) as axes:
            differences.draw_panel(axes, frames.results, here, entries=entries)
            title = frames.results.short_titles[subject]
            self._title(axes, place["dataset"], start=f"{title} less the other: ")
            if ax is None:
                _legend_beside(axes, _mark_legend(families_of(frames.results, entries)))
        return axes

    def ablation(
        self, ax: Axes | None = None, *, metric: str | None = None, dataset: str | None = None
    ) -> Axes:
        """Each variant of a model less the reference, paired, with 95% intervals.

        The reference is filled, its value written beside it.

        Args:
            ax: where to draw.
            metric: the suite's last unless given.
            dataset: on which.
        """
        frames = self._frames
        place = self._place(dataset, metric)
        if not frames.results.is_ablation:
            raise _nothing(
                f"Suite '{frames.results.manifest.suite}' has no variants of one model.",
                remedy="plot.differences compares different models.",
            )
        if place["dataset"] not in set(frames.differences["dataset"]):
            raise _nothing(f"The reference and a variant have no runs on '{place['dataset']}'.")
        with self._axes(ax) as axes:
            ablation.draw_panel(axes, frames, **place)
            self._title(axes, place["dataset"])
        return axes

    def curves(
        self,
        ax: Axes | None = None,
        *,
        models: Models = (),
        metric: str = "mrr",
        dataset: str | None = None,
    ) -> Axes:
        """A metric over the length K of the list, 1 to 20.

        Args:
            ax: where to draw.
            models: those with a line; unless given, all of up to seven, else six and a grey band.
            metric: `recall` or `mrr`.
            dataset: on which.
        """
        _check(metric, list(curves.MEASURES), "metric over K")
        name = self._dataset(dataset)
        with self._lines(ax, models, name) as (axes, lines):
            curves.draw_panel(
                axes, self._frames, dataset=name, measure=metric, entries=lines, others=not models
            )
        return axes

    def lengths(
        self,
        ax: Axes | None = None,
        *,
        models: Models = (),
        metric: str | None = None,
        dataset: str | None = None,
    ) -> Axes:
        """A metric by the number of clicks in the prefix, with 95% intervals.

        Args:
            ax: where to draw.
            models: those with a line; unless given, all of up to seven, else six and a grey band.
            metric: the suite's last unless given.
            dataset: on which.
        """
        name, wanted = self._dataset(dataset), self._metric(metric)
        with self._lines(ax, models, name) as (axes, lines):
            lengths.draw_panel(
                axes, self._frames, dataset=name, metric=wanted, entries=lines, others=not models
            )
        return axes

    def tradeoff(
        self,
        ax: Axes | None = None,
        *,
        models: Models = (),
        metric: str | None = None,
        dataset: str | None = None,
        cost: str = "train_seconds",
    ) -> Axes:
        """A metric against what it costs, with the Pareto front.

        Args:
            ax: where to draw; names keep clear of each other at the size that it has by now.
            models: those to draw, unless given all.
            metric: the suite's last unless given.
            dataset: on which.
            cost: `train_seconds` (of a final run) or `session_milliseconds` (ranking all prefixes
                of a test session).
        """
        _check(cost, list(tradeoff.COSTS), "cost")
        results, entries = self._frames.results, self._rows(models)
        place = self._place(dataset, metric)
        panel = tradeoff.panel_of(self._frames, **place, entries=entries)
        if panel.here.empty:
            raise _nothing(f"None of these models has a run on '{place['dataset']}'.")
        with self._axes(ax) as axes:
            tradeoff.draw_panel(axes, results, panel, cost=cost, layout="column")
            self._title(axes, place["dataset"])
            if ax is None:
                _legend_beside(axes, _mark_legend(families_of(results, entries)))
            lay_out(axes.figure.figure)
            tradeoff.name_panel(axes, results, panel, cost=cost)
        return axes

    def learning(
        self,
        ax: Axes | None = None,
        *,
        models: Models = (),
        metric: str = "choice",
        dataset: str | None = None,
    ) -> Axes:
        """Epoch by epoch.

        Args:
            ax: where to draw.
            models: those with a line; unless given, all of up to seven, else six.
            metric: `choice`, the MRR@20 that chose the number of epochs (on validation sessions, in
                the trial that won); `loss`, of the final trainings, the mean over seeds.
            dataset: on which.
        """
        _check(metric, list(learning.measures(self._frames.results)), "metric of learning")
        name, frame = self._dataset(dataset), self._frames.learning
        stored = frame[(frame["dataset"] == name) & (frame["measure"] == metric)]
        with self._lines(ax, models, name, among=set(stored["entry"])) as (axes, lines):
            learning.draw_panel(axes, self._frames, dataset=name, measure=metric, entries=lines)
        return axes

    def history(
        self, ax: Axes | None = None, *, models: Models = (), dataset: str | None = None
    ) -> Axes:
        """The best validation MRR@20 so far, over the trials of tuning.

        Args:
            ax: where to draw.
            models: those with a line; unless given, all of up to seven, else six.
            dataset: on which.
        """
        return self._trials(ax, models, dataset, label="Trial", line=history.draw_line)

    def budget(
        self, ax: Axes | None = None, *, models: Models = (), dataset: str | None = None
    ) -> Axes:
        """The best validation MRR@20 of n trials, over n, on average over all their orders.

        Args:
            ax: where to draw.
            models: those with a line; unless given, all of up to seven, else six.
            dataset: on which.
        """
        return self._trials(ax, models, dataset, label="Trials", line=budget.draw_line)

    def _trials(
        self,
        ax: Axes | None,
        models: Models,
        dataset: str | None,
        *,
        label: str,
        line: trials.DrawLine,
    ) -> Axes:
        frames, name = self._frames, self._dataset(dataset)
        frame = frames.searched_trials
        found = set(frame[frame["dataset"] == name]["entry"])
        searching = [tuned for tuned in trials.searching(frames) if tuned in found]
        wanted = self._named(models, list(frames.results.tuned))
        lines = [t for t in searching if t in wanted] if wanted else chosen_lines(frames, searching)
        if not lines:
            raise _nothing(f"No search of these models on '{name}' is stored.")
        titles, look = shortened(frames.results.tuned), trials.looks_of_tuned(frames.results, lines)
        with self._axes(ax) as axes:
            trials.draw_panel(axes, frames, dataset=name, names=lines, label=label, line=line)
            self._title(axes, name)
            _legend(axes, _line_legend({titles[n]: look[n] for n in lines}), own=ax is None)
        return axes

    @contextmanager
    def _lines(
        self, ax: Axes | None, models: Models, dataset: str, among: set[str] | None = None
    ) -> Iterator[tuple[Axes, list[str]]]:
        """Axes and the entries that get a line on them; their legend follows.

        Args:
            ax: the caller's axes, if any.
            models: the caller's choice.
            dataset: what the title names.
            among: the entries that could have a line; unless given those with runs, of which those
                without a line are in the band.
        """
        results = self._frames.results
        present = [e for e in results.present(dataset) if among is None or e in among]
        chosen = self._entries(models)
        lines = (
            [entry for entry in present if entry in chosen]
            if models
            else chosen_lines(self._frames, present)
        )
        if not lines:
            raise _nothing(f"Nothing of these models is stored for '{dataset}'.")
        look = looks(results, lines)
        legend = _line_legend({results.short_titles[entry]: look[entry] for entry in lines})
        rest = len(present) - len(lines)
        if rest and among is None and not models:
            legend[f"range of {rest} others"] = Patch(color=OTHERS)
        with self._axes(ax) as axes:
            yield axes, lines
            self._title(axes, dataset)
            _legend(axes, legend, own=ax is None)

    @contextmanager
    def _axes(self, ax: Axes | None, *, rows: int | None = None) -> Iterator[Axes]:
        """The caller's axes, or those of a figure of their own, in the report's style.

        Args:
            ax: the caller's, if any.
            rows: that it has room for; None for a panel of lines.
        """
        if ax is not None and not isinstance(ax, Axes):
            raise SpecError(
                f"ax is {type(ax).__name__}, not Axes.",
                remedy="Give one panel, such as axes[0, 0] of what pyplot.subplots returns.",
            )
        fonts: dict[str, Any] = {n: value for n, value in rcParams.items() if n in _FONTS}
        with style.context(["default", STYLE, fonts]):
            if ax is not None:
                yield ax
                _fix_sizes(ax)
                return
            from matplotlib import pyplot  # the caller's backend is asked for here alone

            height = 2.6 if rows is None else 0.75 + 0.17 * rows
            figure, own = pyplot.subplots(
                figsize=(WIDTH, height), dpi=DOTS_PER_INCH, layout="constrained"
            )
            try:
                yield own
            except BaseException:
                pyplot.close(figure)
                raise
            _fix_sizes(own)

    def _title(self, axes: Axes, dataset: str, *, start: str = "") -> None:
        axes.set_title(start + self._frames.results.dataset_titles[dataset])

    def _place(self, dataset: str | None, metric: str | None) -> dict[str, str]:
        """What a panel shows, as its drawing functions take it."""
        return {"dataset": self._dataset(dataset), "metric": self._metric(metric)}

    def _dataset(self, name: str | None) -> str:
        known = self._frames.results.datasets_with_runs
        if name is not None:
            return _check(name, known, "dataset with runs")
        if len(known) > 1:
            raise SpecError(
                f"{len(known)} datasets have runs.",
                remedy=f"Name one with dataset=: {', '.join(known)}.",
            )
        return known[0]

    def _metric(self, name: str | None) -> str:
        known = list(self._frames.results.metrics)
        return known[-1] if name is None else _check(name, known, "metric of the suite")

    def _entries(self, models: Models) -> list[str]:
        return self._named(models, self._frames.results.entries)

    @staticmethod
    def _named(models: Models, known: list[str]) -> list[str]:
        named = [models] if isinstance(models, str) else models
        return [_check(name, known, "model of the suite") for name in named]

    def _rows(self, models: Models, frames: Frames | None = None) -> list[str]:
        """The chosen entries in the order of the report's rows."""
        chosen = self._entries(models) or self._frames.results.entries
        return [entry for entry in in_rows(frames or self._frames) if entry in chosen]


_FONTS = ("font.family", "font.serif", "font.sans-serif", "font.monospace", "font.cursive")


def _check(name: str, known: list[str], kind: str) -> str:
    if name in known:
        return name
    raise SpecError(
        f"There is no {kind} '{name}'.",
        remedy=did_you_mean(name, known) or f"There is {', '.join(known)}.",
    )


def _nothing(problem: str, *, remedy: str = "See benchmark.status().") -> StoreError:
    return StoreError(problem, remedy=remedy)


def _fix_sizes(axes: Axes) -> None:
    """Give labels their size for good: those of ticks are also made later, without the style."""
    axes.tick_params(axis="x", labelsize=rcParams["xtick.labelsize"])
    axes.tick_params(axis="y", labelsize=rcParams["ytick.labelsize"])
    for axis in (axes.xaxis, axes.yaxis):
        axis.label.set_fontsize(rcParams["axes.labelsize"])


def _line_legend(entries: Mapping[str, Look]) -> dict[str, Artist]:
    return dict(zip(entries, line_handles(entries), strict=True))


def _mark_legend(families: Mapping[str, Look]) -> dict[str, Artist]:
    return dict(zip(families, mark_handles(families), strict=True))


def _legend(axes: Axes, legend: Mapping[str, Artist], *, own: bool) -> None:
    """Beside axes of a figure of their own, within those of the caller's."""
    if own:
        _legend_beside(axes, legend)
    else:
        # On a ground of its own, for lines may run beneath it.
        axes.legend(
            list(legend.values()), list(legend), frameon=True, framealpha=0.8, edgecolor="none"
        )


def _legend_beside(axes: Axes, legend: Mapping[str, Any]) -> None:
    if legend:
        axes.legend(
            list(legend.values()), list(legend), loc="upper left", bbox_to_anchor=(1.0, 1.0)
        )

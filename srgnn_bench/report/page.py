"""The page: one self-contained HTML file, readable without a network."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from srgnn_bench.evaluation.metrics import metric_title
from srgnn_bench.report.captions import notes, suffix
from srgnn_bench.report.card import protocol_card
from srgnn_bench.report.conclusions import conclusions, verdicts
from srgnn_bench.report.figures.critical_difference import no_diagram_because
from srgnn_bench.report.figures.figure import FigureSpec
from srgnn_bench.report.frames import Frames
from srgnn_bench.report.tables.forms import templates
from srgnn_bench.report.tables.table import Table, percent


@dataclass(frozen=True)
class PageFigure:
    """A figure on the page.

    Attributes:
        name: anchor.
        title: heading.
        alternative: what it shows, for those who do not see it.
        svg: the drawing.
    """

    name: str
    title: str
    alternative: str
    svg: Markup


@dataclass(frozen=True)
class RunRow:
    """A run on the page."""

    entry: str
    title: str
    dataset: str
    seed: int
    key: str
    link: str
    values: list[str]
    revision: str
    created: str


def render_page(
    frames: Frames, *, tables: Sequence[Table], drawings: Mapping[FigureSpec, str], out: Path
) -> str:
    """The page's HTML.

    Args:
        frames: the suite.
        tables: in the order of the page; the first is the summary's.
        drawings: the figures in their order, each with its SVG.
        out: the folder of the report, from which the runs' records are linked.
    """
    results = frames.results
    drawn = [
        PageFigure(
            figure.name,
            figure.title,
            alternative_text(frames, figure),
            inline_svg(svg, figure.name),
        )
        for figure, svg in drawings.items()
    ]
    return (
        templates()
        .get_template("page.html.j2")
        .render(
            title=results.spec.title + suffix(results),
            suite=results.manifest.suite,
            notes=notes(results),
            verdicts=verdicts(frames),
            no_diagram=no_diagram_because(frames),
            conclusions=conclusions(frames),
            tables=tables,
            figures=drawn,
            card=protocol_card(results),
            metrics=[metric_title(metric) for metric in results.metrics],
            runs=_runs(frames, out=out),
        )
    )


def alternative_text(frames: Frames, figure: FigureSpec) -> str:
    """What a figure shows: its subject, its data sets and entries, and where the numbers are."""
    results = frames.results
    datasets = ", ".join(results.dataset_titles.values())
    entries = ", ".join(results.entry_titles.values())
    return (
        f"{figure.title} on {datasets} for {entries}. The numbers are in the tables of this page."
    )


def inline_svg(svg: str, name: str) -> Markup:
    """An SVG file as part of a page: without its prologue, sized by the page, ids its own.

    Args:
        svg: a file that matplotlib wrote; nothing of it comes from stored text unescaped.
        name: prefix of its ids, which would otherwise clash with those of other figures.
    """
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = re.sub(r'href="#', f'href="#{name}-', svg)
    svg = re.sub(r"url\(#", f"url(#{name}-", svg)
    svg = re.sub(r'<svg([^>]*?) width="[^"]*"', r"<svg\1", svg, count=1)
    svg = re.sub(r'<svg([^>]*?) height="[^"]*"', r'<svg\1 aria-hidden="true"', svg, count=1)
    return Markup(svg)


def _runs(frames: Frames, *, out: Path) -> list[RunRow]:
    results = frames.results
    rows = []
    for dataset in results.datasets:
        for entry in results.present(dataset):
            for seed, record in results.numbered(dataset, entry=entry):
                file = results.store.run_of(record).record_file
                rows.append(
                    RunRow(
                        entry=entry,
                        title=results.entry_titles[entry],
                        dataset=results.dataset_titles[dataset],
                        seed=seed,
                        key=record.short_key,
                        link=Path(os.path.relpath(file, out)).as_posix(),
                        values=[
                            percent(results.measured(record, metric)) for metric in results.metrics
                        ],
                        revision=str(record.environment.get("revision") or "unknown")[:12],
                        created=record.created,
                    )
                )
    return rows

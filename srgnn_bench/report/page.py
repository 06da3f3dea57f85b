"""The page: one self-contained HTML file, readable without a network."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup

from srgnn_bench.evaluation.metrics import metric_title
from srgnn_bench.report.captions import notes, suffix
from srgnn_bench.report.card import protocol_card
from srgnn_bench.report.conclusions import conclusions, verdicts
from srgnn_bench.report.figures.canvas import Drawn, Layout, file_stem
from srgnn_bench.report.figures.critical_difference import no_diagram_because
from srgnn_bench.report.figures.figure import FigureSpec
from srgnn_bench.report.figures.looks import in_rows, looks
from srgnn_bench.report.frames import Frames
from srgnn_bench.report.tables.forms import templates
from srgnn_bench.report.tables.table import Table, percent


@dataclass(frozen=True)
class PageFigure:
    """A figure on the page.

    Attributes:
        name: anchor.
        title: caption.
        alternative: what it shows, for those who do not see it.
        svgs: the drawing for a page and for a phone, by the name of the width.
        files: names of the files that were saved of it.
    """

    name: str
    title: str
    alternative: str
    svgs: dict[Layout, Markup]
    files: list[str]


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
    frames: Frames,
    *,
    tables: Sequence[Table],
    figures: Sequence[FigureSpec],
    drawings: Mapping[Layout, Mapping[str, Drawn]],
    out: Path,
) -> str:
    """The page's HTML.

    Args:
        frames: the suite.
        tables: in the order of the page; the first is the summary's.
        figures: in the order of the page.
        drawings: how each looks at either width, by its name.
        out: the folder of the report, from which the runs' records are linked.
    """
    results = frames.results
    drawn = [
        PageFigure(
            figure.name,
            figure.title,
            alternative_text(frames, figure),
            {
                layout: inline_svg(of[figure.name].svg, file_stem(figure.name, layout=layout))
                for layout, of in drawings.items()
            },
            [path.name for of in drawings.values() for path in of[figure.name].paths],
        )
        for figure in figures
    ]
    return (
        templates()
        .get_template("page.html.j2")
        .render(
            title=results.title + suffix(results),
            notes=notes(results),
            verdicts=verdicts(frames),
            no_diagram=no_diagram_because(frames),
            conclusions=conclusions(frames),
            tables=tables,
            figures=drawn,
            card=protocol_card(results),
            metrics=[metric_title(metric) for metric in results.metrics],
            runs=_runs(frames, out=out),
            numbers=chart_numbers(frames),
        )
    )


def chart_numbers(frames: Frames) -> dict[str, Any]:
    """What the page's own drawing is made of, in percent.

    Returns:
        ``metrics`` and ``datasets`` (pairs of name and title); ``entries``, in the order of the
        rows, each with ``name``, ``title``, ``colour`` and ``values`` (dataset -> metric -> mean
        and ends of its interval, None where there is none).
    """
    results = frames.results
    frame = frames.metrics[frames.metrics["metric"].isin(results.metrics)].dropna(subset="mean")
    values: dict[str, dict[str, dict[str, list[float | None]]]] = {}
    for row in frame.to_dict("records"):
        ends = [
            None if np.isnan(row[n]) else round(100 * row[n], 4) for n in ("mean", "low", "high")
        ]
        values.setdefault(row["entry"], {}).setdefault(row["dataset"], {})[row["metric"]] = ends
    look = looks(results, results.entries)
    return {
        "metrics": [[metric, metric_title(metric)] for metric in results.metrics],
        "datasets": [[name, results.dataset_titles[name]] for name in results.datasets_with_runs],
        "entries": [
            {
                "name": entry,
                "title": results.short_titles[entry],
                "colour": look[entry].colour,
                "values": values[entry],
            }
            for entry in in_rows(frames)
            if entry in values
        ],
    }


def alternative_text(frames: Frames, figure: FigureSpec) -> str:
    """What a figure shows: its subject, its data sets and entries, and where the numbers are."""
    shows = figure.shows(frames)
    return (
        f"{figure.title} on {', '.join(shows.datasets)} for {', '.join(shows.entries)}. "
        "The numbers are in the tables of this page."
    )


def inline_svg(svg: str, name: str) -> Markup:
    """An SVG file as part of a page: without its prologue, sized by the page, ids its own.

    Args:
        svg: a file that matplotlib wrote; nothing of it comes from stored text unescaped.
        name: prefix of its ids, which would otherwise clash with those of other figures.
    """
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r">\s+<", "><", svg)
    used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', svg))
    svg = re.sub(r"<[^>]*>", lambda tag: _short_tag(tag[0], prefix=name, used=used), svg)
    svg = re.sub(r'<svg([^>]*?) width="[^"]*"', r"<svg\1", svg, count=1)
    svg = re.sub(r'<svg([^>]*?) height="[^"]*"', r'<svg\1 aria-hidden="true"', svg, count=1)
    return Markup(svg)


def _short_tag(tag: str, *, prefix: str, used: Collection[str]) -> str:
    """A tag of a drawing without what takes room and draws nothing.

    That is digits beyond hundredths of a point, turns by nothing, ids that nothing refers to, the
    font of every text, line breaks. The texts between the tags stay as they are.

    Args:
        tag: from ``<`` to ``>``.
        prefix: of its ids.
        used: the ids that something refers to.
    """
    tag = re.sub(r"\s*\n\s*", " ", tag)
    tag = re.sub(r"(?<=\d)\.(\d\d)\d+", r".\1", tag)
    tag = re.sub(r' transform="rotate\(-?0 [^"]*\)"', "", tag)
    tag = re.sub(r' id="([^"]*)"', lambda found: found[0] if found[1] in used else "", tag)
    tag = re.sub(r" font-family: [^;\"]*;?", "", tag)
    tag = re.sub(r'\bid="', f'id="{prefix}-', tag)
    tag = re.sub(r'href="#', f'href="#{prefix}-', tag)
    return re.sub(r"url\(#", f"url(#{prefix}-", tag)


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

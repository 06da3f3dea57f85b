"""The whole report of a suite, from its stored records alone."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from srgnn_bench.errors import StoreError
from srgnn_bench.files import checksum
from srgnn_bench.process.sharing import share
from srgnn_bench.report.card import card_latex, card_markdown
from srgnn_bench.report.conclusions import conclusions, verdicts
from srgnn_bench.report.escaping import markdown_paragraph
from srgnn_bench.report.forms import FORMS, Font, Form
from srgnn_bench.report.frames import Frames
from srgnn_bench.report.references import bibtex, read_references
from srgnn_bench.report.results import load_suite
from srgnn_bench.report.tables import all_tables
from srgnn_bench.report.tables.forms import write_table
from srgnn_bench.store.store import ResultStore

LIST = "files.json"
"""What a call wrote, name -> sha256, by which the next one knows what it may remove."""


def build_report(
    store: ResultStore,
    *,
    suite: str,
    out: Path,
    against: str | None = None,
    title: str | None = None,
    fdr: bool = False,
    with_seeds: bool = False,
    forms: Collection[Form] = FORMS,
    font: Font = "sans",
    processes: int = 2,
) -> list[Path]:
    """Write tables, figures, sentences, protocol card, references and the page of a suite.

    The same store gives the same bytes. The page links the runs' records relative to ``out``. What
    an earlier call wrote there and this one does not is removed, unless it was changed since.

    Args:
        store: the results folder.
        suite: name of a suite that was run.
        out: folder for the files; made if needed.
        against: the entry that the others are compared with; None for the suite's own subject.
        title: what the report is headed; None for the suite's title.
        fdr: whether tables of differences print the false discovery rate beside Holm's p.
        with_seeds: refuse to draw intervals that do not hold what other seeds would change.
        forms: the files of each figure; the page holds its figures whatever these are.
        font: of the figures: ``sans``, or ``serif`` beside a text in Times.
        processes: most processes that draw; there are never more than two.

    Returns:
        The files written, ``index.html`` first.

    Raises:
        StoreError: nothing is stored about the suite or such an entry of it, what is stored cannot
            be compared, ``out`` cannot be written, or a trained model has too few seeds for
            the intervals that were asked for.
    """
    results = load_suite(store, suite=suite, against=against, title=title)
    single = results.with_one_seed
    if with_seeds and single:
        raise StoreError(
            f"Intervals with seeds need two seeds of every trained model; suite {suite} has one of "
            f"{', '.join(single)}.",
            remedy="Run it with --seeds 3 or more, or leave out --with-seeds.",
        )
    frames = Frames(results, fdr=fdr)
    # matplotlib, which takes a while to import: what cannot be reported is refused before that.
    from srgnn_bench.report.drawing import draw_figures
    from srgnn_bench.report.page import render_page

    tables = all_tables(frames)
    try:
        out.mkdir(parents=True, exist_ok=True)
        paths = [path for table in tables for path in write_table(table, out=out, suite=suite)]
        figures, drawings = draw_figures(
            frames, out=out, forms=forms, font=font, processes=processes
        )
        paths += [
            path
            for figure in figures
            for drawn in drawings.values()
            for path in drawn[figure.name].paths
        ]
        sentences = "\n\n".join(map(markdown_paragraph, [*verdicts(frames), *conclusions(frames)]))
        texts = {
            "index.html": render_page(
                frames, tables=tables, figures=figures, drawings=drawings, out=out
            ),
            "conclusions.md": f"# What holds\n\n{sentences}\n",
            "protocol.md": card_markdown(results),
            "protocol.tex": card_latex(results),
            "references.bib": bibtex(results, references=read_references()),
        }
        for name, text in texts.items():
            (out / name).write_text(text, encoding="utf-8")
        written = [*(out / name for name in texts), *paths]
        listed = replace_list(out, written=written)
    except OSError as error:
        raise StoreError(
            f"{out} cannot be written ({error.strerror or error}).",
            remedy="Name another folder for the report.",
        ) from error
    return [*written, listed]


def build_reports(
    store: ResultStore, *, folders: Mapping[str, Path], **options: Any
) -> dict[str, list[Path]]:
    """Write the reports of several suites, by two processes where there are two processors.

    Args:
        store: the results folder.
        folders: the folder of each suite's files, by the suite's name.
        options: see ``build_report``.

    Returns:
        The files written of each suite, its ``index.html`` first.

    Raises:
        StoreError: as ``build_report``.
    """

    def runs(suite: str) -> int:
        manifest = store.manifest(suite)
        return len(manifest.cells) if manifest else 0

    suites = sorted(folders, key=runs, reverse=True)
    # Of several reports each process draws its own.
    build = partial(_build, store, {**options, "processes": 1 if len(folders) > 1 else 2})
    built = share([(suite, folders[suite]) for suite in suites], build, processes=2)
    files = dict(zip(suites, built, strict=True))
    return {suite: files[suite] for suite in folders}


def _build(store: ResultStore, options: dict[str, Any], report: tuple[str, Path]) -> list[Path]:
    suite, out = report
    return build_report(store, suite=suite, out=out, **options)


def replace_list(out: Path, *, written: Sequence[Path]) -> Path:
    """Write the list of a report's files, and remove what an earlier list has besides.

    Args:
        out: the folder of the report.
        written: its files now. What is not among them goes if it is as the earlier call left it.

    Returns:
        The list.

    Raises:
        OSError: the folder cannot be written.
    """
    path = out / LIST
    try:
        listed = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        listed = None
    earlier = listed if isinstance(listed, dict) else {}
    made = {file.name: checksum(file.read_bytes()) for file in written}
    for file in out.iterdir():
        stale = file.name in earlier and file.name not in made and file.is_file()
        if stale and checksum(file.read_bytes()) == earlier[file.name]:
            file.unlink()
    path.write_text(json.dumps(made, indent=0, sort_keys=True) + "\n", encoding="utf-8")
    return path

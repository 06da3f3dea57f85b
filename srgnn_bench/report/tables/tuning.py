"""The search spaces, and what tuning chose in them."""

from __future__ import annotations

from typing import Any

import pandas as pd

from srgnn_bench.report.captions import card, suffix
from srgnn_bench.report.frames import Frames
from srgnn_bench.report.results import SuiteResults, keys_of
from srgnn_bench.report.tables.table import MISSING, Table, TableCell, TableSpec
from srgnn_bench.store.dimensions import describe_dimension, describe_value
from srgnn_bench.store.keys import short
from srgnn_bench.store.record import Record


def tuning_table(frames: Frames) -> Table | None:
    """One row per tuned entry and searched parameter; None where nothing was tuned.

    Entries that share the tuning of their model stand as that model.
    """
    results = frames.results
    data: list[dict[str, Any]] = []
    rows = []
    runs = {dataset: results.tuned_runs(dataset) for dataset in results.datasets}
    for entry, entry_title in results.tuned.items():
        by_dataset = {
            dataset: tuning
            for dataset, tuned in runs.items()
            if entry in tuned and (tuning := results.tuning(tuned[entry])) is not None
        }
        spaces: dict[str, Any] = {}
        for tuning in by_dataset.values():
            spaces |= tuning.space
        for place, (parameter, space) in enumerate(spaces.items()):
            title = entry_title if place == 0 else ""
            cells = [
                TableCell(
                    title, entry=entry if entry in results.entries else None, alone=entry_title
                ),
                TableCell(parameter),
                TableCell(describe_dimension(space)),
            ]
            for dataset in results.datasets:
                if dataset not in by_dataset:
                    cells.append(TableCell(MISSING))
                    continue
                tuning, best = by_dataset[dataset], by_dataset[dataset].best
                value = None if best is None else best.parameters.get(parameter)
                edge = tuning.edges.get(parameter)
                marked = f"{describe_value(value)}{' *' if edge else ''}"
                cells.append(TableCell(MISSING if value is None else marked))
                data.append(
                    {
                        "dataset": dataset,
                        "entry": entry,
                        "title": entry_title,
                        "parameter": parameter,
                        "space": describe_dimension(space),
                        "chosen": value,
                        "edge": edge,
                        "validation_mrr@20": None if best is None else best.value,
                        "best_trial": None if best is None else best.number,
                        "budget": tuning.budget,
                        "finished": tuning.finished,
                        "pruned": tuning.pruned,
                        "collapsed": tuning.collapsed,
                        "finalists": len(tuning.finalists),
                        "failed": tuning.failed,
                        "study": short(tuning.study),
                        "keys": keys_of(_runs_of(results, dataset=dataset, study=tuning.study)),
                    }
                )
            rows.append(tuple(cells))
    if not rows:
        return None
    return Table(
        name="tuning",
        title="Search spaces and what tuning chose" + suffix(results),
        groups=(),
        columns=("Model", "parameter", "searched", *results.dataset_titles.values()),
        rows=tuple(rows),
        note="Chosen by validation MRR@20. An asterisk: near an end of what was searched.",
        lines=(
            "Chosen by MRR@20 on the validation sessions. The first trial of every study is the "
            "configuration that the model's file states."
            + (
                " All entries run what won, each with its own values on top."
                if results.shares_tuning
                else ""
            ),
            "An asterisk: within a twentieth of an end of what was searched; a better value may "
            "lie beyond.",
        ),
        card=tuple(card(results)),
        data=pd.DataFrame(data),
        labels=3,
    )


def _runs_of(results: SuiteResults, *, dataset: str, study: str) -> list[Record]:
    """The runs whose configuration a study chose."""
    return [
        record
        for record in results.all_records()
        if record.identity.dataset == dataset and record.study == study
    ]


TABLE = TableSpec(lambda frames: [tuning_table(frames)], order=90)

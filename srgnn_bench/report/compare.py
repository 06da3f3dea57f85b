"""What changed between two results folders, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from srgnn_bench.errors import StoreError
from srgnn_bench.evaluation.metrics import Metric, metric_title
from srgnn_bench.evaluation.statistics import by_session, estimate, holm
from srgnn_bench.report.captions import (
    describe_intervals,
    device_words,
    explain_mark,
    mark_interval,
    notes,
    suffix,
)
from srgnn_bench.report.results import SuiteResults, keys_of, load_suite
from srgnn_bench.report.tables.forms import write_table
from srgnn_bench.report.tables.table import (
    Table,
    TableCell,
    finite,
    interval,
    p_text,
    percent,
    signed,
)
from srgnn_bench.store.record import Record
from srgnn_bench.store.store import ResultStore


def compare_stores(before: ResultStore, after: ResultStore, *, suite: str, out: Path) -> list[Path]:
    """Compare the runs of a suite in two stores, paired over the same test prefixes.

    Args:
        before: the results to compare with.
        after: the results to compare.
        suite: name of a suite that both hold.
        out: folder for ``compare.md``, ``.tex`` and ``.csv``; made if needed.

    Returns:
        The files written, ``compare.md`` first.

    Raises:
        StoreError: a store does not hold the suite, they share no entry of any data set, or
            ``out`` cannot be written.
    """
    table = comparison_table(load_suite(before, suite=suite), load_suite(after, suite=suite))
    try:
        out.mkdir(parents=True, exist_ok=True)
        return write_table(table, out=out, suite=suite)
    except OSError as error:
        raise StoreError(
            f"{out} cannot be written ({error.strerror or error}).",
            remedy="Name another folder for the comparison.",
        ) from error


def comparison_table(before: SuiteResults, after: SuiteResults) -> Table:
    """One row per data set and entry that both hold.

    Raises:
        StoreError: they share nothing.
    """
    shared = [
        (dataset, entry)
        for dataset in after.datasets
        for entry in after.present(dataset)
        if before.records.get((dataset, entry))
    ]
    if not shared:
        raise StoreError(
            f"The two stores share no entry of suite {after.manifest.suite}.",
            remedy="Compare stores of the same suite.",
        )
    data = pd.DataFrame([row for place in shared for row in _rows(before, after, *place)])
    data["p_holm"] = holm(data["p_value"].to_numpy(dtype=float))
    by_place = data.set_index(["dataset", "entry", "metric"])
    rows = []
    for dataset, entry in shared:
        cells = [TableCell(after.dataset_titles[dataset]), TableCell(after.entry_titles[entry])]
        for metric in after.metrics:
            found = by_place.loc[(dataset, entry, metric)]
            mark = mark_interval(found["with_seeds"])
            cells += [
                TableCell(percent(found["before"]), value=finite(found["before"])),
                TableCell(percent(found["after"]), value=finite(found["after"])),
                TableCell(signed(found["difference"]), value=finite(found["difference"])),
                TableCell(interval(found["low"], found["high"]) + mark, value=finite(found["low"])),
                TableCell(p_text(found["p_holm"]), value=finite(found["p_holm"])),
            ]
        rows.append(tuple(cells))
    return Table(
        name="compare",
        title=f"{after.title}: before and after" + (suffix(after) or suffix(before)),
        groups=tuple((metric_title(metric), 5) for metric in after.metrics),
        columns=(
            "Data",
            "Entry",
            *("before", "after", "Δ", "95% interval", "p") * len(after.metrics),
        ),
        rows=tuple(rows),
        note=f"In percent. Δ: paired, with 95% interval{explain_mark(data['with_seeds'])}; "
        "p: Holm's, of this table.",
        lines=(
            f"In percent. Before: {before.store.root}; after: {after.store.root}. Δ is paired over "
            "the same test prefixes and averaged over seeds; interval and p hold "
            f"{describe_intervals(data['with_seeds'], marked=True)}; p is corrected by Holm for "
            "this table. No interval where the test prefixes differ.",
            *_changed(before, after, shared),
            *(f"Before only: {place}." for place in _missing(before, after)),
            *(f"After only: {place}." for place in _missing(after, before)),
        ),
        card=tuple(_notes(before, after)),
        data=data,
        labels=2,
    )


def changes(before: SuiteResults, after: SuiteResults, dataset: str, entry: str) -> list[str]:
    """What differs in the making of an entry's runs, apart from its numbers."""
    old, new = before.records[dataset, entry][0], after.records[dataset, entry][0]
    told = [
        f"{name}: {_short(a)} → {_short(b)}"
        for name, a, b in _differences(_making(old), _making(new))
    ]
    seeds = len(before.records[dataset, entry]), len(after.records[dataset, entry])
    return told + ([f"seeds: {seeds[0]} → {seeds[1]}"] if seeds[0] != seeds[1] else [])


def _changed(
    before: SuiteResults, after: SuiteResults, shared: Sequence[tuple[str, str]]
) -> list[str]:
    """What changed in the making of all, then what changed of each entry besides."""
    found = {place: changes(before, after, *place) for place in shared}
    first, *others = found.values()
    common = [change for change in first if all(change in other for other in others)]
    told = [f"Changed in the making of all: {'; '.join(common)}."] if common else []
    for (dataset, entry), changed in found.items():
        own = "; ".join(change for change in changed if change not in common)
        where = f"{after.entry_titles[entry]} on {after.dataset_titles[dataset]}"
        told += [f"Changed in the making of {where}: {own}."] if own else []
    return told or ["Nothing changed in the making."]


def _rows(
    before: SuiteResults, after: SuiteResults, dataset: str, entry: str
) -> list[dict[str, Any]]:
    ranks = [results.ranks(dataset, entry=entry) for results in (before, after)]
    prefixes = [results.prefixes(dataset) for results in (before, after)]
    rows: list[dict[str, Any]] = []
    for metric in after.metrics:
        scores = [Metric.named(metric).scores(r) for r in ranks]
        row = {
            "dataset": dataset,
            "entry": entry,
            "metric": metric,
            "before": scores[0].mean(),
            "after": scores[1].mean(),
            "difference": scores[1].mean() - scores[0].mean(),
            "low": np.nan,
            "high": np.nan,
            "with_seeds": np.nan,
            "p_value": np.nan,
            "changed": "; ".join(changes(before, after, dataset, entry)) or "nothing",
            "keys_before": keys_of(before.records[dataset, entry]),
            "keys_after": keys_of(after.records[dataset, entry]),
        }
        if prefixes[0].equals(prefixes[1]):
            sessions = prefixes[0]["session"].to_numpy()
            old, new = (
                by_session(s, sessions=sessions, chance=results.has_chance(dataset, entry))
                for s, results in zip(scores, (before, after), strict=True)
            )
            found = estimate(new, old)
            low, high = map(float, found.interval)
            row |= {"low": low, "high": high, "with_seeds": found.with_seeds}
            row["p_value"] = float(found.p_value)
        rows.append(row)
    return rows


def _making(record: Record) -> dict[str, Any]:
    """What a run was made of, flat."""
    environment = record.environment
    return {
        "data": record.identity.fingerprint[:8],
        "protocol": record.protocol_kind,
        "longest prefix": record.identity.protocol.get("max_prefix_length"),
        "implementation": record.identity.implementation,
        "shared code": record.identity.results_version,
        **record.identity.configuration,
        "epochs trained": record.cost.epochs,
        "first seed": record.identity.seed,
        **{f"{name} (package)": v for name, v in environment.get("packages", {}).items()},
        "code": str(environment.get("revision"))[:8],
        "device": device_words(environment),
        "deterministic": environment.get("deterministic"),
    }


def _differences(old: dict[str, Any], new: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    names = dict.fromkeys([*old, *new])
    return [(n, old.get(n), new.get(n)) for n in names if old.get(n) != new.get(n)]


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _notes(before: SuiteResults, after: SuiteResults) -> list[str]:
    """Cautions about either; what holds for both once."""
    old, new = notes(before), notes(after)
    return [
        *(note for note in new if note in old),
        *(f"Before: {note}" for note in old if note not in new),
        *(f"After: {note}" for note in new if note not in old),
    ]


def _missing(here: SuiteResults, there: SuiteResults) -> Sequence[str]:
    return [
        f"{here.entry_titles[entry]} on {here.dataset_titles[dataset]}"
        for dataset in here.datasets
        for entry in here.present(dataset)
        if not there.records.get((dataset, entry))
    ]

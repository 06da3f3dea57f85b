"""Stored results in forms that other tools read: parquet, and the run files of TREC."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from srgnn_bench.errors import StoreError
from srgnn_bench.evaluation.metrics import Metric
from srgnn_bench.report.escaping import slug
from srgnn_bench.report.results import SuiteResults, load_suite
from srgnn_bench.store.record import Record
from srgnn_bench.store.store import ResultStore


def export_results(store: ResultStore, *, suite: str, out: Path) -> list[Path]:
    """Write every run of a suite prefix by prefix.

    ``ranks.parquet`` holds all runs: ``dataset``, ``entry``, ``seed``, ``key``, ``session``,
    ``length``, ``rank``, ``target_count``, and what the prefix contributes to the suite's
    metrics. Where a run kept its lists, ``lists.parquet`` holds them, and
    ``<dataset>.qrels`` and ``<dataset>.<entry>.<key>.run`` are the same for trec_eval,
    ir-measures and the like.

    Args:
        store: the results folder.
        suite: name of a suite that was run.
        out: folder for the files; made if needed.

    Returns:
        The files written.

    Raises:
        StoreError: nothing is stored about the suite, or ``out`` cannot be written.
    """
    results = load_suite(store, suite=suite)
    try:
        out.mkdir(parents=True, exist_ok=True)
        paths = [out / "ranks.parquet"]
        ranks = pd.concat([_ranks(results, *run) for run in _runs(results)], ignore_index=True)
        ranks.to_parquet(paths[0], index=False, compression="zstd")
        kept = [
            (run, lists) for run in _runs(results) if (lists := _lists(results, *run)) is not None
        ]
        if kept:
            paths.append(out / "lists.parquet")
            lists = pd.concat([lists for _, lists in kept], ignore_index=True)
            lists.to_parquet(paths[1], index=False, compression="zstd")
        for (dataset, entry, _, record), frame in kept:
            qrels = out / f"{dataset}.qrels"
            qrels.write_text(_qrels(frame), encoding="ascii")
            run_file = out / f"{dataset}.{slug(entry)}.{record.short_key}.run"
            run_file.write_text(_trec_run(frame, tag=entry), encoding="utf-8")
            paths += [run_file] if qrels in paths else [qrels, run_file]
    except OSError as error:
        raise StoreError(
            f"{out} cannot be written ({error.strerror or error}).",
            remedy="Name another folder for the export.",
        ) from error
    return paths


def _runs(results: SuiteResults) -> Iterator[tuple[str, str, int, Record]]:
    for dataset in results.datasets:
        for entry in results.present(dataset):
            for seed, record in results.numbered(dataset, entry=entry):
                yield dataset, entry, seed, record


def _ranks(
    results: SuiteResults, dataset: str, entry: str, seed: int, record: Record
) -> pd.DataFrame:
    ranks = results.store.ranks(record)
    frame = results.prefixes(dataset).drop(columns="target_ago")
    frame.insert(2, "rank", ranks)
    for metric in results.metrics:
        frame[metric] = Metric.named(metric).scores(ranks)
    return _labelled(frame, dataset, entry, seed, record)


def _lists(
    results: SuiteResults, dataset: str, entry: str, seed: int, record: Record
) -> pd.DataFrame | None:
    lists = results.store.lists(record)
    if lists is None:
        return None
    prefixes = results.prefixes(dataset)[["session", "length"]]
    frame = pd.concat([prefixes, lists.reset_index(drop=True)], axis=1)
    return _labelled(frame, dataset, entry, seed, record)


def _labelled(
    frame: pd.DataFrame, dataset: str, entry: str, seed: int, record: Record
) -> pd.DataFrame:
    labels: dict[str, str | int] = {
        "dataset": dataset,
        "entry": entry,
        "seed": seed,
        "key": record.short_key,
    }
    for place, (name, value) in enumerate(labels.items()):
        frame.insert(place, name, value)
    return frame


def _queries(frame: pd.DataFrame) -> list[str]:
    """A name per prefix: its session and its length."""
    return [f"{s}-{n}" for s, n in zip(frame["session"], frame["length"], strict=True)]


def _qrels(frame: pd.DataFrame) -> str:
    pairs = zip(_queries(frame), frame["target"], strict=True)
    return "".join(f"{query} 0 {target} 1\n" for query, target in pairs)


def _trec_run(frame: pd.DataFrame, *, tag: str) -> str:
    """The lists as a run file; the score of a place is its distance from the list's end.

    Among equal scores the list has an order of its own, while the stored rank counts every tie
    against the target: other evaluators can only find the same or slightly better values.
    """
    name = slug(tag)
    lines = []
    for query, items in zip(_queries(frame), frame["items"], strict=True):
        kept = [item for item in items if item != 0]
        lines += [
            f"{query} Q0 {item} {place} {len(kept) + 1 - place} {name}\n"
            for place, item in enumerate(kept, start=1)
        ]
    return "".join(lines)

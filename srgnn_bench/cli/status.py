"""``srgnn-bench status``."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from srgnn_bench.cli.options import (
    RESULTS,
    DataRootOption,
    DatasetOption,
    JsonOption,
    ModelOption,
    ResultsOption,
    SeedsOption,
    SetOption,
    SuiteOption,
    TrialsOption,
    TrustOption,
)
from srgnn_bench.cli.screen import console, print_json
from srgnn_bench.cli.words import NOT_ALL_DONE, benchmark_of
from srgnn_bench.errors import StoreError
from srgnn_bench.plain_text import counted

if TYPE_CHECKING:
    from srgnn_bench.api import Benchmark


def status(
    suite: SuiteOption = "quick",
    dataset: DatasetOption = None,
    model: ModelOption = None,
    data_root: DataRootOption = None,
    results: ResultsOption = RESULTS,
    trials: TrialsOption = None,
    seeds: SeedsOption = None,
    settings: SetOption = None,
    trust: TrustOption = False,
    verify: Annotated[
        bool,
        typer.Option("--verify", help="Read all that the results folder holds, and check it."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show which runs are done, failed, missing or stale, and why; or check a whole folder."""
    if verify:
        _verify(results, as_json=as_json)
        return
    with _read_only(results) as folder:
        benchmark = benchmark_of(
            suite,
            dataset=dataset,
            model=model,
            trials=trials,
            seeds=seeds,
            settings=settings,
            data_root=data_root,
            results=folder,
            trust=trust,
        )
        _show(benchmark, as_json=as_json)


@contextlib.contextmanager
def _read_only(results: Path) -> Iterator[Path]:
    """The folder of the results; a passing one where there is none, for the data of the plan."""
    if results.exists():
        yield results
        return
    with tempfile.TemporaryDirectory(prefix="srgnn-bench-status-") as name:
        yield Path(name)


def _show(benchmark: Benchmark, *, as_json: bool) -> None:
    """Print how far a benchmark is."""
    from srgnn_bench.cli.tables import plan_table
    from srgnn_bench.execution.stale import chosen_edges, failures, stale_runs

    jobs, store = benchmark.jobs, benchmark.store
    if as_json:
        print_json(
            {
                "suite": benchmark.suite.name,
                "jobs": benchmark.status().to_dict("records"),
                "stale": [
                    {"folder": str(stale.folder), "fields": list(stale.fields)}
                    for stale in stale_runs(jobs, store)
                ],
                "edges": list(chosen_edges(jobs)),
            }
        )
        return
    screen = console()
    screen.print(plan_table(jobs, benchmark.states()))
    for failure in failures(jobs, store):
        what = "tuning" if failure.seed is None else f"seed {failure.seed}"
        how = "lost" if failure.lost else "failed"
        screen.print(
            f"{how}: {failure.dataset} {failure.model} {what}: {failure.error}",
        )
    for stale in stale_runs(jobs, store):
        screen.print(
            f"stale: {stale.folder}: differs from this suite in {', '.join(stale.fields)}",
        )
    for line in chosen_edges(jobs):
        screen.print(f"edge: {line}")
    others = [name for name in store.suites() if name != benchmark.suite.name]
    if others:
        screen.print(f"Stored there too, for --suite: {', '.join(others)}.")


def _verify(results: Path, *, as_json: bool) -> None:
    """Check all that is stored; exit code 1 where something is damaged.

    Raises:
        StoreError: nothing is stored there.
    """
    from srgnn_bench.store.store import ResultStore
    from srgnn_bench.store.verify import verify

    found = list(verify(ResultStore(results)))
    if not found:  # a misspelt folder is no sound one
        raise StoreError(
            f"{results} holds nothing that is stored.",
            remedy="Run a suite first, or name another folder with --results.",
        )
    # Runs share their prefixes, whose fault is then found several times.
    faults = list(dict.fromkeys(str(error) for _, error in found if error is not None))
    if as_json:
        print_json({"checked": len(found), "damaged": faults})
    else:
        for fault in faults:
            console().print(f"damaged: {fault}")
        checked = counted(len(found), "file")
        console().print(f"{checked} checked in {results}, {len(faults)} damaged.")
    if faults:
        raise typer.Exit(NOT_ALL_DONE)

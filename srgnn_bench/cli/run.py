"""``srgnn-bench run``."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from srgnn_bench.cli.options import (
    RESULTS,
    DataRootOption,
    DatasetOption,
    DeterministicOption,
    DeviceOption,
    FormsOption,
    JsonOption,
    KeepModelsOption,
    ModelOption,
    QuietOption,
    ResultsOption,
    Resume,
    ResumeOption,
    SchedulerOption,
    SeedsOption,
    SetOption,
    StudiesOption,
    SuiteOption,
    TrialsOption,
    TrustOption,
    WorkersOption,
)
from srgnn_bench.cli.screen import console, print_json, warn
from srgnn_bench.cli.words import NOT_ALL_DONE, benchmark_of, told_when_stopped
from srgnn_bench.plain_text import counted
from srgnn_bench.process.device import DeviceChoice

if TYPE_CHECKING:
    from srgnn_bench.api import Benchmark
    from srgnn_bench.execution.coordinator import Outcome


def run(
    suite: SuiteOption = "quick",
    dataset: DatasetOption = None,
    model: ModelOption = None,
    data_root: DataRootOption = None,
    results: ResultsOption = RESULTS,
    trials: TrialsOption = None,
    seeds: SeedsOption = None,
    settings: SetOption = None,
    resume: ResumeOption = Resume.only_missing,
    trust: TrustOption = False,
    workers: WorkersOption = None,
    scheduler: SchedulerOption = None,
    studies: StudiesOption = None,
    device: DeviceOption = "auto",
    deterministic: DeterministicOption = True,
    forms: FormsOption = None,
    keep_models: KeepModelsOption = False,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Tune every model on every dataset, train the winners, and draw the report."""
    choice = DeviceChoice(device, deterministic)
    benchmark = benchmark_of(
        suite,
        dataset=dataset,
        model=model,
        trials=trials,
        seeds=seeds,
        settings=settings,
        keep_models=keep_models,
        data_root=data_root,
        results=results,
        trust=trust,
    )
    from srgnn_bench.cli.tables import plan_table, results_table
    from srgnn_bench.listeners.progress import ProgressView
    from srgnn_bench.report.forms import read_forms

    drawn = read_forms(forms)
    here = None if scheduler else choice.find()  # a scheduler's workers look for themselves

    screen = console(stderr=as_json, quiet=quiet)
    chosen = benchmark.suite
    screen.print(f"{chosen.title} (suite {chosen.name})")
    if chosen.note:
        screen.print(f"Note: {chosen.note.strip()}")
    warn(console(stderr=as_json or quiet), benchmark.warnings)
    with screen.status("Looking at what is there, and how long the rest will take ..."):
        states = benchmark.states()
        expected = benchmark.forecast(resume=resume.value, device=here, states=states)
    screen.print(plan_table(benchmark.jobs, states, expected))
    again = "the same command goes on from here"
    if resume is Resume.overwrite:
        again += " once --resume overwrite is left out"
    with told_when_stopped(f"What was finished is stored; {again}."):
        with ProgressView(screen, forecast=expected) as view:
            outcome = benchmark.run(
                resume=resume.value,
                listen=view,
                workers=workers,
                scheduler=scheduler,
                studies=studies,
                device=device,
                deterministic=deterministic,
            )
        page = benchmark.report(forms=drawn).page if outcome.done else None
        if page is not None:
            screen.print(results_table(benchmark.stored()))
    if outcome.trained == 0:
        screen.print(
            "Nothing was trained: no run was missing."
            if not (outcome.missing or outcome.failed or outcome.lost)
            else "Nothing was trained."
        )
    unfinished = _unfinished(outcome)
    if unfinished:
        console(stderr=as_json or quiet).print(
            f"{counted(outcome.done, 'run')} stored, {unfinished}; "
            "srgnn-bench status says why, with the same suite, data, results and settings.",
        )
    if as_json:
        print_json(_result(benchmark, outcome, page))
    elif page is not None:
        console().print(str(page) if quiet else f"Report: {page}")
    if unfinished:
        raise typer.Exit(NOT_ALL_DONE)


def _unfinished(outcome: Outcome) -> str:
    """How many runs are not done, and why; empty where all are."""
    if not (outcome.failed or outcome.lost or outcome.missing):
        return ""
    lost = f"{outcome.lost} lost by the machines, " if outcome.lost else ""
    return f"{outcome.failed} failed, {lost}{outcome.missing} missing"


def _result(benchmark: Benchmark, outcome: Outcome, page: Path | None) -> dict[str, Any]:
    """What ``--json`` prints: the outcome, a row per dataset and entry, and where the page is."""
    rows = benchmark.summary().reset_index().to_dict("records") if outcome.done else []
    return {
        "suite": benchmark.suite.name,
        **dataclasses.asdict(outcome),
        "results": rows,
        "page": None if page is None else str(page),
    }

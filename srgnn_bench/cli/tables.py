"""A benchmark's plan and results as tables on a terminal."""

from __future__ import annotations

from rich.table import Table

from srgnn_bench.cli.screen import table_of
from srgnn_bench.evaluation.metrics import metric_title
from srgnn_bench.execution.forecast import Forecast
from srgnn_bench.execution.plan import Job, JobState
from srgnn_bench.listeners.progress import hours
from srgnn_bench.report.captions import suffix
from srgnn_bench.report.frames import Frames
from srgnn_bench.report.results import SuiteResults, distinct


def plan_table(jobs: list[Job], states: list[JobState], expected: Forecast | None = None) -> Table:
    """What will be run, how much of it is done already, and how long the rest will take."""
    headings = ["dataset", "model", "trials and finalists done", "runs done", "failed or lost"]
    whole = None if expected is None or not expected.units else expected.left
    table = table_of(headings + ["time left"] * (expected is not None), title="Plan")
    if whole is not None:
        table.caption = f"About {hours(whole)} in all on this machine, by one process."
        table.caption_justify = "left"
    titles = distinct({job.candidate.entry.name: job.candidate.title for job in jobs})
    for number, (job, state) in enumerate(zip(jobs, states, strict=True)):
        ended = [f"{state.runs.count(each)} {each}" for each in ("failed", "lost")]
        table.add_row(
            job.dataset.name,
            titles[job.candidate.entry.name],
            f"{state.trials_done} of {state.trials}",
            f"{state.runs.count('done')} of {len(state.runs)}",
            ", ".join(each for each in ended if not each.startswith("0 ")),
            *([] if expected is None else [_time_left(expected.parts[number].left)]),
        )
    return table


def _time_left(seconds: float | None) -> str:
    if seconds is None:
        return "not known"
    return hours(seconds) if seconds else ""


def results_table(results: SuiteResults) -> Table:
    """The suite's metrics of every finished entry, mean and standard deviation over seeds."""
    frame = Frames(results).metrics.set_index(["dataset", "entry", "metric"])
    title = f"{results.title}: test sessions, percent{suffix(results)}"
    titles = [metric_title(metric) for metric in results.metrics]
    table = table_of(["dataset", "model", *titles, "seeds"], title=title)
    for dataset in results.datasets:
        for entry in results.present(dataset):
            cells = [frame.loc[(dataset, entry, metric)] for metric in results.metrics]
            values = [
                f"{100 * cell['mean']:.2f}"
                + (f" ± {100 * cell['std']:.2f}" if cell["std"] == cell["std"] else "")
                for cell in cells
            ]
            table.add_row(
                results.dataset_titles[dataset],
                results.entry_titles[entry],
                *values,
                f"{cells[0]['seeds']} of {cells[0]['expected']}",
            )
    return table

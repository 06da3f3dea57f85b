"""Writes the numbers of the documents from the stored tables, when the documentation is built.

A page says ``{{ gain("standard", "diginetica", "stan", "recall@20") }}`` where a number stands.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2
import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # the build needs the checkout, and no installation of it

from srgnn_bench.evaluation.metrics import Metric, metric_title  # noqa: E402
from srgnn_bench.evaluation.statistics import by_session, estimate  # noqa: E402
from srgnn_bench.report.frames.slices import slices_of  # noqa: E402
from srgnn_bench.report.printed import read_published  # noqa: E402
from srgnn_bench.report.results import SuiteResults, load_suite  # noqa: E402
from srgnn_bench.specs import registry  # noqa: E402
from srgnn_bench.store.keys import short  # noqa: E402
from srgnn_bench.store.store import ResultStore  # noqa: E402

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

REFERENCE = ROOT / "results" / "reference"
SPEEDS = ROOT / "benchmarks" / "results"
RECALL, MRR = "recall@20", "mrr@20"


@cache
def table(suite: str, name: str) -> pd.DataFrame:
    """A stored table of a suite, by data set, entry, metric and, where it has them, slice."""
    frame = pd.read_csv(REFERENCE / "report" / suite / f"{name}.csv")
    keys = [key for key in ("dataset", "entry", "metric", "slice") if key in frame]
    return frame.set_index(keys).sort_index()


@cache
def results_of(suite: str) -> SuiteResults:
    """All that is stored of a suite."""
    return load_suite(ResultStore(REFERENCE), suite=suite)


def value(suite: str, dataset: str, entry: str, metric: str, of: str | None = None) -> str:
    """A metric in percent; ``of`` is a slice by repetition, such as ``"new"``."""
    if of is None:
        mean = table(suite, "table").loc[(dataset, entry, metric), "mean"]
    else:
        mean = table(suite, f"repetition-{dataset}").loc[(dataset, entry, metric, of), "mean"]
    return f"{100 * mean:.2f}"


def pair(suite: str, dataset: str, entry: str, of: str | None = None) -> str:
    """Recall@20 / MRR@20 in percent."""
    return " / ".join(value(suite, dataset, entry, metric, of) for metric in (RECALL, MRR))


def printed(paper: str, dataset: str, model: str) -> str:
    """What a paper prints for a model, Recall@20 / MRR@20 in percent; ``–`` where not known."""
    numbers = read_published()[paper].numbers[dataset][model]
    known = {metric: f"{value:.2f}" for metric, value in numbers.items()}
    return " / ".join(known.get(metric, "–") for metric in (RECALL, MRR))


def reproduced(suite: str, *papers: str) -> str:
    """What papers print and a suite of their protocol gives, Recall@20 / MRR@20 in percent.

    A row per data set and entry that is stored; the first of the papers that has it is quoted.
    """
    stored = table(suite, "table").dropna(subset="mean")["seeds"]
    results = results_of(suite)
    lines = [
        "| | data set | printed | here | seeds |",
        "| --- | --- | ---: | ---: | ---: |",
    ]
    for dataset, name in results.dataset_titles.items():
        for entry, title in results.entry_titles.items():
            if (dataset, entry, RECALL) not in stored.index:
                continue
            known = (
                printed(paper, dataset, entry)
                for paper in papers
                if entry in read_published()[paper].numbers.get(dataset, {})
            )
            cells = [
                title,
                name,
                next(known, "–"),
                pair(suite, dataset, entry),
                str(stored[dataset, entry, RECALL]),
            ]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def lead(
    suite: str, dataset: str, entry: str, metric: str, of: str | None = None, sign: int = 1
) -> str:
    """What the suite's subject has more than an entry, in points, with its 95% interval."""
    if of is None:
        row = table(suite, f"differences-{dataset}").loc[(dataset, entry, metric)]
    else:
        row = table(suite, f"repetition-{dataset}").loc[(dataset, entry, metric, of)]
    return points(row["difference"], row["low"], row["high"], sign=sign)


def gain(suite: str, dataset: str, entry: str, metric: str, of: str | None = None) -> str:
    """What an entry has more than the suite's subject; as ``lead``."""
    return lead(suite, dataset, entry, metric, of, sign=-1)


def across(
    dataset: str,
    first: tuple[str, str],
    second: tuple[str, str],
    metric: str,
    of: str | None = None,
) -> str:
    """What an entry has more than another, each given as (suite, entry).

    ``of`` is a slice of any kind, such as ``"new"`` or ``"11+"``.
    """
    loaded = [results_of(suite) for suite, _ in (first, second)]
    prefixes = loaded[0].prefixes(dataset)
    inside = slice(None)
    if of is not None:
        inside = {part.label: part.mask for part in slices_of(prefixes)}[of]
    totals = [
        by_session(
            Metric.named(metric).scores(results.ranks(dataset, entry=entry)[:, inside]),
            sessions=prefixes["session"].to_numpy()[inside],
            chance=results.has_chance(dataset, entry),
        )
        for results, (_, entry) in zip(loaded, (first, second), strict=True)
    ]
    found = estimate(*totals)
    return points(found.value, *found.interval)


def points(difference: float, low: float, high: float, *, sign: int = 1) -> str:
    """A difference in points with its interval, such as ``+0.60 (+0.30 to +0.89)``."""
    ends = sorted((sign * low, sign * high))
    mean, *ends = (f"{100 * end + 0.0:+.2f}" for end in (sign * difference, *ends))
    return f"{mean} ({' to '.join(ends)})".replace("-", "−")


def minutes(suite: str, dataset: str, entry: str, column: str = "train_seconds") -> str:
    """A time of the table of costs, in whole minutes."""
    return f"{table(suite, 'cost').loc[(dataset, entry), column] / 60:.0f}"


def headline(suite: str, *datasets: str) -> str:
    """Every entry on every data set, Recall@20 / MRR@20 in percent, the best in bold.

    Where an entry has not run there is a ``–``.
    """
    results = results_of(suite)
    names = datasets or tuple(results.datasets)
    frame = table(suite, "table")["mean"].dropna()
    best = {
        (dataset, metric): frame.xs((dataset, metric), level=("dataset", "metric")).max()
        for dataset in names
        for metric in (RECALL, MRR)
    }
    lines = [
        f"| | {' | '.join(results.dataset_titles[name] for name in names)} |",
        f"| --- |{' ---: |' * len(names)}",
    ]
    for entry, title in results.entry_titles.items():
        cells = []
        for dataset in names:
            if (dataset, entry, RECALL) not in frame.index:
                cells.append("–")
                continue
            shown = []
            for metric in (RECALL, MRR):
                mean = frame.loc[(dataset, entry, metric)]
                text = f"{100 * mean:.2f}"
                shown.append(f"**{text}**" if mean == best[dataset, metric] else text)
            cells.append(" / ".join(shown))
        lines.append(f"| {title} | {' | '.join(cells)} |")
    return "\n".join(lines)


def missing(*suites: str) -> str:
    """What shipped suites name and no stored run is of: a line per data set."""
    lines = []
    for suite in suites:
        stored = set(table(suite, "table")["mean"].dropna().index.droplevel("metric"))
        spec = registry.suite(suite)
        for dataset in spec.datasets:
            titles = [
                entry.title or registry.model(entry.model).title
                for entry in spec.models
                if (dataset, entry.name) not in stored
            ]
            if titles:
                lines.append(f"- {registry.dataset(dataset).title}: {', '.join(titles)}")
    return "\n".join(lines)


def edges(*suites: str) -> str:
    """The winners at an end of their search space, and what lies beyond it.

    Both as validation MRR@20 in percent, and the value that has it. Where nothing was tried yet
    there is a ``–``.
    """
    beyond = {
        (row.study, row.parameter): at(row.validation_beyond, row.beyond)
        for row in pd.read_csv(SPEEDS / "edges.csv").itertuples()
    }
    lines = [
        "| data set | model | parameter | winner | beyond |",
        "| --- | --- | --- | ---: | ---: |",
    ]
    for suite in suites:
        results = results_of(suite)
        for dataset, entry, record in results.tuned_places:
            tuning = results.tuning(record)
            if tuning is None or tuning.best is None or tuning.best.value is None:
                continue
            for parameter in tuning.edges:
                cells = [
                    results.dataset_titles[dataset],
                    results.entry_titles[entry],
                    f"`{parameter}`",
                    at(100 * tuning.best.value, tuning.best.parameters[parameter]),
                    beyond.get((short(tuning.study), parameter), "–"),
                ]
                lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def at(percent: float, value: float) -> str:
    """A validation value and the value of the parameter that has it: ``31.80 at 3``."""
    return f"{percent:.2f} at {plain(value)}"


def plain(number: float) -> str:
    """A value of a search space with three digits, or all before the point."""
    return f"{number:,.0f}" if number >= 1000 else f"{number:.3g}"


def variants(dataset: str, *suites: str) -> str:
    """The entries of ablations, each with what it has more than the first of its suite."""
    lines = [
        "| | seeds | Recall@20 / MRR@20 | Recall@20, difference | MRR@20, difference |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for suite in suites:
        results = results_of(suite)
        for entry, title in results.entry_titles.items():
            differences = [
                "" if entry == results.subject else gain(suite, dataset, entry, metric)
                for metric in (RECALL, MRR)
            ]
            seeds = table(suite, "table").loc[(dataset, entry, RECALL), "seeds"]
            cells = [title, str(seeds), pair(suite, dataset, entry), *differences]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def repeats(*rows: tuple[str, str, str, str]) -> str:
    """Rows of (title, suite, data set, entry): by what the target repeats."""
    slices = ("last click", "earlier click", "new")
    lines = [f"| | {' | '.join(slices)} |", "| --- | ---: | ---: | ---: |"]
    for title, suite, dataset, entry in rows:
        cells = (pair(suite, dataset, entry, of) for of in slices)
        lines.append(f"| {title} | {' | '.join(cells)} |")
    return "\n".join(lines)


def models(family: str) -> str:
    """The shipped models of a family, as their files describe them, with their measured speeds."""
    measured = pd.read_csv(SPEEDS / "models.csv").set_index(["part", "contender"])["median"]
    lines = [
        "| model | paper | year | known for | training, prefixes/s | ranking, prefixes/s |",
        "| --- | --- | ---: | --- | ---: | ---: |",
    ]
    for spec in map(registry.model, registry.names("model")):
        if spec.family != family:
            continue
        year = re.search(r"\b(19|20)\d\d\b", spec.citation)
        assert year is not None, spec.name
        speeds = [measured.get((part, spec.title)) for part in ("training", "ranking")]
        cells = [
            f"{spec.title}<br>`{spec.name}`",
            spec.citation,
            year[0],
            spec.known_for or "",
            *("" if speed is None else f"{speed:,.0f}" for speed in speeds),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def machine(part: str) -> str:
    """Where and when a part of the benchmarks was measured, in words."""
    facts = json.loads((SPEEDS / f"{part}.json").read_text(encoding="utf-8"))
    day = date.fromisoformat(facts["date"][:10])
    processor = facts["processor"].replace("(R)", "")
    return f"{facts['cores']} cores of an {processor}, {day.day} {day:%B %Y}"


def precisions() -> str:
    """What half precision does to the quality of models, and the interval of the difference."""
    measured = pd.read_csv(SPEEDS / "precision.csv")
    lines = [
        "| model | metric | float32 | bfloat16 | difference |",
        "| --- | --- | ---: | ---: | ---: |",
    ]
    for row in measured.itertuples():
        lines.append(
            f"| {row.model} | {metric_title(row.metric)} | {row.float32:.2f} | {row.bfloat16:.2f} "
            f"| {row.difference:+.3f} [{row.low:+.3f}, {row.high:+.3f}] |"
        )
    return "\n".join(lines)


def findings() -> str:
    """The table of results and what it says."""
    return render((ROOT / "docs" / "findings.md").read_text(encoding="utf-8")).strip("\n")


FUNCTIONS: tuple[Callable[..., str], ...] = (
    value,
    pair,
    printed,
    reproduced,
    lead,
    gain,
    across,
    minutes,
    headline,
    missing,
    edges,
    variants,
    repeats,
    models,
    machine,
    precisions,
    findings,
)


def render(markdown: str) -> str:
    """A page with its numbers.

    Raises:
        KeyError: it names what no stored table has.
    """
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)
    environment.globals.update({function.__name__: function for function in FUNCTIONS})
    return environment.from_string(markdown).render()


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Called by mkdocs once: the figures of the results are the stored ones, by suite."""
    from mkdocs.structure.files import File

    for figure in sorted((REFERENCE / "report").glob("*/*.svg")):
        name = f"results/{figure.parent.name}/{figure.name}"
        files.append(File.generated(config, name, abs_src_path=str(figure)))
    return files


def on_page_markdown(markdown: str, **_: object) -> str:
    """Called by mkdocs for each page."""
    return render(markdown) if "{{ " in markdown else markdown

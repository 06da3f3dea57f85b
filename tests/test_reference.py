"""The committed reference results rebuild every table and figure that is shown of them."""

from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import pytest

from srgnn_bench import registry
from srgnn_bench.evaluation.metrics import Metric
from srgnn_bench.evaluation.statistics import by_session, estimate
from srgnn_bench.report import build_report
from srgnn_bench.report.results import load_suite
from srgnn_bench.report.runs import summary_frame
from srgnn_bench.report.tables.published import read_published
from srgnn_bench.store.store import ResultStore
from srgnn_bench.store.verify import verify

CHECKOUT = Path(__file__).parent.parent
REFERENCE = CHECKOUT / "results" / "reference"
SUITES = ResultStore(REFERENCE).suites()
DRAWN_WITH = CHECKOUT / "constraints" / "python3.11.txt"


def pinned(package: str) -> str:
    (found,) = re.findall(rf"^{package}==(\S+)$", DRAWN_WITH.read_text(), flags=re.MULTILINE)
    return str(found)


def other_versions() -> list[str]:
    packages = ("matplotlib", "numpy", "pandas", "scipy")
    return [name for name in packages if version(name) != pinned(name)]


@pytest.mark.skipif(bool(other_versions()), reason="drawn with the versions of Python 3.11")
@pytest.mark.parametrize("suite", SUITES)
def test_what_is_kept_of_a_report_is_rebuilt_byte_for_byte(suite: str, tmp_path: Path) -> None:
    build_report(ResultStore(REFERENCE), suite=suite, out=tmp_path, forms=["svg"])
    committed = REFERENCE / "report" / suite
    kept = {path.name for path in committed.iterdir()}
    assert kept >= {path.name for path in tmp_path.glob("*.csv")} | {"table.md"}
    differing = [
        name
        for name in sorted(kept)
        if not (tmp_path / name).is_file()
        or (committed / name).read_bytes() != (tmp_path / name).read_bytes()
    ]
    assert not differing


def test_reference_results_are_there_and_small() -> None:
    assert SUITES
    kept = [REFERENCE / part for part in ("runs", "prefixes", "suites", "studies", "report")]
    files = [path for folder in kept for path in folder.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 24_000_000


def test_reference_results_are_what_was_written() -> None:
    found = list(verify(ResultStore(REFERENCE)))
    assert found
    assert [error for _, error in found if error is not None] == []


def stored(suite: str) -> dict[tuple[str, str], str]:
    """Recall@20 / MRR@20 as documentation prints them, by titles of model and dataset."""
    results = load_suite(ResultStore(REFERENCE), suite=suite)
    return {
        (row["title"], results.dataset_titles[dataset]): pair(row["recall@20"], row["mrr@20"])
        for (dataset, _), row in summary_frame(results).iterrows()
    }


def pair(recall: float, mrr: float) -> str:
    return f"{100 * recall:.2f} / {100 * mrr:.2f}"


def cells(row: str) -> list[str]:
    return [cell.strip().replace("**", "") for cell in row.strip("|").split("|")]


@pytest.mark.parametrize("page", ["README.md", "docs/results.md"])
def test_the_table_of_a_page_is_what_is_stored(page: str) -> None:
    text = (CHECKOUT / page).read_text()
    (table,) = re.findall(r"^\| \| (Yoochoose.*?)\n\n", text, flags=re.MULTILINE | re.DOTALL)
    header, _, *rows = table.splitlines()
    datasets = cells(header)
    printed = {}
    for title, *numbers in map(cells, rows):
        pairs = zip(datasets, numbers, strict=True)
        printed |= {(title, dataset): number for dataset, number in pairs if number}
    assert printed == stored("standard")


def test_the_tables_of_ablations_are_what_is_stored() -> None:
    text = (CHECKOUT / "docs" / "results.md").read_text()
    tables = re.findall(r"^\| ([^|]+) \| seeds \|.*\n.*\n((?:\|.*\n)+)", text, flags=re.MULTILINE)
    printed = {dataset: [cells(row) for row in rows.splitlines()] for dataset, rows in tables}
    wanted: dict[str, list[list[str]]] = {}
    for suite in ("ablation-steps", "ablation-connections", "ablation-readouts"):
        results = load_suite(ResultStore(REFERENCE), suite=suite)
        # The reports' own tables, which are rebuilt byte for byte above.
        tables_of_differences = (REFERENCE / "report" / suite).glob("differences-*.csv")
        rows = pd.concat([pd.read_csv(table) for table in tables_of_differences])
        less = rows.set_index(["dataset", "entry", "metric"]).sort_index()
        for (dataset, entry), row in summary_frame(results).iterrows():
            compared = (dataset, entry) in less.index
            wanted.setdefault(results.dataset_titles[dataset], []).append(
                [
                    row["title"],
                    str(row["seeds"]),
                    pair(row["recall@20"], row["mrr@20"]),
                    *(
                        difference(less.loc[(dataset, entry, metric)]) if compared else ""
                        for metric in ("recall@20", "mrr@20")
                    ),
                ]
            )
    assert printed == wanted


def difference(less: pd.Series) -> str:
    """What an entry has more than the subject, in points; the row says what it has less."""
    mean, low, high = (
        f"{-100 * less[name]:+.2f}".replace("-", "−") for name in ("difference", "high", "low")
    )
    return f"{mean} ({low} to {high})"


def test_what_came_of_the_papers_protocol_is_what_is_stored() -> None:
    text = (CHECKOUT / "docs" / "reproduce-the-paper.md").read_text()
    numbers = stored("published-tmall") | stored("published-graphs") | stored("published")
    here = re.findall(r"^\| (\S+), here \|(.*)\|$", text, flags=re.MULTILINE)
    assert len(here) == 3
    for model, row in here:
        yoochoose_recall, yoochoose_mrr, *diginetica = cells(row)
        assert f"{yoochoose_recall} / {yoochoose_mrr}" == numbers[model, "Yoochoose 1/64"]
        assert " / ".join(diginetica) == numbers[model, "Diginetica"]
    (table,) = re.findall(r"^\| \| data set \|.*?\n\n", text, flags=re.MULTILINE | re.DOTALL)
    printed = {
        (model, dataset): pair(row["recall@20"] / 100, row["mrr@20"] / 100)
        for paper in read_published().values()
        for dataset, models in paper.numbers.items()
        for model, row in models.items()
    }
    names = {registry.dataset(name).title: name for name in registry.names("dataset")}
    models = {registry.model(name).title: name for name in registry.names("model")}
    later = table.splitlines()[2:-1]
    assert len(later) == 4
    for model, dataset, quoted, ours in map(cells, later):
        assert ours == numbers[model, dataset]
        assert quoted == printed.get((models[model], names[dataset]), "")


def test_the_table_of_repeats_is_what_is_stored() -> None:
    text = (CHECKOUT / "docs" / "results.md").read_text()
    (table,) = re.findall(r"^\| \| last click \|.*\n.*\n((?:\|.*\n)+)", text, flags=re.MULTILINE)
    variants = {
        "no graph": ("ablation-steps", "steps-0"),
        "no edges": ("ablation-connections", "none"),
        "session graph": ("ablation-connections", "session"),
    }
    rows = [cells(row) for row in table.splitlines()]
    assert len(rows) == 2 * len(variants)
    names = {registry.dataset(name).title: name for name in registry.names("dataset")}
    for title, *printed in rows:
        dataset, variant = title.split(", ")
        suite, entry = variants[variant]
        stored_table = REFERENCE / "report" / suite / f"repetition-{names[dataset]}.csv"
        frame = pd.read_csv(stored_table)
        by_slice = frame[frame["entry"] == entry].pivot(
            index="slice", columns="metric", values="mean"
        )
        wanted = by_slice.loc[["last click", "earlier click", "new"]]
        assert printed == [pair(row["recall@20"], row["mrr@20"]) for _, row in wanted.iterrows()]


HONEST = ("standard", "ablation-steps", "ablation-connections", "ablation-readouts")

ACROSS = (
    ("diginetica", ("ablation-connections", "none"), ("ablation-steps", "steps-0")),
    ("diginetica", ("ablation-steps", "steps-2"), ("ablation-steps", "steps-1")),
    ("diginetica", ("ablation-steps", "steps-2"), ("standard", "narm")),
    ("diginetica", ("ablation-connections", "full"), ("ablation-steps", "steps-2")),
    ("yoochoose1_64", ("ablation-steps", "steps-3"), ("ablation-steps", "steps-1")),
)
"""What the text compares beside what the reports do: data set, one entry, another."""


@pytest.mark.parametrize("page", ["README.md", "docs/results.md"])
def test_the_intervals_in_the_text_are_those_of_the_stored_ranks(page: str) -> None:
    lines = (CHECKOUT / page).read_text().splitlines()
    text = " ".join(line.strip() for line in lines if not line.startswith("|"))
    text = re.sub(r"Python 3\.\d+ to 3\.\d+", "", text)
    number = r"([+−]?\d+\.\d\d)"
    printed = re.findall(rf"(?<![\d.]){number} to {number}(?![\d.])", text)
    assert len(printed) > 5
    reports = [REFERENCE / "report" / suite for suite in HONEST]
    frames = [pd.read_csv(path) for report in reports for path in report.glob("*.csv")]
    columns = ["low", "high"]
    intervals = [frame[columns] for frame in frames if {"difference", *columns} <= {*frame}]
    intervals += [across(*pair) for pair in ACROSS]
    known = {
        (f"{sign * 100 * low:.2f}", f"{sign * 100 * high:.2f}")
        for first, last in pd.concat(intervals).itertuples(index=False)
        for sign, low, high in ((1, first, last), (-1, last, first))
    }
    plain = [tuple(end.lstrip("+").replace("−", "-") for end in ends) for ends in printed]
    assert [ends for ends in plain if ends not in known] == []


def across(dataset: str, first: tuple[str, str], second: tuple[str, str]) -> pd.DataFrame:
    """Ends of the intervals of both metrics, as the reports have them."""
    loaded = [load_suite(ResultStore(REFERENCE), suite=suite) for suite, _ in (first, second)]
    sessions = loaded[0].prefixes(dataset)["session"].to_numpy()
    ends = []
    for metric in map(Metric.named, loaded[0].metrics):
        totals = [
            by_session(metric.scores(r.ranks(dataset, entry=entry)), sessions=sessions)
            for r, (_, entry) in zip(loaded, (first, second), strict=True)
        ]
        ends.append(estimate(*totals).interval)
    return pd.DataFrame(ends, columns=["low", "high"])

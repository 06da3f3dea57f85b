"""The committed reference results rebuild every table and figure that is shown of them."""

from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path

import pytest

from srgnn_bench.report import build_report
from srgnn_bench.report.results import load_suite
from srgnn_bench.report.runs import summary_frame
from srgnn_bench.store.store import ResultStore

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
def test_the_report_is_rebuilt_byte_for_byte(suite: str, tmp_path: Path) -> None:
    # The page links the records relative to where it lies.
    (tmp_path / "runs").symlink_to(REFERENCE / "runs")
    (tmp_path / "suites").symlink_to(REFERENCE / "suites")
    (tmp_path / "studies").symlink_to(REFERENCE / "studies")
    built = tmp_path / "report" / suite
    build_report(ResultStore(tmp_path), suite=suite, out=built)
    committed = REFERENCE / "report" / suite
    names = sorted(path.name for path in committed.iterdir())
    assert names == sorted(path.name for path in built.iterdir())
    differing = [n for n in names if (committed / n).read_bytes() != (built / n).read_bytes()]
    assert not differing


def test_reference_results_are_there_and_small() -> None:
    assert SUITES
    files = [path for path in REFERENCE.rglob("*") if path.is_file() and "data" not in path.parts]
    assert sum(path.stat().st_size for path in files) < 60_000_000


@pytest.mark.parametrize("page", ["README.md", "docs/results.md"])
def test_the_table_of_a_page_is_what_is_stored(page: str) -> None:
    text = (CHECKOUT / page).read_text()
    (table,) = re.findall(r"^\| \| (Yoochoose.*?)\n\n", text, flags=re.MULTILINE | re.DOTALL)
    header, _, *rows = table.splitlines()
    datasets = [cell.strip() for cell in header.strip(" |").split("|")]
    results = load_suite(ResultStore(REFERENCE), suite="standard")
    stored = {
        (row.title, results.dataset_titles[dataset]): f"{100 * recall:.2f} / {100 * mrr:.2f}"
        for (dataset, _), row in summary_frame(results).iterrows()
        for recall, mrr in [(row["recall@20"], row["mrr@20"])]
    }
    printed = {}
    for row in rows:
        title, *cells = (cell.strip() for cell in row.strip("|").split("|"))
        pairs = zip(datasets, (cell.replace("**", "") for cell in cells), strict=True)
        printed |= {(title, dataset): cell for dataset, cell in pairs if cell}
    assert printed == stored

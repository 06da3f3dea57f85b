"""The committed reference results rebuild every table and figure that is shown of them."""

from __future__ import annotations

import importlib.util
import re
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import jinja2
import pytest

from srgnn_bench.evaluation.metrics import Metric
from srgnn_bench.report.results import load_suite
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


def script(name: str) -> ModuleType:
    """A script of the documents as a module."""
    spec = importlib.util.spec_from_file_location(name, CHECKOUT / "docs" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.skipif(bool(other_versions()), reason="drawn with the versions of Python 3.11")
@pytest.mark.parametrize("suite", SUITES)
def test_what_is_kept_of_a_report_is_rebuilt_byte_for_byte(suite: str, tmp_path: Path) -> None:
    made = tmp_path / suite
    script("stored_tables").write(suite, made)
    committed = REFERENCE / "report" / suite
    names = {path.name for path in made.iterdir()}
    assert {path.name for path in committed.iterdir()} == names
    differing = [
        name
        for name in sorted(names)
        if (committed / name).read_bytes() != (made / name).read_bytes()
    ]
    assert not differing, "run python docs/stored_tables.py"


def test_reference_results_are_there_and_small() -> None:
    assert SUITES
    kept = [REFERENCE / part for part in ("runs", "prefixes", "suites", "studies", "report")]
    files = [path for folder in kept for path in folder.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 24_000_000


def test_reference_results_are_what_was_written() -> None:
    found = list(verify(ResultStore(REFERENCE)))
    assert found
    assert [error for _, error in found if error is not None] == []


@pytest.fixture(scope="module")
def stored_numbers() -> ModuleType:
    return script("stored_numbers")


@pytest.mark.skipif(bool(other_versions()), reason="drawn with the versions of Python 3.11")
def test_the_picture_of_the_readme_is_that_of_the_stored_tables() -> None:
    kept = (CHECKOUT / "docs" / "first-picture.svg").read_text(encoding="utf-8")
    assert script("first_picture").draw() == kept, "run python docs/first_picture.py"


def test_every_number_of_the_results_comes_from_a_stored_table(stored_numbers: ModuleType) -> None:
    pages = [CHECKOUT / "docs" / "results.md", *(CHECKOUT / "docs" / "results").glob("*.md")]
    assert len(pages) > 4
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert not re.findall(r"(?<![\w.])[+−]?\d+\.\d\d(?!\d)", text), "a number is typed"
        assert "{{" not in stored_numbers.render(text)
    paper = (CHECKOUT / "docs" / "reproduce-the-paper.md").read_text(encoding="utf-8")
    assert "| SR-GNN | 70.57 / 30.94 | 50.73 / 17.59 |" in stored_numbers.render(paper)


def test_a_number_that_is_not_stored_stops_the_build(stored_numbers: ModuleType) -> None:
    for wrong in ('value("standard", "yoochoose1_64", "srgn", "recall@20")', "nothing()"):
        with pytest.raises((KeyError, jinja2.UndefinedError)):
            stored_numbers.render(f"{{{{ {wrong} }}}}")


def test_what_has_not_run_is_named(stored_numbers: ModuleType, monkeypatch) -> None:
    frame = stored_numbers.table("standard", "table").copy()
    frame.loc[("yoochoose1_64", "srgnn"), "mean"] = float("nan")
    monkeypatch.setattr(stored_numbers, "table", lambda *_: frame)
    [line] = [
        line
        for line in stored_numbers.missing("standard").splitlines()
        if line.startswith("- Yoochoose 1/64: ")
    ]
    named = line.removeprefix("- Yoochoose 1/64: ").split(", ")
    assert "SR-GNN" in named
    assert "STAMP" not in named
    assert "| SR-GNN | – |" in stored_numbers.headline("standard", "yoochoose1_64")


def test_a_gain_is_what_an_entry_has_more_than_the_subject(stored_numbers: ModuleType) -> None:
    results = load_suite(ResultStore(REFERENCE), suite="standard")
    recall = Metric.named("recall@20")
    stan, srgnn = (
        recall.scores(results.ranks("yoochoose1_64", entry=entry)).mean()
        for entry in ("stan", "srgnn")
    )
    where = ("standard", "yoochoose1_64", "stan", "recall@20")
    points = 100 * (srgnn - stan)
    assert points > 0
    assert stored_numbers.lead(*where).startswith(f"+{points:.2f} (+")
    assert stored_numbers.gain(*where).startswith(f"−{points:.2f} (−")
    same = stored_numbers.across(where[1], ("standard", "stan"), ("standard", "srgnn"), where[3])
    assert same == stored_numbers.gain(*where)

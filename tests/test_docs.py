"""The documents are followed word by word."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from srgnn_bench.cli import app
from srgnn_bench.specs import registry
from srgnn_bench.specs.model import TrainingSpec

CHECKOUT = Path(__file__).resolve().parent.parent


def blocks(document: str, language: str) -> list[str]:
    """The code blocks of a document in one language, in their order."""
    text = (CHECKOUT / "docs" / document).read_text()
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


def pages() -> list[Path]:
    """Every document that somebody reads as a page."""
    return [*(CHECKOUT / "docs").glob("*.md"), *(CHECKOUT / "docs" / "results").glob("*.md")]


def test_no_page_is_a_wall() -> None:
    long = {
        page.name: words for page in pages() if (words := len(page.read_text().split())) >= 1200
    }
    assert not long
    assert len((CHECKOUT / "README.md").read_text().split()) <= 900


def test_words_are_current() -> None:
    documents = [*pages(), *CHECKOUT.glob("*.md"), CHECKOUT / "docs" / "tutorial.py"]
    code = [*CHECKOUT.glob("srgnn_bench/**/*.py"), *CHECKOUT.glob("baselines/*.py")]
    for words, places in ((r"(?i)\bmend", [*documents, *code]), (r"(?i)\bnobody", documents)):
        found = [path for path in places if re.search(words, path.read_text(encoding="utf-8"))]
        assert not found, words


def test_the_changelog_keeps_its_headings_and_says_nothing_twice() -> None:
    text = (CHECKOUT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert set(re.findall(r"(?m)^### (.+)$", text)) <= {"Added", "Changed", "Fixed", "Removed"}
    sections = re.split(r"(?m)^## .+$", text)[1:]
    assert len(sections) > 1
    for section in sections:
        assert section.strip().startswith("### ")
    said = re.findall(r"(?ms)^- (.+?)(?=^- |^#|\Z)", text)
    assert len(said) == len({" ".join(each.split())[:30] for each in said})


def test_the_readme_links_to_what_is_there() -> None:
    """With anchors; the package's metadata has the same links as addresses."""
    links = re.findall(r"\]\(([^)]+)\)", (CHECKOUT / "README.md").read_text())
    inside = [link for link in links if not link.startswith("https://")]
    assert len(inside) > 15
    for link in inside:
        path, _, anchor = link.partition("#")
        target = CHECKOUT / path
        assert target.exists(), link
        if anchor:
            headings = re.findall(r"(?m)^#+ (.+)$", target.read_text())
            slugs = [re.sub(r"[^a-z0-9 -]", "", heading.lower()) for heading in headings]
            assert anchor in [slug.replace(" ", "-") for slug in slugs], link


def test_every_option_and_command_is_on_the_page() -> None:
    page = (CHECKOUT / "docs" / "command-line.md").read_text(encoding="utf-8")
    waiting: list[tuple[str, Any]] = [("", typer.main.get_command(app))]
    seen = 0
    while waiting:
        command, found = waiting.pop()
        inner = getattr(found, "commands", {})
        waiting += [(f"{command} {name}".strip(), each) for name, each in inner.items()]
        rows = re.findall(rf"(?m)^\| .*`{command}(?: [A-Z]+)?`.*$", page)
        assert rows or inner or not command, f"{command} is not on the page"
        told = "\n".join(rows) if command else page
        told += "".join(re.findall(rf"(?ms)^## Options of `{command}`$.*?^## ", page))
        for option in found.params:
            for name in [*option.opts, *option.secondary_opts]:
                if name.startswith("--") and name != "--help":
                    assert re.search(rf"{name}(?![\w-])", told), f"{command} {name}"
                    seen += 1
    assert seen > 50


def test_a_script_that_one_is_told_to_run_does_something() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in [*pages(), *CHECKOUT.glob("*.md")])
    scripts = set(re.findall(r"python (docs/\w+\.py)", text))
    assert scripts
    for script in scripts:
        assert 'if __name__ == "__main__":' in (CHECKOUT / script).read_text(), script


def test_adding_a_baseline_works_as_written(tmp_path: Path) -> None:
    model, contract = blocks("add-a-baseline.md", "python")
    (tmp_path / "my_models.py").write_text(model)
    (tmp_path / "test_last_item.py").write_text(contract)
    (tmp_path / "last_item.yaml").write_text(blocks("add-a-baseline.md", "yaml")[0])
    (command,) = blocks("add-a-baseline.md", "sh")
    words = command.split()
    assert words[:2] == ["python", "run_benchmark.py"]
    small = ["--trials", "1", "--seeds", "1", "--set", "training.epochs=1", "--forms", "none"]
    run = [str(CHECKOUT / "run_benchmark.py"), *words[2:], *small]
    for arguments in (run, ["-m", "pytest", "-q", "-p", "no:cacheprovider", "test_last_item.py"]):
        done = subprocess.run(
            [sys.executable, "-W", "ignore", *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT), "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "results" / "report" / "quick" / "table.md").is_file()


def test_every_training_setting_is_named() -> None:
    text = (CHECKOUT / "docs" / "add-a-baseline.md").read_text()
    (named,) = re.findall(r"Training settings are (.*?)What a suite fixes", text, flags=re.DOTALL)
    assert re.findall(r"`(\w+)`", named) == list(TrainingSpec.model_fields)


@pytest.mark.slow
def test_the_tutorial_runs_and_trains_nothing_twice(tmp_path: Path) -> None:
    for trained in ((6, 4), (0, 0)):
        done = subprocess.run(
            [sys.executable, "-W", "ignore", str(CHECKOUT / "docs" / "tutorial.py")],
            cwd=tmp_path,
            env={
                **os.environ,
                "PYTHONPATH": str(CHECKOUT),
                "OMP_NUM_THREADS": "1",
                "MPLBACKEND": "agg",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        outcomes = re.findall(r"trained=(\d+), failed=(\d+), missing=(\d+)", done.stdout)
        assert outcomes == [(str(number), "0", "0") for number in trained]
    assert (tmp_path / "tutorial" / "mrr.png").stat().st_size > 5_000
    assert (tmp_path / "tutorial" / "report" / "index.html").is_file()


def test_what_reproduces_the_paper_is_there() -> None:
    text = (CHECKOUT / "docs" / "reproduce-the-paper.md").read_text()
    for option, find in (
        ("suite", registry.suite),
        ("dataset", registry.dataset),
        ("model", registry.model),
    ):
        named = re.findall(rf"--{option} (\S+)", text)
        assert named
        for name in named:
            find(name)
    suites = {"published": registry.suite("published"), "standard": registry.suite("standard")}
    assert suites["published"].protocol.kind == "published"
    assert suites["published"].tuning is None
    assert suites["standard"].protocol.kind == "temporal"
    assert suites["standard"].tuning is not None
    assert suites["standard"].tuning.trials == 16
    [srgnn] = [entry for entry in suites["standard"].models if entry.name == "srgnn"]
    assert (suites["published"].seeds, suites["standard"].seeds_of(srgnn)) == (3, 5)


def test_the_reference_shows_every_module() -> None:
    pages = "".join(p.read_text() for p in (CHECKOUT / "docs" / "reference").glob("*.md"))
    shown = re.findall(r"^::: (\S+)$", pages, flags=re.MULTILINE)
    found = (CHECKOUT / "srgnn_bench").iterdir()
    parts = {path.stem for path in found if path.is_dir() or path.suffix == ".py"}
    parts = {part for part in parts if part[0] not in "_."} - {"baselines"}  # by its own name
    only_for_the_command_line = {"cli"}
    missing = (
        parts - only_for_the_command_line - {name.split(".")[1] for name in shown if "." in name}
    )
    assert not missing
    assert "baselines" in shown

"""A wheel installed outside the checkout finds its properties and baselines."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent

LOOK = """
import srgnn_bench
from srgnn_bench.specs import registry
from srgnn_bench.recbole_bridge.classes import model_class
print(srgnn_bench.__file__)
print(registry.properties_folder())
print(*registry.names("suite"))
for name in ("srgnn", "gru4rec", "popularity"):
    print(model_class(registry.model(name)).__module__)
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds nothing but the unpacked wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    build = ["build", "--wheel", "--no-isolation", "--outdir", str(folder), str(CHECKOUT)]
    subprocess.run([sys.executable, "-m", *build], check=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def python(site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "ignore", *arguments],
        cwd=site.parent,
        env={**os.environ, "PYTHONPATH": str(site), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_finds_its_properties_and_baselines(site: Path) -> None:
    done = python(site, "-c", LOOK)
    assert done.returncode == 0, done.stderr
    package, properties, suites, *modules = done.stdout.splitlines()
    assert package.startswith(str(site))
    assert properties.startswith(str(site))
    assert "quick" in suites.split()
    assert modules == [
        "srgnn_bench.models.srgnn",
        "srgnn_bench.baselines.gru4rec",
        "srgnn_bench.baselines.popularity",
    ]


def test_it_brings_the_stored_results_and_stays_small(site: Path) -> None:
    code = "from srgnn_bench.execution.reference import reference_folder as f; print(f())"
    done = python(site, "-c", code)
    assert done.returncode == 0, done.stderr
    folder = Path(done.stdout.strip())
    assert folder.is_relative_to(site)
    assert sorted(path.name for path in folder.iterdir()) == [
        "prefixes",
        "runs",
        "studies",
        "suites",
    ]
    [wheel] = site.parent.glob("*.whl")
    assert wheel.stat().st_size < 16_000_000


def test_it_holds_nothing_at_the_top_but_the_package(site: Path) -> None:
    tops = {path.name.split("-")[0] for path in site.iterdir()}
    assert tops == {"srgnn_bench"}


def test_the_command_works_there(site: Path) -> None:
    done = python(site, "-m", "srgnn_bench", "models")
    assert done.returncode == 0, done.stderr
    assert "SR-GNN" in done.stdout


def test_its_description_has_no_link_that_needs_a_checkout(site: Path) -> None:
    [metadata] = site.glob("*.dist-info/METADATA")
    links = re.findall(r"\]\(([^)]+)\)", metadata.read_text(encoding="utf-8"))
    assert len(links) > 15
    assert not [link for link in links if not link.startswith("https://")]

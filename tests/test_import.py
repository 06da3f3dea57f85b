"""What an import does to the process, and what a command imports."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import srgnn_bench

CHECKOUT = Path(__file__).parent.parent

SLOW = {"torch", "recbole", "matplotlib", "optuna", "distributed"}

PROCESS = """
import os, sys
import matplotlib, numpy, pandas, torch
matplotlib.use("svg")
torch.set_num_threads(3)

def process():
    return {
        "backend": matplotlib.get_backend(),
        "style": dict(matplotlib.rcParams),
        "anomaly detection": (torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()),
        "threads": torch.get_num_threads(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        # TensorBoard, which RecBole imports, brings absl's hook along: that cannot be avoided.
        "import hooks": [repr(hook) for hook in sys.meta_path if "absl" not in repr(hook)],
        "numpy": {name for name in dir(numpy) if name in ("float_", "bool8", "float", "int")},
        "environment": dict(os.environ),
        "shown errors": sys.excepthook,
        "arguments": list(sys.argv),
    }

before = process()
from srgnn_bench import Benchmark
import srgnn_bench.cli, srgnn_bench.report.build, srgnn_bench.report.page
import srgnn_bench.execution.workers.cluster, srgnn_bench.testing.models
from srgnn_bench.specs import registry
from srgnn_bench.recbole_bridge.classes import model_class
for name in registry.names("model"):
    model_class(registry.model(name))
assert "recbole.model.sequential_recommender.sine" in sys.modules
after = process()
changed = {name: (before[name], after[name]) for name in before if before[name] != after[name]}
assert not changed, changed
srgnn_bench.register()
assert process()["import hooks"] != before["import hooks"]
"""

IMPORTED = """
import sys
from srgnn_bench.cli import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    print("exit code", end.code, file=sys.stderr)
print("imported", *{name.split(".")[0] for name in sys.modules}, file=sys.stderr)
"""

WITHOUT_RECBOLE = """
import runpy, sys
from importlib.machinery import PathFinder

class Hiding(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.split(".")[0] == "recbole" else super().find_spec(name, path, target)

sys.meta_path[sys.meta_path.index(PathFinder)] = Hiding
"""


def python(code: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, *arguments],
        cwd=CHECKOUT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )


def imported_by(*arguments: str) -> tuple[set[str], str]:
    """Top-level modules that a command imports, and what it says to the error stream."""
    said, _, names = python(IMPORTED, *arguments).stderr.rpartition("imported")
    return set(names.split()), said


def test_an_import_changes_nothing_in_the_process() -> None:
    done = python(PROCESS, "an argument")
    assert done.returncode == 0, done.stderr


def test_a_baseline_alone_leaves_anomaly_detection_as_it_is() -> None:
    code = (
        "import torch; from srgnn_bench.baselines.gru4rec import FastGRU4Rec\n"
        "assert not torch.is_anomaly_enabled()"
    )
    assert python(code).returncode == 0


def test_the_package_shows_what_is_public_and_nothing_else() -> None:
    assert dir(srgnn_bench) == ["Benchmark", "__version__", "check", "register"]
    assert all(getattr(srgnn_bench, name) for name in dir(srgnn_bench))


def test_it_says_that_it_is_typed() -> None:
    assert (CHECKOUT / "srgnn_bench" / "py.typed").is_file()


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "--suite", "quik"),
        ("run", "--dataset", "diginetika"),
        ("run", "--model", "srgn"),
        ("status", "--suite", "quik"),
        ("run", "--set", "trainin.epochs=1"),
        ("report", "--suite", "quik", "--results", "no-such-folder"),
        ("check", "results/reference", "--dataset", "diginetika"),
    ],
)
def test_a_name_that_does_not_exist_is_refused_before_anything_slow_is_imported(
    arguments: tuple[str, ...],
) -> None:
    imported, said = imported_by(*arguments)
    assert "exit code 2" in said
    assert not SLOW & imported


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("run", "--help")])
def test_help_and_version_import_next_to_nothing(arguments: tuple[str, ...]) -> None:
    imported, said = imported_by(*arguments)
    assert "exit code 0" in said
    assert not (SLOW | {"numpy", "pandas"}) & imported


def test_the_version_is_that_of_the_installation() -> None:
    done = python("from srgnn_bench.cli import main; main(['--version'])")
    assert done.stdout == f"srgnn-bench {srgnn_bench.__version__}\n"


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("rep", ["report"]),
        ("run --suite ablation-s", ["ablation-steps"]),
        ("run --model nis", ["niser"]),
    ],
)
def test_a_shell_completes_commands_and_names(words: str, found: list[str]) -> None:
    done = python(
        "from srgnn_bench.cli import app; app(prog_name='srgnn-bench')",
        _SRGNN_BENCH_COMPLETE="complete_bash",
        COMP_WORDS=f"srgnn-bench {words}",
        COMP_CWORD=str(len(words.split())),
    )
    assert done.stdout.split() == found


@pytest.mark.parametrize(
    "call",
    [
        "import srgnn_bench",
        "from srgnn_bench import Benchmark",
        "sys.argv = ['x', '--help']; runpy.run_module('srgnn_bench', run_name='__main__')",
        "sys.argv = ['srgnn-bench', 'report']; from srgnn_bench.cli import main",
        "runpy.run_path('run_benchmark.py', run_name='__main__')",
    ],
)
def test_where_recbole_is_missing_one_line_says_how_to_get_it(call: str) -> None:
    done = python(WITHOUT_RECBOLE + call)
    assert done.returncode == 2
    [line] = done.stderr.splitlines()
    assert line.startswith("error: RecBole is not installed. Run: pip install recbole==1.2.")
    assert done.stdout == ""


def test_a_package_that_can_do_without_sees_an_import_error() -> None:
    call = "try:\n    import srgnn_bench\nexcept ImportError as error:\n    print('caught', error)"
    assert python(WITHOUT_RECBOLE + call).stdout.startswith("caught RecBole is not installed.")
    done = python(WITHOUT_RECBOLE + call + "\n1 / 0")
    assert "Traceback" in done.stderr
    assert "ZeroDivisionError" in done.stderr

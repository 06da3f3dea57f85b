"""The command as a user meets it: what it prints, and how it exits."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.table import Table
from tiny_world import TinyWorld

from srgnn_bench import cli
from srgnn_bench.plain_text import visible

EVIL = "[b]:smile: \x1b[31m \u202e \x9b \r\x07 end"
CHECKOUT = Path(__file__).resolve().parent.parent


def command(*arguments: str | Path, cwd: Path = CHECKOUT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "ignore", str(CHECKOUT / "run_benchmark.py"), *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "COLUMNS": "200", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def srgnn_bench(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "srgnn_bench", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "COLUMNS": "200", "PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=False,
    )


def options(world: TinyWorld) -> list[str | Path]:
    return ["--suite", world.suite, "--data-root", world.data_root, "--results", world.results]


def test_one_command_runs_stores_and_reports(tiny_world: TinyWorld) -> None:
    short = [*options(tiny_world), "--trials", "1", "--seeds", "1", "--set", "training.epochs=2"]
    first = command(*short)
    assert first.returncode == 0, first.stderr
    assert "tiny srgnn epoch 1/2: loss" in first.stdout
    assert "tiny popularity seed 0 stored" in first.stdout
    assert "MRR@20" in first.stdout
    report = tiny_world.results / "report" / "tinysuite"
    for suffix in ("md", "tex", "csv"):
        assert (report / f"table.{suffix}").is_file()
    for suffix in ("pdf", "svg", "png"):
        assert list(report.glob(f"*.{suffix}"))

    second = command(*short, "--forms", "none")
    assert second.returncode == 0, second.stderr
    assert "Nothing was trained: no run was missing." in second.stdout
    assert "epoch" not in second.stdout
    assert not list(report.glob("*.pdf")), "files of other drawings stayed beside the new page"

    status = srgnn_bench("status", *short, cwd=tiny_world.root)
    assert status.returncode == 0, status.stderr
    assert status.stdout.count("1 of 1") == 6  # trials and runs of three models

    tables = srgnn_bench("report", *options(tiny_world)[:2], *options(tiny_world)[4:],
                         "--out", tiny_world.root / "elsewhere", "--forms", "none",
                         cwd=tiny_world.root)  # fmt: skip
    assert tables.returncode == 0, tables.stderr
    assert (tiny_world.root / "elsewhere" / "table.md").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--suite", "quik"], "Did you mean 'quick'"),
        (["--model", "grru4rec"], "Did you mean 'gru4rec'"),
        (["--dataset", "tmal"], "Did you mean 'tmall'"),
        (["--suite", "standard", "--dataset", "tmall"], "SRGNN_BENCH_DATA_ROOT"),
        (["--set", "epochs"], "KEY=VALUE"),
        (["--set", "training.epoch=3"], "epochs"),
        (["--trials", "-1"], "--trials"),
        (["--seeds", "0"], "--seeds"),
        (["--resume", "perhaps"], "only-missing"),
        (["--nonsense"], "--nonsense"),
        (["--trials", "0"], "at least one tuning trial"),
        (["--forms", "svg,gif"], "some of pdf, svg and png"),
    ],
)
def test_a_users_mistake_gets_one_line_and_exit_code_2(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SRGNN_BENCH_DATA_ROOT", raising=False)
    done = command(*arguments, "--results", tmp_path / "results", cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr.replace("│", "")
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "results").exists()


def test_some_failed_runs_give_exit_code_1_and_a_report(
    tiny_world: TinyWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(CHECKOUT / "tests" / "execution" / "models"))
    broken = tiny_world.root / "broken.yaml"
    broken.write_text("title: Broken\nclass: broken_model:Broken\ncitation: tests\n")
    done = command(
        *options(tiny_world), "--model", broken, "--model", "popularity", "--trials", "1",
        "--trust", "--forms", "none",
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "FAILED" in done.stdout
    assert "wrong on purpose" in done.stdout
    assert "1 runs stored, 2 failed" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert "INCOMPLETE" in (tiny_world.results / "report/tinysuite/table.md").read_text()


def test_titles_are_text_and_missing_runs_give_exit_code_1(tiny_world: TinyWorld) -> None:
    text = tiny_world.suite.read_text().replace("Tiny suite", "My suite [/v2]")
    tiny_world.suite.write_text(text)
    model = tiny_world.root / "mine.yaml"
    model.write_text(
        "title: Pop [mine]\nclass: srgnn_bench.baselines.popularity:Popularity\ncitation: tests\n"
    )
    short = [*options(tiny_world), "--model", model, "--trials", "1", "--seeds", "1"]
    short += ["--forms", "none"]
    cached = command(*short, "--resume", "only-cache")
    assert cached.returncode == 1, cached.stderr
    assert "0 runs stored, 0 failed, 1 missing" in cached.stdout
    done = command(*short)
    assert done.returncode == 0, done.stderr
    assert "My suite [/v2]" in done.stdout
    assert done.stdout.count("Pop [mine]") == 2  # in the plan and in the results


def test_reporting_what_was_never_run_is_a_mistake(tmp_path: Path) -> None:
    done = srgnn_bench("report", "--suite", "quick", "--results", tmp_path, cwd=tmp_path)
    assert done.returncode == 2
    assert "Run it first" in done.stderr


def test_the_report_needs_neither_torch_nor_recbole() -> None:
    code = (
        "import sys, srgnn_bench.report, srgnn_bench.cli\n"
        "print({'torch', 'recbole'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"


def test_the_lists_and_the_doctor_speak(tmp_path: Path) -> None:
    datasets = srgnn_bench("datasets", cwd=tmp_path)
    assert datasets.returncode == 0
    assert "ml-100k" in datasets.stdout
    doctor = srgnn_bench("doctor", cwd=tmp_path)
    assert doctor.returncode == 0, doctor.stdout + doctor.stderr
    assert "broken" not in doctor.stdout
    for subject in ("torch", "recbole", "threads", "device", "dataset yoochoose1_64"):
        assert subject in doctor.stdout


def child(code: str, *, stdout: str | None = None, **environment: str) -> tuple[int, bytes]:
    """Exit code of a process that runs some code, and what it says of errors, or at all."""
    with Path(stdout or os.devnull).open("wb") as out:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code],
            cwd=CHECKOUT,
            env={**os.environ, "COLUMNS": "200", **environment},
            stdout=out if stdout else subprocess.PIPE,
            stderr=subprocess.PIPE,
            check=False,
        )
    return done.returncode, done.stderr + (done.stdout or b"")


MAIN = "import sys; from srgnn_bench.cli import main; main(['datasets', *sys.argv[1:]])"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_an_output_that_is_full_is_one_line() -> None:
    code, said = child(MAIN, stdout="/dev/full")
    assert code == 2
    assert said.startswith(b"error: Nothing more can be written (No space left on device).")
    assert said.count(b"\n") == 1


def test_memory_that_is_not_enough_is_one_line() -> None:
    fail = "import srgnn_bench.registry as r\ndef f(*a): raise MemoryError\nr.names = f\n" + MAIN
    code, said = child(fail)
    assert (code, said.count(b"\n")) == (2, 1)
    assert said.startswith(b"error: Memory is not enough")


def test_a_terminal_that_lacks_a_character_shows_a_substitute(tmp_path: Path) -> None:
    text = "title: G\u00f6teborg \u2615\ncitation: x\nlicence: x\nobtain: x\nsources:\n"
    text += "- {name: p, kind: table, files: l.csv, columns: {session: s, item: i, time: t}, "
    text += "time_format: seconds, ids: text}\nnote: \u2615\n"
    text += "preparation: {filters: [], split: {kind: newest_sessions, "
    text += "fraction: 0.5}}\n"
    (tmp_path / "shop.yaml").write_text(text, encoding="utf-8")
    rows = "".join(f"{s},\u00e9{i},{s}\n" for s in range(1, 5) for i in range(3))
    (tmp_path / "l.csv").write_text("s,i,t\n" + rows, encoding="utf-8")
    prepare = ["prepare", str(tmp_path / "shop.yaml"), "--data-root", str(tmp_path)]
    prepare += ["--results", str(tmp_path / "r")]
    code, said = child(
        f"import sys; sys.argv[1:] = {prepare!a}\n" + MAIN,
        LC_ALL="C",
        PYTHONUTF8="0",
        PYTHONCOERCECLOCALE="0",
        PYTHONIOENCODING="ascii:strict",
        PYTHONPATH=str(CHECKOUT),
    )
    assert code == 0, said.decode()
    assert b"?" in said
    [card] = (tmp_path / "r").rglob("card.md")
    assert "\u2615" in card.read_text(encoding="utf-8")


def test_nothing_that_is_printed_acts_on_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table(title=f"title {EVIL}")
    table.add_column(f"heading {EVIL}")
    table.add_row(f"cell {EVIL}")
    console = cli._console()
    console.print(f"line {EVIL}")
    console.print(table)
    cli._warn(console, [f"warning {EVIL}"])
    told = capsys.readouterr().out
    assert visible(told) == told
    assert "[b]:smile:" in told

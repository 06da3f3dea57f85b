"""The command as a user meets it: what it prints, and how it exits."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import optuna
import pytest
import typer
import yaml
from rich.console import Console
from rich.table import Table
from tiny_world import TinyWorld, make_tiny_world
from typer.testing import CliRunner, Result

from srgnn_bench import cli
from srgnn_bench.api import Benchmark
from srgnn_bench.cli import screen
from srgnn_bench.cli.words import stored_suites
from srgnn_bench.errors import StoreError
from srgnn_bench.events import EpochDone, RunDone, TrialDone, TrialStarted
from srgnn_bench.execution.forecast import Forecast, Part
from srgnn_bench.listeners.progress import ProgressView, time_left
from srgnn_bench.plain_text import visible
from srgnn_bench.store.store import ResultStore

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


def call(*arguments: str | Path) -> Result:
    """Call the command in this process, which is quicker."""
    return CliRunner(env={"COLUMNS": "200"}).invoke(cli.app, list(map(str, arguments)))


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
        (["--trials", "-1"], "'--trials'"),
        (["--trials", "x"], "'--trials'"),
        (["--seeds", "0"], "'--seeds'"),
        (["--workers", "1.5"], "'--workers'"),
        (["--resume", "perhaps"], "'perhaps' is not one of 'only-missing'"),
        (["--set", "seeds=x"], "seeds: Input should be a valid integer."),
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
    for words in ("Traceback", "Value error", "unable to parse"):
        assert words not in done.stderr
    assert not (tmp_path / "results").exists()


def every_command(whole: Any = None) -> Iterator[tuple[list[str], Any]]:
    """The words of every command and group, and what they stand for."""
    waiting: list[tuple[list[str], Any]] = [([], whole or typer.main.get_command(cli.app))]
    while waiting:
        words, found = waiting.pop()
        yield words, found
        inner = getattr(found, "commands", {})
        waiting += [([*words, name], each) for name, each in inner.items()]


def test_what_no_option_can_be_is_said_plainly() -> None:
    seen = 0
    for words, found in every_command():
        for option in found.params:
            for wrong in ("x", "-1", "1.5", ""):
                if option.opts[0] not in ("--trials", "--seeds", "--seed", "--workers", "--resume"):
                    continue
                done = call(*words, option.opts[0], wrong)
                assert done.exit_code == 2
                said = done.stderr.replace("│", "")
                named = rf"Invalid value for '{option.opts[0]}': '?{re.escape(wrong)}'? "
                assert re.search(named, said), said
                assert "Value error" not in said
                assert "unable to parse" not in said
                seen += 1
    assert seen > 20


def test_options_of_a_group_before_its_command_are_refused() -> None:
    seen = 0
    for words, found in every_command():
        for name in getattr(found, "commands", {}):
            for option in found.params:
                flag, takes = option.opts[0], getattr(option, "is_flag", False)
                if flag in ("--help", "--version") or "completion" in flag:
                    continue
                done = call(*words, flag, *([] if takes else ["x"]), name, "x")
                assert f"{flag} stands before '{name}'" in str(done.exception)
                seen += 1
    assert seen >= 4  # the data root and JSON of `datasets`, before two commands


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
    assert "1 run stored, 2 failed" in done.stdout
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


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> TinyWorld:
    """A world with results of one fitted model and one trained one."""
    world = make_tiny_world(tmp_path_factory.mktemp("stored"))
    Benchmark(
        str(world.suite),
        models=["stamp", "popularity"],
        trials=2,
        seeds=1,
        settings=["training.epochs=1"],
        data_root=world.data_root,
        results=world.results,
    ).run()
    return world


STORED = ["--trials", "2", "--seeds", "1", "--set", "training.epochs=1", "--forms", "none"]
STORED += ["--model", "stamp", "--model", "popularity"]


def test_what_is_stored_is_verified(stored: TinyWorld) -> None:
    done = call("status", "--verify", "--results", stored.results)
    assert done.exit_code == 0, done.output
    files = [p for p in stored.results.rglob("*") if p.name in ("record.json", "trials.ndjson")]
    files += [*stored.results.glob("prefixes/*/*.parquet"), *stored.results.glob("suites/*.json")]
    assert done.stdout == f"{len(files)} files checked in {stored.results}, 0 damaged.\n"


def test_status_names_the_other_suites_of_a_folder(stored: TinyWorld) -> None:
    own = call("status", *options(stored))
    assert "Stored there too" not in own.stdout
    other = call("status", "--suite", "quick", "--results", stored.results)
    assert other.exit_code == 0, other.output
    assert other.stdout.endswith(f"Stored there too, for --suite: {stored.suite.stem}.\n")


def test_a_folder_that_holds_nothing_is_not_called_sound(tmp_path: Path) -> None:
    done = call("status", "--verify", "--results", tmp_path / "misspelt")
    assert isinstance(done.exception, StoreError)
    assert "holds nothing" in str(done.exception)


def test_who_reads_makes_no_folder(tiny_world: TinyWorld) -> None:
    misspelt = tiny_world.root / "misspelt"
    before = sorted(tiny_world.root.rglob("*"))
    status = call("status", *options(tiny_world)[:4], "--results", misspelt)
    assert status.exit_code == 0, status.output
    assert status.stdout.count(" 0 of ") == 6  # trials and runs of three models
    for words in (
        ["report"],
        ["report", "--suite", tiny_world.suite],
        ["report", "--out", misspelt / "out"],
        ["status", "--verify"],
        ["studies", "export", "--out", misspelt / "studies.db"],
    ):
        done = call(*words, "--results", misspelt)
        assert isinstance(done.exception, StoreError), done.output
    assert call("check", misspelt).exit_code != 0
    assert call("report", "--compare", misspelt, misspelt).exit_code != 0
    assert sorted(tiny_world.root.rglob("*")) == before
    with pytest.raises(StoreError, match=r"misspelt holds no suite\."):
        stored_suites(None, [ResultStore(misspelt)])


@pytest.mark.parametrize(
    "pattern",
    [
        "runs/tiny/stamp/*/record.json",
        "runs/tiny/stamp/*/ranks.parquet",
        "runs/tiny/stamp/*/epochs.ndjson",
        "studies/tiny/stamp/*/trials.ndjson",
        "prefixes/tiny/*.parquet",
        "suites/tinysuite.json",
    ],
)
def test_a_damaged_file_is_named_in_one_line(stored: TinyWorld, pattern: str) -> None:
    [path] = stored.results.glob(pattern)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    try:
        done = call("status", "--verify", "--results", stored.results)
        as_json = call("status", "--verify", "--json", "--results", stored.results)
    finally:
        path.write_bytes(whole)
    assert done.exit_code == 1
    named = [line for line in done.stdout.splitlines() if str(path) in line]
    assert len(named) == 1
    assert named[0].startswith("damaged: ")
    assert done.stdout.endswith(", 1 damaged.\n")
    assert as_json.exit_code == 1
    value = json.loads(as_json.stdout)
    assert value["damaged"] == [named[0].removeprefix("damaged: ")]
    assert f"{value['checked']} files checked" in done.stdout


def test_exported_studies_are_optunas(stored: TinyWorld) -> None:
    out = stored.root / "new folder" / "studies.db"
    for _ in range(2):  # the second replaces the first
        done = call("studies", "export", "--results", stored.results, "--out", out)
        assert done.exit_code == 0, done.output
    *names, last = done.stdout.splitlines()
    assert last == f"Written: {out}"
    storage = f"sqlite:///{out}"
    assert sorted(optuna.get_all_study_names(storage)) == sorted(names)
    trials = {
        name: len(optuna.load_study(study_name=name, storage=storage).trials) for name in names
    }
    assert {name.split("/")[1]: count for name, count in trials.items()} == {
        "stamp": 2,
        "popularity": 1,
    }


def test_a_run_prints_one_json_value_or_one_path(stored: TinyWorld) -> None:
    again = [*options(stored), *STORED]
    page = stored.results / "report" / "tinysuite" / "index.html"
    done = call("run", *again, "--json")
    assert done.exit_code == 0, done.output
    value = json.loads(done.stdout)
    assert value["page"] == str(page)
    assert (value["suite"], value["done"], value["trained"]) == ("tinysuite", 2, 0)
    assert [row["entry"] for row in value["results"]] == ["stamp", "popularity"]
    assert 0 <= value["results"][0]["recall@20"] <= 1
    assert value["results"][0]["recall@20 sd"] is None  # of one seed; NaN is no JSON
    quiet = call("run", *again, "--quiet")
    assert quiet.stdout == f"{page}\n"
    drawn = call("report", *options(stored)[:2], "--results", stored.results, "--forms", "none")
    assert drawn.stdout == f"{page}\n"


def test_what_there_is_comes_as_json(stored: TinyWorld) -> None:
    status = json.loads(call("status", *options(stored), "--json").stdout)
    assert [job["entry"] for job in status["jobs"]][:1] == ["srgnn"]
    assert {"trials", "trials_done", "missing"} <= set(status["jobs"][0])
    models = json.loads(call("models", "--json").stdout)
    assert {"name": "popularity", "can run": "yes"}.items() <= {
        **next(model for model in models if model["name"] == "popularity")
    }.items()
    datasets = json.loads(call("datasets", "--json").stdout)
    assert next(row for row in datasets if row["name"] == "ml-100k")["source"] is not None


@pytest.mark.parametrize("width", ["40", "80"])
def test_no_name_is_cut(width: str, stored: TinyWorld) -> None:
    for words in (["models"], ["datasets"], ["status", *options(stored)]):
        done = CliRunner(env={"COLUMNS": width}).invoke(cli.app, list(map(str, words)))
        assert done.exit_code == 0, done.output
        assert "…" not in done.stdout
        if words == ["models"]:
            assert "gru4rec_original" in done.stdout


def test_progress_counts_in_whole_numbers_and_ends_full() -> None:
    out = io.StringIO()
    wide = Console(file=out, force_terminal=True, width=120, color_system=None)
    five = Forecast((Part("d", "m", {"trial": 5}, None),))
    with ProgressView(wide, forecast=five) as view:  # five are expected, and three come
        for number in range(3):
            view(TrialStarted("d", "m", number, 3, 2))
            view(EpochDone("d", "m", 1, 2, 0.5, 1.0, None))
            view(TrialDone("d", "m", number, 3, "complete", 0.5))
    drawn = out.getvalue()
    assert not re.findall(r"\d\.\d+/", drawn)
    assert "3/3" in drawn.rsplit("trials and runs", 1)[1]
    plain = io.StringIO()
    two = Forecast((Part("d", "m", {"trial": 2}, None),))
    with ProgressView(Console(file=plain, width=120), forecast=two) as view:
        view(TrialDone("d", "m", 0, 2, "complete", 0.5))
    assert "[1 of 2, 0:00:00, about 0:00:00 left]" in plain.getvalue()


def test_time_left_follows_the_forecast_and_then_what_happened() -> None:
    # Of 1,000 seconds 10 lie behind, which took 20: the forecast weighs as much as 100.
    assert time_left(1000, past=10, passed=20, trust=0.1) == pytest.approx(990 * 120 / 110)
    assert time_left(1000, past=900, passed=1800, trust=0.1) == pytest.approx(100 * 1900 / 1000)
    # In units, nothing is known before the first, and then what it took.
    assert time_left(4, past=0, passed=5, trust=0) == 20
    assert time_left(4, past=1, passed=5, trust=0) == 15


def test_the_bar_moves_by_the_time_that_each_part_takes() -> None:
    quick = Part("d", "quick", {"trial": 1, "run": 1}, {"trial": 10.0, "run": 90.0})
    slow = Part("d", "slow", {"run": 1}, {"run": 900.0})
    out = io.StringIO()
    wide = Console(file=out, force_terminal=True, width=140, color_system=None)
    with ProgressView(wide, forecast=Forecast((quick, slow))) as view:
        view(TrialDone("d", "quick", 0, 1, "complete", 0.5))
        view(RunDone("d", "quick", 0, 0.5, 0.5))
        last = view.share
        view(RunDone("d", "slow", 0, 0.5, 0.5))
    assert last == pytest.approx(0.1)
    assert view.share == 1
    assert "3/3" in out.getvalue()


def test_a_plan_tells_equal_titles_apart(tiny_world: TinyWorld) -> None:
    suite = yaml.safe_load(tiny_world.suite.read_text())
    pair = [{"model": "popularity", "name": name} for name in ("early", "late")]
    tiny_world.suite.write_text(yaml.safe_dump({**suite, "models": pair}))
    done = call("status", *options(tiny_world))
    assert done.exit_code == 0, done.output
    assert "Popularity (early)" in done.stdout
    assert "Popularity (late)" in done.stdout


def test_models_of_no_trials_are_run_and_reported(tiny_world: TinyWorld) -> None:
    models = ["--model", "stamp", "--model", "popularity"]
    short = ["--trials", "0", "--set", "protocol.kind=published", "--set", "training.epochs=1"]
    done = call("run", *options(tiny_world), *models, *short)
    assert done.exit_code == 0, done.output
    assert not list(tiny_world.results.glob("studies/*"))
    out = tiny_world.root / "again"
    results = ["--results", tiny_world.results]
    drawn = call("report", "--suite", tiny_world.suite, *results, "--out", out)
    assert drawn.exit_code == 0, drawn.output
    page = (out / "index.html").read_text(encoding="utf-8")
    assert "UNEQUAL" not in page
    for empty in ("nan", ">None<", "0 of 0"):
        assert empty not in page
    nothing = call("studies", "export", *results, "--out", out / "studies.db")
    assert "holds no study" in str(nothing.exception)


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


def test_ctrl_c_is_one_line_that_says_how_to_go_on(capfd: pytest.CaptureFixture[str]) -> None:
    def interrupted(**_: object) -> None:
        raise KeyboardInterrupt

    whole: Any = typer.main.get_command(cli.app)
    stopped = []
    for words, found in every_command(whole):
        if getattr(found, "commands", {}) and words != ["datasets"]:
            continue
        found.callback = interrupted
        needed = ["x" for each in found.params if each.required]
        needed = ["x", "--data-root", "x"] if words == ["datasets", "download"] else needed
        with pytest.raises(SystemExit) as ended:
            whole.main([*words, *needed])
        assert ended.value.code == 130
        out, err = capfd.readouterr()
        assert (out, err) == ("", "Stopped. To go on, give the same command again.\n")
        stopped.append(words)
    assert len(stopped) > 8


@pytest.mark.parametrize(
    ("moment", "how"),
    [
        ("states", "To go on, give the same command again."),
        ("run", "the same command goes on from here."),
        ("report", "the same command goes on from here."),
    ],
)
def test_a_run_that_is_stopped_at_any_moment_says_how_to_go_on(
    moment: str, how: str, stored: TinyWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Benchmark, moment, interrupted)
    done = call("run", *options(stored), *STORED)
    assert done.exit_code == 130
    assert re.fullmatch(r"Stopped\. .+\n", done.stderr)
    assert done.stderr.endswith(f"{how}\n")


def test_an_interrupt_from_the_keyboard_is_one_line() -> None:
    interrupt = (
        "import os, signal, time\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "import srgnn_bench.specs.registry as r\n"
        "def f(*a): os.kill(os.getpid(), signal.SIGINT); time.sleep(60)\nr.names = f\n"
    )
    code, said = child(interrupt + MAIN)
    assert (code, said.count(b"\n")) == (130, 1)
    assert said.startswith(b"Stopped. ")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_an_output_that_is_full_is_one_line() -> None:
    code, said = child(MAIN, stdout="/dev/full")
    assert code == 2
    assert said.startswith(b"error: Nothing more can be written (No space left on device).")
    assert said.count(b"\n") == 1


def test_memory_that_is_not_enough_is_one_line() -> None:
    fail = (
        "import srgnn_bench.specs.registry as r\ndef f(*a): raise MemoryError\nr.names = f\n" + MAIN
    )
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
    console = screen.console()
    console.print(f"line {EVIL}")
    console.print(table)
    screen.warn(console, [f"warning {EVIL}"])
    told = capsys.readouterr().out
    assert visible(told) == told
    assert "[b]:smile:" in told

"""The Python API: what the command line does, with results as frames."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml
from tiny_world import TinyWorld, make_tiny_world
from typer.testing import CliRunner

from srgnn_bench import Benchmark
from srgnn_bench.cli import app
from srgnn_bench.errors import BenchError, SpecError, StoreError
from srgnn_bench.events import Event, RunDone
from srgnn_bench.execution.coordinator import Outcome
from srgnn_bench.specs.model import ModelSpec

CHECKOUT = Path(__file__).resolve().parent.parent

MARKOV = {
    "name": "chain",
    "title": "A chain",
    "class": "srgnn_bench.baselines.markov:FirstOrderMarkov",
    "citation": "tests",
}


def benchmark(world: TinyWorld, models, **choices) -> Benchmark:
    return Benchmark(
        world.suite,
        models=models,
        data_root=world.data_root,
        results=world.results,
        **{"trials": 1, "seeds": 2, **choices},
    )


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory):
    """A small benchmark of two fitted models, one of them given as a mapping."""
    world = make_tiny_world(tmp_path_factory.mktemp("api"))
    events: list[Event] = []
    bench = benchmark(world, ["popularity", MARKOV])
    outcome = bench.run(listen=events.append)
    return world, bench, outcome, events


def test_a_run_is_stored_and_told_of(finished) -> None:
    _, bench, outcome, events = finished
    assert outcome == Outcome(done=2, trained=2, failed=0, missing=0)
    assert sum(isinstance(event, RunDone) for event in events) == 2
    assert bench.run() == Outcome(done=2, trained=0, failed=0, missing=0)


def test_a_notebook_shows_the_budget_in_words(finished) -> None:
    world, _, _, _ = finished
    for seeds, words in ((1, "1 trial, 1 seed<"), (2, "1 trial, 2 seeds<")):
        assert words in benchmark(world, ["popularity"], seeds=seeds)._repr_html_()
    entries = [
        {"model": "popularity", "name": name, "seeds": seeds}
        for name, seeds in (("few", 1), ("more", 3))
    ]
    suite = {"name": "own", "title": "Own", "datasets": [str(world.dataset)], "models": entries}
    assert (
        "16 trials, 1 to 3 seeds<" in Benchmark({**suite, "tuning": {"trials": 16}})._repr_html_()
    )
    timed = Benchmark({**suite, "tuning": {"trials": None, "seconds": 60}})
    assert "timed trials, 1 to 3 seeds<" in timed._repr_html_()


def test_results_have_one_row_per_record(finished) -> None:
    _, bench, _, _ = finished
    frame = bench.results()
    assert list(frame["entry"]) == ["popularity", "chain"]
    assert list(frame["seed"]) == [0, 0]
    records = {record.key[:12]: record for record in bench.store.records()}
    assert set(frame["key"]) == set(records)
    for row in frame.to_dict("records"):
        record = records[row["key"]]
        assert record.metrics.items() <= row.items()
        assert record.cost.model_dump().items() <= row.items()
        assert (record.model, record.identity.dataset) == (row["model"], row["dataset"])


def test_the_summary_is_the_mean_and_deviation_of_the_results(finished) -> None:
    _, bench, _, _ = finished
    groups = bench.results().groupby(["dataset", "entry"], sort=False)
    summary = bench.summary()
    assert list(summary.index) == [("tiny", "popularity"), ("tiny", "chain")]
    for metric in ("recall@20", "mrr@20"):
        pd.testing.assert_series_equal(summary[metric], groups[metric].mean())
        deviations = groups[metric].std(ddof=1)
        pd.testing.assert_series_equal(summary[f"{metric} sd"], deviations, check_names=False)
    assert list(summary["seeds"]) == [1, 1]
    assert list(summary["title"]) == ["Popularity", "A chain"]
    assert set(summary["protocol"]) == set(bench.results()["protocol"]) == {"temporal"}


def test_status_counts_what_is_done_and_missing(finished) -> None:
    world, bench, _, _ = finished
    assert list(bench.status()["done"]) == [1, 1]
    longer = benchmark(world, ["popularity", MARKOV, "stamp"], seeds=3).status()
    # What is fitted without chance runs once, whatever the number of seeds.
    assert longer[["trials_done", "done", "failed", "missing"]].to_numpy().tolist() == [
        [1, 1, 0, 0],
        [1, 1, 0, 0],
        [0, 0, 0, 3],
    ]
    assert list(longer["error"]) == ["", "", ""]


def test_the_report_and_its_frames(finished, tmp_path: Path) -> None:
    _, bench, _, _ = finished
    report = bench.report(tmp_path / "report", forms=["png"])
    assert (report.folder, report.page) == (tmp_path / "report", tmp_path / "report/index.html")
    paths = report.files
    assert tmp_path / "report" / "table.md" in paths
    assert all(path.is_file() for path in paths)
    assert {path.suffix for path in paths} == {
        ".html",
        ".md",
        ".bib",
        ".tex",
        ".csv",
        ".png",
        ".json",
    }
    assert set(bench.frames().differences["entry"]) == {"chain"}


def test_the_command_line_reads_what_python_ran(finished) -> None:
    world, *_ = finished
    (spec,) = (world.results / "specs" / "model").glob("*.yaml")
    options = ["--suite", str(world.suite), "--results", str(world.results)]
    options += [
        "--data-root",
        str(world.data_root),
        "--seeds",
        "2",
        "--trials",
        "1",
        "--forms",
        "none",
    ]
    options += ["--model", "popularity", "--model", str(spec)]
    done = CliRunner().invoke(app, ["run", *options], catch_exceptions=False)
    assert done.exit_code == 0
    assert "Nothing was trained: no run was missing." in done.output


def test_the_same_model_is_the_same_however_it_is_given(tiny_world: TinyWorld) -> None:
    path = tiny_world.root / "chain.yaml"
    path.write_text(yaml.safe_dump(MARKOV))
    studies = set()
    for model in (MARKOV, ModelSpec.model_validate(MARKOV), path, str(path)):
        (job,) = benchmark(tiny_world, [model]).jobs
        assert job.study is not None
        studies.add(job.study.key)
    assert len(studies) == 1


def test_variants_of_a_model_and_entries_of_the_suite(tiny_world: TinyWorld) -> None:
    variant = {"model": "srgnn", "name": "no_steps", "parameters": {"step": 0}}
    jobs = benchmark(tiny_world, [variant, "stamp"]).jobs
    assert [job.candidate.entry.name for job in jobs] == ["no_steps", "stamp"]
    assert jobs[0].candidate.defaults["step"] == 0
    suite = {"name": "own", "title": "Own", "datasets": [str(tiny_world.dataset)]}
    own = Benchmark({**suite, "models": [variant]}, models=["no_steps"])
    assert own.suite.models[0].parameters == {"step": 0}


def test_a_dataset_given_as_a_mapping(tiny_world: TinyWorld) -> None:
    content = {"name": "mine", **yaml.safe_load(tiny_world.dataset.read_text())}
    clicks = tiny_world.data_root / "tiny" / "clicks.csv"
    clicks.rename(tiny_world.data_root / "clicks.csv")
    bench = benchmark(tiny_world, ["popularity"], datasets=[content], seeds=1)
    assert bench.run().done == 1
    assert list(bench.results()["dataset"]) == ["mine"]


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"suite": "quik"}, "Did you mean 'quick'"),
        ({"suite": {"title": "Nameless", "datasets": ["ml-100k"], "models": ["srgnn"]}}, "name"),
        ({"models": [{**MARKOV, "titel": "x"}]}, "Did you mean 'title'"),
        ({"models": [{k: v for k, v in MARKOV.items() if k != "class"}]}, "class"),
        ({"models": [{**MARKOV, "name": "../chain"}]}, "name"),
        ({"models": [{"model": "srgnn"}]}, "name"),
        ({"models": [3]}, "A model (3)"),
        ({"datasets": [{"name": "mine"}]}, "A dataset (mine)"),
        ({"trials": 0}, "at least one tuning trial"),
        ({"trials": -3}, "greater than or equal to 1"),
        ({"seeds": 0}, "greater than or equal to 1"),
        ({"models": "popularity"}, "models is one str and not a list"),
        ({"models": MARKOV}, "models is one dict and not a list"),
        ({"datasets": Path("shop.yaml")}, "not a list"),
        ({"settings": "training.epochs=3"}, "settings is one str"),
    ],
)
def test_a_wrong_choice_is_one_clear_error(choices, message: str, tmp_path: Path) -> None:
    with pytest.raises(SpecError) as raised:
        Benchmark(**{"suite": "quick", **choices}, results=tmp_path / "results")
    assert message in str(raised.value)
    assert not (tmp_path / "results").exists()


def test_errors_of_planning_and_of_reading(tiny_world: TinyWorld) -> None:
    foreign = {**MARKOV, "class": "json:JSONDecoder"}
    with pytest.raises(BenchError, match="trust=True"):
        benchmark(tiny_world, [foreign]).run()
    with pytest.raises(StoreError, match="Run it first"):
        benchmark(tiny_world, ["popularity"]).results()


def test_a_way_to_run_that_does_not_exist_is_refused(tiny_world: TinyWorld) -> None:
    bench = benchmark(tiny_world, ["popularity"])
    with pytest.raises(SpecError, match=r"only_cache.* only-cache"):
        bench.run(resume="only_cache")  # type: ignore[arg-type]
    with pytest.raises(SpecError, match=r"only_cache.* only-cache"):
        bench.forecast(resume="only_cache")  # type: ignore[arg-type]
    with pytest.raises(BenchError, match="0 workers"):
        bench.run(workers=0)
    assert not list(bench.store.records())


def test_a_wrong_choice_of_a_report_leaves_the_last_one_alone(finished, tmp_path: Path) -> None:
    _, bench, _, _ = finished
    paths = bench.report(tmp_path, forms="svg, png").files
    assert {path.suffix for path in paths} & {".pdf", ".svg", ".png"} == {".svg", ".png"}
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    for forms in ("gif", ("gif",), ["pdf", "PNG"], "pdf,gif", ""):
        with pytest.raises(SpecError, match=r"saved as '.*some of pdf, svg and png"):
            bench.report(tmp_path, forms=forms)
    with pytest.raises(SpecError, match=r"font='comic'.* sans or serif"):
        bench.report(tmp_path, font="comic")  # type: ignore[arg-type]
    assert before == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}


def test_importing_the_package_stays_light() -> None:
    code = (
        "import sys, srgnn_bench\n"
        "assert not {'torch', 'recbole', 'pandas'} & set(sys.modules)\n"
        "assert srgnn_bench.Benchmark.__name__ == 'Benchmark' and 'torch' in sys.modules\n"
        "try:\n    srgnn_bench.Benchmrak\nexcept AttributeError as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "module 'srgnn_bench' has no attribute 'Benchmrak'"

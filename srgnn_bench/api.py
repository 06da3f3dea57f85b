"""A benchmark from Python: what the command line does, with results as pandas frames.

The command line is made of this class, so both do the same and can take turns on one results
folder.
"""

from __future__ import annotations

import html
import os
from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import pandas as pd
from rich.console import Console

from srgnn_bench.data.locate import ROOT_VARIABLE
from srgnn_bench.data.protocol import test_stage
from srgnn_bench.errors import ClusterError, SpecError, StoreError
from srgnn_bench.events import Event, Listener
from srgnn_bench.execution.chain import Driver
from srgnn_bench.execution.check import Check, check_run
from srgnn_bench.execution.coordinator import Outcome, execute
from srgnn_bench.execution.forecast import Forecast, forecast, to_be_done, work_left
from srgnn_bench.execution.plan import Job, JobState, Resume, plan, state_of
from srgnn_bench.execution.stale import failures
from srgnn_bench.listeners.progress import ProgressView
from srgnn_bench.plain_text import counted, visible
from srgnn_bench.process.computing import refuse_emulation
from srgnn_bench.process.device import CPU, Device, DeviceChoice
from srgnn_bench.report import build_report
from srgnn_bench.report.forms import FORMS, Font, Form, read_forms
from srgnn_bench.report.frames import Frames
from srgnn_bench.report.results import SuiteResults, load_suite
from srgnn_bench.report.runs import run_frame, summary_frame
from srgnn_bench.specs.dataset import DatasetSpec
from srgnn_bench.specs.model import ModelSpec
from srgnn_bench.specs.reading import did_you_mean
from srgnn_bench.specs.resolving import Content, ResolvedSuite, resolve
from srgnn_bench.specs.suite import ModelEntry, SuiteSpec
from srgnn_bench.specs.yaml_text import yaml_of
from srgnn_bench.store.keys import seed_from
from srgnn_bench.store.lookup import find_run
from srgnn_bench.store.store import ResultStore
from srgnn_bench.training.build import build
from srgnn_bench.training.kept import KeptModel, load_weights
from srgnn_bench.tuning.server import StudyServer

if TYPE_CHECKING:
    from srgnn_bench.report.plot import Plots


@dataclass(frozen=True, repr=False)
class Report:
    """A drawn report.

    Attributes:
        folder: where it is.
        files: all of its files.
    """

    folder: Path
    files: tuple[Path, ...]

    @property
    def page(self) -> Path:
        """The page, which holds all tables and figures and needs no network."""
        return self.files[0]

    def __repr__(self) -> str:
        return f"Report({str(self.page)!r}, {len(self.files)} files)"

    def _repr_html_(self) -> str:
        address = html.escape(self.page.resolve().as_uri(), quote=True)
        return f"<a href='{address}'>{html.escape(str(self.page))}</a>, {len(self.files)} files"


class Benchmark:
    """Datasets x models under one protocol: run it, and read what is stored.

    ```python
    from srgnn_bench import Benchmark

    benchmark = Benchmark("quick", models=["srgnn", "vsknn"], trials=1, seeds=1)
    benchmark.run()
    benchmark.summary()
    ```

    Datasets and models are given by name, by the path of a YAML file, or by what such a file
    would say, with its `name`. The latter is written to `<results>/specs/`, where the command line
    and other processes can read it.

    Args:
        suite: name or path of a suite, or what its file would say; its datasets and models may
            then be given in any of these ways, too.
        datasets: datasets in place of the suite's; none keeps its own.
        models: models in place of the suite's; none keeps its own. A name may be that of one of
            the suite's entries. A mapping with the key `model` is an entry, that is, a variant
            of a model with values of its own; one with the key `class` is a model.
        trials: tuning trials per dataset and model.
        seeds: final trainings per dataset and model.
        settings: single settings as the command line's `--set` takes them, such as
            `"training.epochs=5"`.
        data_root: folder of the data; the environment variable `SRGNN_BENCH_DATA_ROOT` unless
            given.
        results: folder of the results; made on the first write.
        keep_models: keep the models of the final runs, for `load`. A stored run without its model
            is made again.
        trust: whether models' classes may come from any module. One that lies beside the model's
            file is found too: code beside a file that is trusted is run.

    Attributes:
        resolved: the suite with these choices in place of its own, and all that it names.
        store: the results folder.

    Raises:
        SpecError: something named does not exist or is not valid; nothing has been run.
    """

    def __init__(
        self,
        suite: str | Path | Content | SuiteSpec | ResolvedSuite = "quick",
        *,
        datasets: Sequence[str | Path | Content | DatasetSpec] = (),
        models: Sequence[str | Path | Content | ModelSpec | ModelEntry] = (),
        trials: int | None = None,
        seeds: int | None = None,
        settings: Sequence[str] = (),
        data_root: str | Path | None = None,
        results: str | Path = "results",
        keep_models: bool = False,
        trust: bool = False,
    ) -> None:
        self.store = ResultStore(Path(results))
        self._data_root = _data_folder(data_root)
        self._trust = trust
        self.resolved = resolve(
            suite,
            datasets=datasets,
            models=models,
            trials=trials,
            seeds=seeds,
            settings=settings,
            keep_models=keep_models,
            keep=self._keep,
        )

    def __repr__(self) -> str:
        return f"Benchmark({self.suite.name!r}, results={str(self.store.root)!r})"

    def _repr_html_(self) -> str:
        tuning = self.suite.tuning
        trials = "no tuning"
        if tuning is not None:
            trials = counted(tuning.trials, "trial") if tuning.trials else "timed trials"
        numbers = sorted({self.suite.seeds_of(entry) for entry in self.suite.models})
        seeds = counted(numbers[-1], "seed")
        if numbers[0] < numbers[-1]:
            seeds = f"{numbers[0]} to {seeds}"
        rows = {
            "datasets": ", ".join(spec.title for spec in self.resolved.datasets),
            "models": ", ".join(entry.name for entry in self.suite.models),
            "protocol": self.suite.protocol.kind,
            "budget": f"{trials}, {seeds}",
            "results": str(self.store.root),
        }
        cells = "".join(
            f"<tr><th style='text-align:left'>{name}</th>"
            f"<td style='text-align:left'>{html.escape(visible(text))}</td></tr>"
            for name, text in rows.items()
        )
        return f"<b>{html.escape(visible(self.suite.title))}</b><table>{cells}</table>"

    @property
    def suite(self) -> SuiteSpec:
        """The suite with the caller's choices in place of its own."""
        return self.resolved.spec

    @cached_property
    def jobs(self) -> list[Job]:
        """The plan: every model on every dataset. Making it prepares the data.

        Raises:
            BenchError: a dataset or model cannot be used; nothing has been run.
        """
        return plan(self.resolved, data_root=self._data_root, store=self.store, trust=self._trust)

    @property
    def warnings(self) -> list[str]:
        """What to know about the data before drawing conclusions, each once."""
        return list(dict.fromkeys(text for job in self.jobs for text in job.dataset.warnings))

    def states(self) -> list[JobState]:
        """How far each job is, from the results folder alone."""
        return [state_of(job, self.store) for job in self.jobs]

    def run(
        self,
        *,
        resume: Resume = "only-missing",
        listen: Listener | None = None,
        workers: int | None = None,
        scheduler: str | None = None,
        studies: str | None = None,
        device: str = "auto",
        deterministic: bool = True,
    ) -> Outcome:
        """Tune every model on every dataset, train the winners, rank, store.

        A second call trains nothing, and an interrupted one goes on as if it had not been.

        Args:
            resume: `only-missing` leaves failed runs alone, `retry-failed` tries them again,
                `only-cache` runs nothing, `overwrite` forgets what is stored and runs all.
            listen: told of everything that happens (see [events][srgnn_bench.events], and
                [listeners][srgnn_bench.listeners] for TensorBoard and its like). Unless given, a
                notebook shows progress.
            workers: processes on this machine that do the trials and runs; none does them in
                this process. A script that asks for them needs the guard
                `if __name__ == "__main__":`.
            scheduler: address of a dask scheduler whose workers do them instead.
            studies: URL of a PostgreSQL database that keeps the studies, for benchmarks that are
                run from several machines; none keeps each in the results folder.
            device: where models are trained and ranked: `auto` (a GPU where torch has one through
                CUDA or ROCm, else the CPU), `cpu`, `cuda`, `cuda:N` or `mps`. Each of `workers`
                has a GPU of its own, or shares it where there are fewer; those of a scheduler look
                where they are.
            deterministic: use torch's deterministic algorithms, so that a run gives the same bits
                each time.

        Returns:
            How many runs are stored, were made by this call, failed, were lost by the machines, or
            are missing. A model that fails does not stop the others, and `status` says why it did.

        Raises:
            BenchError: as for `jobs`, or the results folder or the workers cannot be used.
            SpecError: there is no such `resume`.
            DeviceError: there is no such device, or it cannot be used; nothing has been run.
        """
        _refuse_other("resume", resume, choices=get_args(Resume))
        choice = DeviceChoice(device, deterministic)
        here = CPU if scheduler else choice.find()
        for job in () if scheduler else self.jobs:
            training = job.candidate.training(job.candidate.defaults)
            refuse_emulation(training.precision, here.torch)
        shown = self._shown(listen, resume, None if scheduler else here)
        with self._driver(workers, scheduler, here, choice) as driver, shown as told:
            return execute(
                self.jobs,
                store=self.store,
                resume=resume,
                listen=told,
                driver=driver,
                studies=None if studies is None else StudyServer(studies),
                device=here,
            )

    def forecast(
        self,
        *,
        resume: Resume = "only-missing",
        device: Device | None = CPU,
        states: Sequence[JobState] | None = None,
    ) -> Forecast:
        """How long `run` will take on this machine, job by job.

        From stored runs of the same code, data and machine; where there are none, a few steps of
        each model are measured. How many epochs a training takes is a guess until it is chosen.

        Args:
            resume: as `run` would be called.
            device: where models would be trained; None where that is not on this machine, so that
                no time is known.
            states: how far each job is, from `states`, where that has been read already.

        Raises:
            BenchError: as for `jobs`.
            SpecError: there is no such `resume`.
        """
        _refuse_other("resume", resume, choices=get_args(Resume))
        left = [to_be_done(state, resume) for state in states or self.states()]
        if device is None:
            return work_left(self.jobs, left)
        return forecast(self.jobs, left, store=self.store, device=device)

    def _shown(
        self, listen: Listener | None, resume: Resume, device: Device | None
    ) -> AbstractContextManager[Listener]:
        """Whoever is told of events: the caller's, or in a notebook its progress."""
        console = Console()
        if listen is not None or not console.is_jupyter:
            return nullcontext(listen or _ignore)
        return ProgressView(console, forecast=self.forecast(resume=resume, device=device))

    def _driver(
        self, workers: int | None, scheduler: str | None, here: Device, choice: DeviceChoice
    ) -> AbstractContextManager[Driver | None]:
        """Whoever does trials and runs; None for this process."""
        if workers is None and scheduler is None:
            return nullcontext()
        from srgnn_bench.execution.workers.cluster import local_workers, remote_workers

        if workers is None:
            assert scheduler is not None
            return remote_workers(scheduler, data_root=self._data_root, device=choice)
        if scheduler is not None:
            raise ClusterError(
                "Both workers of this machine and those of a scheduler are asked for.",
                remedy="Name the workers' number or the scheduler's address, not both.",
            )
        return local_workers(
            workers, data_root=self._data_root, cache_folder=self.store.root, device=here
        )

    def status(self) -> pd.DataFrame:
        """How far the benchmark is, one row per dataset and entry.

        Columns: `dataset`, `entry`, `title`, `trials_done` (of) `trials`, the numbers of
        final runs `done`, `failed`, `lost` (by the machines) and `missing`, and `error` (the
        first; empty without).
        """
        rows = []
        for job, state in zip(self.jobs, self.states(), strict=True):
            failure = next(iter(failures([job], self.store)), None)
            rows.append(
                {
                    "dataset": job.dataset.name,
                    "entry": job.candidate.entry.name,
                    "title": job.candidate.title,
                    "trials_done": state.trials_done,
                    "trials": state.trials,
                    "done": state.runs.count("done"),
                    "failed": state.runs.count("failed"),
                    "lost": state.runs.count("lost"),
                    "missing": state.runs.count("missing"),
                    "error": "" if failure is None else failure.error,
                }
            )
        frame: pd.DataFrame = pd.DataFrame(rows)
        return frame

    def stored(self) -> SuiteResults:
        """All that is stored under the suite's name, which is what the report is drawn from.

        Runs of earlier calls with other datasets or models are among it.

        Raises:
            StoreError: no run is finished, or what is stored cannot be compared.
        """
        return load_suite(self.store, suite=self.suite.name)

    def results(self) -> pd.DataFrame:
        """Metrics, cost and key of every finished run, one row each.

        Columns as of [run_frame][srgnn_bench.report.runs.run_frame], errors as of `stored`.
        """
        return run_frame(self.stored())

    def summary(self) -> pd.DataFrame:
        """Mean and standard deviation over seeds, one row per dataset and entry.

        Columns as of [summary_frame][srgnn_bench.report.runs.summary_frame], errors as of `stored`.
        """
        return summary_frame(self.stored())

    def frames(self) -> Frames:
        """What the report's tables and figures are made of; errors as of `stored`.

        Among them paired differences, curves over K, slices, cost and trials.
        """
        return Frames(self.stored())

    @property
    def plot(self) -> Plots:
        """The report's figures on axes of one's own: `benchmark.plot.comparison(ax)`.

        What is stored is read when this is asked for; keep it to draw several figures of one
        reading. See [Plots][srgnn_bench.report.plot.Plots]; errors as of `stored`.
        """
        from srgnn_bench.report.plot import Plots  # matplotlib takes a while to import

        return Plots(self.stored())

    def load(self, entry: str, *, dataset: str | None = None, seed: int = 0) -> KeptModel:
        """The model of a final run that was made with `keep_models`, ready to recommend items.

        ```python
        benchmark.load("srgnn").recommend([["p1", "p7"]], k=20)
        ```

        Args:
            entry: name of the model, or of the entry.
            dataset: name of the dataset; needed where the benchmark has several.
            seed: number of the seed, from 0.

        Raises:
            SpecError: there is no such entry, dataset or seed.
            StoreError: the run is not there, or its model was not kept.
        """
        job = self._job(entry, dataset)
        if not 0 <= seed < job.seeds:
            raise SpecError(
                f"'{entry}' has no seed {seed}.", remedy=f"Its seeds are 0 to {job.seeds - 1}."
            )
        nothing = StoreError(
            f"The run of '{entry}' on '{job.dataset.name}' is not stored.",
            remedy="Run it first, with keep_models=True.",
        )
        winner = job.winner()
        if winner is None:
            raise nothing
        key = job.runs(winner)[seed].key
        stored = self.store.run(dataset=job.dataset.name, model=job.candidate.spec.name, key=key)
        if stored.record() is None:
            raise nothing
        weights = stored.weights()
        stage = test_stage(job.dataset, job.suite.protocol)
        model = build(job.candidate.model_class, winner.configuration, stage, seed=seed_from(key))
        load_weights(model, weights)
        return KeptModel(
            model,
            stage,
            item_names=job.dataset.item_names,
            longest=job.suite.protocol.max_prefix_length,
        )

    def _job(self, entry: str, dataset: str | None) -> Job:
        names = list(dict.fromkeys(job.dataset.name for job in self.jobs))
        if dataset is None and len(names) > 1:
            raise SpecError(
                f"The benchmark has {len(names)} datasets.",
                remedy=f"Name one: {', '.join(names)}.",
            )
        wanted = names[0] if dataset is None else dataset
        for job in self.jobs:
            if (job.dataset.name, job.candidate.entry.name) == (wanted, entry):
                return job
        if wanted not in names:
            raise SpecError(
                f"The benchmark has no dataset '{wanted}'.", remedy=f"It has {', '.join(names)}."
            )
        entries = list(dict.fromkeys(job.candidate.entry.name for job in self.jobs))
        raise SpecError(
            f"The benchmark has no entry '{entry}'.",
            remedy=did_you_mean(entry, entries) or f"It has {', '.join(entries)}.",
        )

    def report(
        self,
        out: str | Path | None = None,
        *,
        against: str | None = None,
        title: str | None = None,
        fdr: bool = False,
        with_seeds: bool = False,
        forms: str | Collection[Form] = FORMS,
        font: Font = "sans",
    ) -> Report:
        """Draw tables, figures and the page.

        Args:
            out: folder to write to; `<results>/report/<suite>` unless given, with
                `-against-<entry>` where such an entry is.
            against: the entry that the others are compared with; None for the suite's subject.
            title: what the report is headed; None for the suite's title.
            fdr: whether tables of differences print the false discovery rate beside Holm's p.
            with_seeds: refuse to draw intervals that do not hold what other seeds would change.
            forms: the files of each figure, of `pdf`, `svg` and `png`, as a list or as the command
                line's `"pdf,svg"`; the page holds its figures whatever these are.
            font: of the figures, `sans`, or `serif` beside a text in Times.

        Returns:
            The folder, its page and its files.

        Raises:
            SpecError: there is no such form or font; nothing has been written.
            StoreError: as for `stored`, there is no such entry, or the folder cannot be written.
        """
        drawn = read_forms(forms)
        _refuse_other("font", font, choices=get_args(Font))
        name = self.suite.name
        folder = Path(out) if out else self.store.report_folder(name, against=against)
        files = build_report(
            self.store,
            suite=name,
            out=folder,
            against=against,
            title=title,
            fdr=fdr,
            with_seeds=with_seeds,
            forms=drawn,
            font=font,
        )
        return Report(folder, tuple(files))

    def _keep(self, spec: DatasetSpec | ModelSpec) -> str:
        """Path of a specification as a file, which later calls and other processes can read."""
        kind = "dataset" if isinstance(spec, DatasetSpec) else "model"
        content = spec.model_dump(mode="json", by_alias=True, exclude_unset=True)
        return str(self.store.write_spec(kind, name=spec.name, text=yaml_of(content)))


def check(
    results: str | Path,
    *,
    suite: str | None = None,
    dataset: str | Path | None = None,
    model: str | Path | None = None,
    seed: int | None = None,
    data_root: str | Path | None = None,
    device: str | None = None,
    work: str | Path | None = None,
    listen: Listener | None = None,
    trust: bool = False,
) -> Check:
    """Train one stored run again, and say whether it came out as it is stored.

    ```python
    from srgnn_bench import check

    check("results", dataset="diginetica", model="srgnn").verdict
    ```

    Nothing is written to the folder of the results.

    Args:
        results: folder of the results.
        suite: name of the suite; needed where several have such a run.
        dataset: name of the dataset, or its file where it has moved; needed where several have
            runs.
        model: name of the suite's entry, or the model's file where it has moved; needed where
            several have runs.
        seed: number of the seed, from 0; the first that is stored unless given.
        data_root: folder of the data; the environment variable `SRGNN_BENCH_DATA_ROOT` unless
            given.
        device: where to train and rank, as for `Benchmark.run`; as the stored run unless given.
        work: folder for prepared data and the checkpoint, from which an interrupted call goes on; a
            temporary one unless given.
        listen: told of the start and of every epoch.
        trust: whether the model's class may come from any module, as for `Benchmark`.

    Raises:
        BenchError: there is no such run, the data or the code is not that of the run, or the
            training failed.
    """
    found = find_run(
        ResultStore(Path(results)),
        suite=suite,
        dataset=None if dataset is None else str(dataset),
        model=None if model is None else str(model),
        seed=seed,
    )
    return check_run(
        found,
        data_root=_data_folder(data_root),
        device=device,
        work=None if work is None else Path(work),
        listen=listen or _ignore,
        trust=trust,
    )


def _data_folder(given: str | Path | None) -> Path | None:
    """The data root that is given, or that of the environment; None where there is none."""
    root = given or os.environ.get(ROOT_VARIABLE)
    return Path(root) if root else None


def _refuse_other(name: str, given: str, *, choices: Sequence[str]) -> None:
    """Refuse a word that is none of those that an argument takes.

    Raises:
        SpecError: it is another.
    """
    if given not in choices:
        raise SpecError(f"There is no {name}='{given}'.", remedy=f"It is {' or '.join(choices)}.")


def _ignore(event: Event) -> None:
    """No listener."""

"""The command line: words in, calls out. What is asked for is done elsewhere."""

from __future__ import annotations

import contextlib
import enum
import errno
import io
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn

import typer
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Table

from srgnn_bench import __version__
from srgnn_bench.errors import USERS_MISTAKE, BenchError, SpecError, StoreError
from srgnn_bench.plain_text import visible
from srgnn_bench.process.device import DeviceChoice

if TYPE_CHECKING:
    from srgnn_bench.api import Benchmark
    from srgnn_bench.store.store import ResultStore

app = typer.Typer(
    name="srgnn-bench",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

datasets_app = typer.Typer(invoke_without_command=True)
app.add_typer(datasets_app, name="datasets")

studies_app = typer.Typer(no_args_is_help=True, help="What tuning tried.")
app.add_typer(studies_app, name="studies")

NOT_ALL_DONE, INTERRUPTED = 1, 130


class Resume(str, enum.Enum):
    """What to do about runs that are stored already."""

    only_missing = "only-missing"
    retry_failed = "retry-failed"
    only_cache = "only-cache"
    overwrite = "overwrite"


def _names(kind: Literal["suite", "dataset", "model"]) -> Callable[[str], list[str]]:
    """What a shell completes the beginning of a name to."""

    def complete(incomplete: str) -> list[str]:
        from srgnn_bench.specs import registry

        return [name for name in registry.names(kind) if name.startswith(incomplete)]

    return complete


SuiteOption = Annotated[
    str,
    typer.Option(
        "--suite", help="Name of a suite, or its YAML file.", autocompletion=_names("suite")
    ),
]
DatasetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--dataset", help="Only this dataset; may be repeated.", autocompletion=_names("dataset")
    ),
]
DatasetArgument = Annotated[
    str,
    typer.Argument(help="Name of a dataset, or its YAML file.", autocompletion=_names("dataset")),
]
ModelOption = Annotated[
    list[str] | None,
    typer.Option(
        "--model", help="Only this model; may be repeated.", autocompletion=_names("model")
    ),
]
DataRootOption = Annotated[
    Path | None,
    typer.Option(
        "--data-root", envvar="SRGNN_BENCH_DATA_ROOT", help="Folder with a folder per dataset."
    ),
]
ResultsOption = Annotated[Path, typer.Option("--results", help="Folder of the results.")]
TrialsOption = Annotated[
    int | None, typer.Option("--trials", min=0, help="Tuning trials per dataset and model.")
]
SeedsOption = Annotated[
    int | None, typer.Option("--seeds", min=1, help="Final trainings per dataset and model.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="A setting, such as training.epochs=5."),
]
TrustOption = Annotated[
    bool, typer.Option("--trust", help="Import models from any module that a file names.")
]
ResumeOption = Annotated[Resume, typer.Option("--resume", help="What to do about stored runs.")]
WorkersOption = Annotated[
    int | None,
    typer.Option("--workers", min=1, help="Processes of this machine that do trials and runs."),
]
SchedulerOption = Annotated[
    str | None,
    typer.Option("--scheduler", metavar="ADDRESS", help="Use the workers of a dask cluster."),
]
StudiesOption = Annotated[
    str | None,
    typer.Option(
        "--studies",
        metavar="URL",
        envvar="SRGNN_BENCH_STUDIES",
        show_envvar=True,
        help="PostgreSQL database that keeps the studies of several machines. Its password is safe "
        "in the variable; the list of processes shows a command line to everybody.",
    ),
]
DeviceOption = Annotated[
    str,
    typer.Option(
        "--device",
        metavar="DEVICE",
        help="Where to train and rank: auto, cpu, cuda, cuda:N or mps; auto is a GPU if there is "
        "one.",
    ),
]
DeterministicOption = Annotated[
    bool,
    typer.Option(
        "--deterministic/--no-deterministic",
        help="Algorithms that give the same bits each time, also on a GPU.",
    ),
]

FormsOption = Annotated[
    str | None,
    typer.Option(
        "--forms",
        metavar="FORMS",
        help="Files of each figure, some of pdf,svg,png, or none; the page holds all figures.",
    ),
]

RESULTS = Path("results")


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point: exit code 0 all done, 1 some runs not, 2 the user's mistake, 130 Ctrl-C."""
    _show_substitutes()
    try:
        with _second_interrupt_ends():
            app(args=None if arguments is None else list(arguments))
    except KeyboardInterrupt:  # before the command itself has begun
        sys.exit(INTERRUPTED)
    except BenchError as error:
        _fail(str(error))
    except MemoryError as error:
        _fail(f"Memory is not enough ({error or 'none is left'}). Free some, or use less data.")
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        _fail(f"Nothing more can be written ({error.strerror}). Free space, or write elsewhere.")


def _fail(problem: str) -> NoReturn:
    """Say in one line what is wrong, and end."""
    _console(stderr=True).print(f"[bold red]error:[/] {_escape(problem)}", markup=True)
    try:
        sys.stdout.flush()
    except OSError:  # it is full, and Python would complain of it again at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(USERS_MISTAKE)


def _show_substitutes() -> None:
    """Have a terminal show a substitute for a character that it does not have."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _print_version(wanted: bool) -> None:
    if wanted:
        _console().print(f"srgnn-bench {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and end."
        ),
    ] = False,
) -> None:
    """Fair, fast, reproducible benchmarks of session-based recommenders."""


@app.command()
def run(
    suite: SuiteOption = "quick",
    dataset: DatasetOption = None,
    model: ModelOption = None,
    data_root: DataRootOption = None,
    results: ResultsOption = RESULTS,
    trials: TrialsOption = None,
    seeds: SeedsOption = None,
    settings: SetOption = None,
    resume: ResumeOption = Resume.only_missing,
    trust: TrustOption = False,
    workers: WorkersOption = None,
    scheduler: SchedulerOption = None,
    studies: StudiesOption = None,
    device: DeviceOption = "auto",
    deterministic: DeterministicOption = True,
    forms: FormsOption = None,
) -> None:
    """Tune every model on every dataset, train the winners, and draw the report."""
    choice = DeviceChoice(device, deterministic)
    benchmark = _benchmark(
        suite, dataset, model, trials, seeds, settings, data_root, results, trust
    )
    from srgnn_bench.console import ProgressView, plan_table, results_table
    from srgnn_bench.execution.plan import work_left
    from srgnn_bench.report.forms import read_forms

    drawn = read_forms(forms)
    if scheduler is None:  # its workers look for themselves
        choice.find()

    console = _console()
    chosen = benchmark.suite
    console.print(f"{chosen.title} (suite {chosen.name})")
    if chosen.note:
        console.print(f"Note: {chosen.note.strip()}")
    _warn(console, benchmark.warnings)
    states = benchmark.states()
    console.print(plan_table(benchmark.jobs, states))
    units = work_left(benchmark.jobs, states)
    try:
        with ProgressView(console, units=units) as view:
            outcome = benchmark.run(
                resume=resume.value,
                listen=view,
                workers=workers,
                scheduler=scheduler,
                studies=studies,
                device=device,
                deterministic=deterministic,
            )
    except KeyboardInterrupt:
        again = "the same command goes on from here"
        if resume is Resume.overwrite:
            again += " once --resume overwrite is left out"
        console.print(f"Stopped. What was finished is stored; {again}.")
        raise typer.Exit(INTERRUPTED) from None
    if outcome.done:
        benchmark.report(forms=drawn)
        console.print(results_table(benchmark.stored()))
        console.print(f"Report: {benchmark.store.report_folder(chosen.name)}")
    if outcome.trained == 0:
        console.print(
            "Nothing was trained: no run was missing."
            if not (outcome.missing or outcome.failed or outcome.lost)
            else "Nothing was trained."
        )
    if outcome.failed or outcome.lost or outcome.missing:
        lost = f"{outcome.lost} lost by the machines, " if outcome.lost else ""
        console.print(
            f"{outcome.done} runs stored, {outcome.failed} failed, {lost}"
            f"{outcome.missing} missing; "
            "srgnn-bench status says why, with the same suite, data, results and settings.",
        )
        raise typer.Exit(NOT_ALL_DONE)


@app.command()
def report(
    suite: Annotated[
        str | None,
        typer.Option(
            "--suite", help="Name of a suite, or its YAML file; each that is stored unless given."
        ),
    ] = None,
    results: ResultsOption = RESULTS,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Folder to write to; of several suites each to its own in it."),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option("--against", metavar="ENTRY", help="Compare the others with this model."),
    ] = None,
    compare: Annotated[
        tuple[Path, Path] | None,
        typer.Option(
            "--compare", metavar="BEFORE AFTER", help="Compare two results folders instead."
        ),
    ] = None,
    export: Annotated[
        bool, typer.Option("--export", help="Also write ranks and lists for other tools.")
    ] = False,
    fdr: Annotated[
        bool, typer.Option("--fdr", help="Print the false discovery rate beside Holm's p.")
    ] = False,
    with_seeds: Annotated[
        bool,
        typer.Option(
            "--with-seeds", help="Refuse to draw where a trained model has one seed only."
        ),
    ] = False,
    forms: FormsOption = None,
) -> None:
    """Draw the report from stored records, or compare two results folders; trains nothing."""
    from srgnn_bench.report import build_report
    from srgnn_bench.report.compare import compare_stores
    from srgnn_bench.report.export import export_results
    from srgnn_bench.report.forms import read_forms
    from srgnn_bench.store.store import ResultStore

    console, drawn = _console(), read_forms(forms)
    if compare is not None and (against or export or fdr or with_seeds):
        raise SpecError(
            "report --compare compares two results folders and draws no report.",
            remedy="Leave out its other options, or give them in a call of its own.",
        )
    stores = [ResultStore(folder) for folder in compare or (results,)]
    names = _stored_suites(suite, stores)
    if against and len(names) > 1:
        raise SpecError(
            f"--against names an entry of one suite, and {', '.join(names)} are stored.",
            remedy="Name the suite with --suite.",
        )
    for name in names:
        inside = out / name if out and len(names) > 1 else out
        folder = inside or stores[-1].report_folder(name, against=against)
        if compare is not None:
            paths = compare_stores(*stores, suite=name, out=folder)
            console.print(paths[0].read_text(encoding="utf-8"))
        else:
            paths = build_report(
                *stores,
                suite=name,
                out=folder,
                against=against,
                fdr=fdr,
                with_seeds=with_seeds,
                forms=drawn,
            )
            if export:
                paths += export_results(*stores, suite=name, out=folder / "export")
        for path in paths:
            console.print(str(path))


@app.command()
def status(
    suite: SuiteOption = "quick",
    dataset: DatasetOption = None,
    model: ModelOption = None,
    data_root: DataRootOption = None,
    results: ResultsOption = RESULTS,
    trials: TrialsOption = None,
    seeds: SeedsOption = None,
    settings: SetOption = None,
    trust: TrustOption = False,
    verify: Annotated[
        bool,
        typer.Option("--verify", help="Read all that the results folder holds, and check it."),
    ] = False,
) -> None:
    """Show which runs are done, failed, missing or stale, and why; or check a whole folder."""
    if verify:
        _verify(results)
        return
    benchmark = _benchmark(
        suite, dataset, model, trials, seeds, settings, data_root, results, trust
    )
    from srgnn_bench.console import plan_table
    from srgnn_bench.execution.stale import chosen_edges, failures, stale_runs

    console = _console()
    jobs, store = benchmark.jobs, benchmark.store
    console.print(plan_table(jobs, benchmark.states()))
    for failure in failures(jobs, store):
        what = "tuning" if failure.seed is None else f"seed {failure.seed}"
        how = "lost" if failure.lost else "failed"
        console.print(
            f"{how}: {failure.dataset} {failure.model} {what}: {failure.error}",
        )
    for stale in stale_runs(jobs, store):
        console.print(
            f"stale: {stale.folder}: differs from this suite in {', '.join(stale.fields)}",
        )
    for line in chosen_edges(jobs):
        console.print(f"edge: {line}")


@datasets_app.callback()
def datasets(context: typer.Context, data_root: DataRootOption = None) -> None:
    """List the datasets, and which of them are there; or prepare or fetch one."""
    from srgnn_bench.data.sources import find
    from srgnn_bench.specs import registry

    if context.invoked_subcommand is not None:
        return
    table = Table()
    for heading in ("name", "title", "source", "where"):
        table.add_column(heading, overflow="fold")
    for name in registry.names("dataset"):
        spec = registry.dataset(name)
        try:
            found = find(spec, data_root=data_root)
            row = (found.source.name, ", ".join(map(str, found.paths)))
        except BenchError as error:
            row = ("missing", error.remedy)
        table.add_row(name, spec.title, *row)
    _console(soft_wrap=False).print(table)


@datasets_app.command()
def prepare(
    name: DatasetArgument,
    data_root: DataRootOption = None,
    results: ResultsOption = RESULTS,
    source: Annotated[str | None, typer.Option(help="Read this source, not the first.")] = None,
) -> None:
    """Prepare a dataset and show its data card."""
    from srgnn_bench.data.card import card_of
    from srgnn_bench.data.prepare import prepare as prepare_dataset
    from srgnn_bench.report.data_card import sections, write_data_card
    from srgnn_bench.specs import registry
    from srgnn_bench.store.store import ResultStore

    console = _console()
    spec = registry.dataset(name)
    cache = ResultStore(results).data_folder
    data = prepare_dataset(spec, data_root=data_root, cache=cache, source=source)
    card = card_of(data, spec)
    for section in sections(card):
        table = Table(
            title=section.heading,
            title_justify="left",
            title_style="bold",
            show_header=any(section.columns),
        )
        for heading, numeric in zip(section.columns, section.numeric, strict=True):
            table.add_column(heading, justify="right" if numeric else "left", overflow="fold")
        for row in section.rows:
            table.add_row(*row)
        console.print(table)
    _warn(console, card.warnings)
    paths = write_data_card(card, out=cache / spec.name / "card")
    console.print(f"Card: {paths[0].parent}")


@datasets_app.command()
def download(
    name: DatasetArgument,
    data_root: Annotated[
        Path,
        typer.Option("--data-root", envvar="SRGNN_BENCH_DATA_ROOT", help="Folder to put it in."),
    ],
) -> None:
    """Fetch a dataset from where its file says, and check what came."""
    from srgnn_bench.data.download import download as fetch
    from srgnn_bench.specs import registry

    for path in fetch(registry.dataset(name), data_root=data_root):
        _console().print(str(path))


@app.command()
def models() -> None:
    """List the models, whether each can run, and RecBole's that cannot."""
    from srgnn_bench.recbole_bridge.classes import loss_of, model_class
    from srgnn_bench.recbole_bridge.recbole_models import UNFIT, UNTRIED
    from srgnn_bench.specs import registry

    console = _console(soft_wrap=False)
    table = Table()
    for heading in ("name", "title", "class", "searched", "loss", "can run"):
        table.add_column(heading)
    for name in registry.names("model"):
        spec = registry.model(name)
        try:
            loss, verdict = loss_of(model_class(spec), spec.parameters), "yes"
        except BenchError as error:
            loss, verdict = "", str(error)
        table.add_row(name, spec.title, spec.class_path, ", ".join(spec.space), loss, verdict)
    console.print(table)
    console.print("RecBole's other sequential models:")
    for name, reason in UNFIT.items():
        console.print(f"  {name} cannot run on sessions: {reason}.")
    console.print(f"  {', '.join(UNTRIED)}: not tried; a file of yours can name them.")


@app.command()
def doctor(data_root: DataRootOption = None) -> None:
    """Look at the installation and the data; say what is missing and how to get it."""
    from srgnn_bench.doctor import examine

    table = Table()
    for heading in ("", "found", "", "remedy"):
        table.add_column(heading)
    findings = examine(data_root)
    for finding in findings:
        table.add_row(finding.subject, finding.detail, finding.verdict, finding.remedy)
    _console(soft_wrap=False).print(f"srgnn-bench {__version__}", table)
    if any(finding.verdict == "broken" for finding in findings):
        raise typer.Exit(USERS_MISTAKE)


@contextlib.contextmanager
def _second_interrupt_ends() -> Iterator[None]:
    """Ctrl-C interrupts, and the next one does not wait for what the first one has to close."""

    def first(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, second)
        raise KeyboardInterrupt

    def second(_number: int, _frame: FrameType | None) -> None:
        if sys.stdout.isatty():
            os.write(sys.stdout.fileno(), b"\x1b[?25h\n")  # progress bars hide the cursor
        os._exit(INTERRUPTED)

    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield  # whoever started this has its own way
        return
    signal.signal(signal.SIGINT, first)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGINT) is first:  # not while an interrupted call closes
            signal.signal(signal.SIGINT, signal.default_int_handler)


@studies_app.command("export")
def export_studies(
    results: ResultsOption = RESULTS,
    out: Annotated[Path, typer.Option("--out", help="The database to write.")] = Path("studies.db"),
) -> None:
    """Write all stored studies to a database that optuna-dashboard opens."""
    from srgnn_bench.store.store import ResultStore
    from srgnn_bench.tuning.export import export_studies as export

    for name in export(ResultStore(results), out=out):
        _console().print(name)
    _console().print(f"Written: {out}")


def _verify(results: Path) -> None:
    """Check all that is stored; exit code 1 where something is damaged.

    Raises:
        StoreError: nothing is stored there.
    """
    from srgnn_bench.store.store import ResultStore
    from srgnn_bench.store.verify import verify

    found = list(verify(ResultStore(results)))
    if not found:  # a misspelt folder is no sound one
        raise StoreError(
            f"{results} holds nothing that is stored.",
            remedy="Run a suite first, or name another folder with --results.",
        )
    # Runs share their prefixes, whose fault is then found several times.
    faults = list(dict.fromkeys(str(error) for _, error in found if error is not None))
    for fault in faults:
        _console().print(f"damaged: {fault}")
    _console().print(f"{len(found)} files checked in {results}, {len(faults)} damaged.")
    if faults:
        raise typer.Exit(NOT_ALL_DONE)


def _stored_suites(suite: str | None, stores: Sequence[ResultStore]) -> list[str]:
    """The suite that is named, or every one that all of the results folders hold."""
    from srgnn_bench.specs import registry
    from srgnn_bench.specs.suite import names_a_file

    if suite is not None:
        return [registry.suite(suite).name if names_a_file(suite) else suite]
    held = [set(store.suites()) for store in stores]
    names = sorted(set.intersection(*held))
    if not names:
        raise StoreError(
            f"{' and '.join(str(store.root) for store in stores)} hold no suite"
            f"{' in common' if len(stores) > 1 else ''}.",
            remedy="Run one first, or name another folder with --results.",
        )
    return names


class _PlainConsole(Console):
    """A console on which nothing that is printed can act on the terminal or hide there."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterator[Segment]:
        """The pieces to be written; rich's own control codes are none of the text."""
        for piece in super().render(renderable, options):
            yield piece if piece.control else Segment(visible(piece.text), piece.style)


def _console(*, stderr: bool = False, soft_wrap: bool = True) -> Console:
    """Where to print. Titles and paths are anybody's: nothing in them is markup or an emoji."""
    return _PlainConsole(
        stderr=stderr, soft_wrap=soft_wrap, markup=False, highlight=False, emoji=False
    )


def _warn(console: Console, warnings: Sequence[str]) -> None:
    distinct = list(dict.fromkeys(warnings))
    for number, warning in enumerate(distinct, start=1):
        place = f" {number} of {len(distinct)}" if len(distinct) > 1 else ""
        console.print(f"[bold yellow]warning{place}:[/] {_escape(warning)}", markup=True)


def _benchmark(
    suite: str,
    dataset: list[str] | None,
    model: list[str] | None,
    trials: int | None,
    seeds: int | None,
    settings: list[str] | None,
    data_root: Path | None,
    results: Path,
    trust: bool,
) -> Benchmark:
    from srgnn_bench.specs.resolving import resolve

    # What does not exist is refused before seconds are spent on importing torch.
    chosen = resolve(
        suite,
        datasets=dataset or (),
        models=model or (),
        trials=trials,
        seeds=seeds,
        settings=settings or (),
    )
    from srgnn_bench.api import Benchmark

    return Benchmark(chosen, data_root=data_root, results=results, trust=trust)


def _escape(text: str) -> str:
    """Text as it is, within a line that has rich's markup."""
    from rich.markup import escape

    return escape(text)

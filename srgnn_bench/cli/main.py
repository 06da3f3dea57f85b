"""The entry point: the commands put together, and what every one of them ends with."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from types import FrameType
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from srgnn_bench import __version__
from srgnn_bench.cli import check, datasets, doctor, models, reference, report, run, status, studies
from srgnn_bench.cli.screen import console, print_error
from srgnn_bench.cli.words import INTERRUPTED, told_when_stopped
from srgnn_bench.errors import USERS_MISTAKE, BenchError


class _Commands(TyperGroup):
    """All commands, and what is said of every one that is called wrongly or interrupted."""

    def invoke(self, ctx: Any) -> Any:
        """Call the command that is named; the context is click's, or newer typers' own."""
        try:
            with told_when_stopped("To go on, give the same command again."):
                return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = _plain(error)
            raise


def _plain(error: typer.BadParameter) -> str:
    """What is wrong with an option's value; newer typers leave that to pydantic's words."""
    from pydantic import ValidationError

    from srgnn_bench.specs.reading import reason_of

    if not isinstance(error.__cause__, ValidationError):
        return error.message
    first = error.__cause__.errors()[0]
    reason = reason_of(first).rstrip(".")
    if reason.startswith("Input "):
        reason = f"{first['input']!r} {reason.removeprefix('Input ')}"
    return f"{reason}."


app = typer.Typer(
    name="srgnn-bench", cls=_Commands, no_args_is_help=True, pretty_exceptions_enable=False
)
app.command()(run.run)
app.command()(report.report)
app.command()(status.status)
app.command()(check.check)
app.add_typer(datasets.app, name="datasets")
app.command()(models.models)
app.add_typer(studies.app, name="studies")
app.add_typer(reference.app, name="reference")
app.command()(doctor.doctor)


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point: exit code 0 all done, 1 not all, 2 the user's mistake, 130 Ctrl-C."""
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


def _print_version(wanted: bool) -> None:
    if wanted:
        console().print(f"srgnn-bench {__version__}")
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


def _fail(problem: str) -> NoReturn:
    """Say in one line what is wrong, and end."""
    print_error(problem)
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

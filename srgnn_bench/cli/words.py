"""What a command's words mean: the benchmark, or the stored suites, that they name."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from srgnn_bench.cli.screen import console
from srgnn_bench.errors import SpecError, StoreError

if TYPE_CHECKING:
    from srgnn_bench.api import Benchmark
    from srgnn_bench.store.store import ResultStore

NOT_ALL_DONE, INTERRUPTED = 1, 130


@contextlib.contextmanager
def told_when_stopped(how: str) -> Iterator[None]:
    """Where Ctrl-C stops a command, end it with one line that says how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        console(stderr=True).print(f"Stopped. {how}")
        raise typer.Exit(INTERRUPTED) from None


def refuse_options_before(group: typer.Context) -> None:
    """Refuse options of a group of commands that stand before one of them: it does not get them.

    Raises:
        SpecError: there is one.
    """
    for option in group.command.params:
        source = group.get_parameter_source(option.name or "")
        if source is not None and source.name == "COMMANDLINE":
            raise SpecError(
                f"{option.opts[0]} stands before '{group.invoked_subcommand}' and does nothing.",
                remedy=f"Put it behind '{group.invoked_subcommand}', if that has it.",
            )


def benchmark_of(
    suite: str,
    *,
    dataset: list[str] | None,
    model: list[str] | None,
    trials: int | None,
    seeds: int | None,
    settings: list[str] | None,
    data_root: Path | None,
    results: Path,
    trust: bool,
    keep_models: bool = False,
) -> Benchmark:
    """The benchmark that the options of ``run`` and ``status`` name.

    Raises:
        SpecError: something named does not exist or is not valid.
    """
    from srgnn_bench.specs.resolving import resolve

    # What does not exist is refused before seconds are spent on importing torch.
    chosen = resolve(
        suite,
        datasets=dataset or (),
        models=model or (),
        trials=trials,
        seeds=seeds,
        settings=settings or (),
        keep_models=keep_models,
    )
    from srgnn_bench.api import Benchmark

    return Benchmark(chosen, data_root=data_root, results=results, trust=trust)


def stored_suites(suite: str | None, stores: Sequence[ResultStore]) -> list[str]:
    """The suite that is named, or every one that all of the results folders hold."""
    from srgnn_bench.specs import registry
    from srgnn_bench.specs.suite import names_a_file

    if suite is not None:
        return [registry.suite(suite).name if names_a_file(suite) else suite]
    held = [set(store.suites()) for store in stores]
    names = sorted(set.intersection(*held))
    if not names:
        raise StoreError(
            f"{stores[0].root} holds no suite."
            if len(stores) == 1
            else f"{' and '.join(str(store.root) for store in stores)} hold no suite in common.",
            remedy="Run one first, or name another folder with --results.",
        )
    return names

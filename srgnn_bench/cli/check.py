"""``srgnn-bench check``."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from srgnn_bench.cli.options import (
    DataRootOption,
    JsonOption,
    OneDatasetOption,
    OneModelOption,
    QuietOption,
    TrustOption,
)
from srgnn_bench.cli.screen import console, print_json, table_of
from srgnn_bench.cli.words import NOT_ALL_DONE
from srgnn_bench.process.device import DeviceChoice

if TYPE_CHECKING:
    from srgnn_bench.execution.check import Check


def check(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder of the results.")],
    dataset: OneDatasetOption = None,
    model: OneModelOption = None,
    suite: Annotated[
        str | None, typer.Option("--suite", help="The suite, if several have such a run.")
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option("--seed", min=0, help="Number of the seed; the first that is stored."),
    ] = None,
    data_root: DataRootOption = None,
    device: Annotated[
        str | None,
        typer.Option(
            "--device", metavar="DEVICE", help="Where to train and rank; as the stored run did."
        ),
    ] = None,
    work: Annotated[
        Path | None,
        typer.Option(
            "--work",
            metavar="DIR",
            help="Keep prepared data and the checkpoint there, so that an interrupted call goes "
            "on; nothing is kept unless given.",
        ),
    ] = None,
    trust: TrustOption = False,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Train one stored run again, and say whether it came out as it is stored."""
    from srgnn_bench.store.lookup import find_run
    from srgnn_bench.store.store import ResultStore

    if device is not None:
        DeviceChoice(device)  # what does not exist is refused before torch is imported
    found = find_run(ResultStore(folder), suite=suite, dataset=dataset, model=model, seed=seed)

    from srgnn_bench.events import CheckpointDiscarded, EpochDone, Event
    from srgnn_bench.execution.check import check_run
    from srgnn_bench.listeners.progress import hours, sentence
    from srgnn_bench.report.captions import OPTIMISTIC

    screen = console(stderr=as_json, quiet=quiet)
    cost = found.record.cost
    screen.print(
        f"{found.entry.title or found.spec.title} on {found.record.dataset.title}, seed "
        f"{found.seed} of suite {found.suite.name} (run {found.record.short_key}), which took "
        f"{hours(cost.train_seconds + cost.rank_seconds)} where it was made."
    )

    if found.record.protocol_kind == "published":
        screen.print(OPTIMISTIC)

    def tell(event: Event) -> None:
        if isinstance(event, (EpochDone, CheckpointDiscarded)):
            screen.print(sentence(event))

    made = check_run(found, data_root=data_root, device=device, work=work, listen=tell, trust=trust)
    screen.print(_metrics(made))
    screen.print(made.reason)
    screen.print(made.machine)
    if as_json:
        print_json({"verdict": made.verdict, "reason": made.reason, **dataclasses.asdict(made)})
    else:
        console().print(made.verdict if quiet else f"Verdict: {made.verdict}")
    if not made.is_reproduced:
        raise typer.Exit(NOT_ALL_DONE)


def _metrics(made: Check) -> Table:
    """Every metric as it is stored and as it came out, in percent."""
    from srgnn_bench.evaluation.metrics import metric_title

    table = table_of(["", "stored", "again", "difference", "for one more seed"])
    for metric in made.metrics:
        spread = f"{100 * metric.low:.2f} to {100 * metric.high:.2f}"
        if not made.has_chance:
            spread = "the same"
        elif made.seeds < 2:
            spread = "not known"
        table.add_row(
            metric_title(metric.name),
            f"{100 * metric.stored:.2f}",
            f"{100 * metric.again:.2f}",
            f"{100 * (metric.again - metric.stored):+.2f}",
            spread,
        )
    return table

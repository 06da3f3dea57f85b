"""The options that commands share."""

from __future__ import annotations

import enum
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import typer

RESULTS = Path("results")


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
OneDatasetOption = Annotated[
    str | None,
    typer.Option(
        "--dataset",
        help="The dataset, if several are stored; its YAML file, if that is elsewhere now.",
        autocompletion=_names("dataset"),
    ),
]
OneModelOption = Annotated[
    str | None,
    typer.Option(
        "--model",
        help="The model, or the suite's entry; its YAML file, if that is elsewhere now.",
        autocompletion=_names("model"),
    ),
]
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
    bool,
    typer.Option(
        "--trust", help="Import models from any module that a file names, or has beside it."
    ),
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

KeepModelsOption = Annotated[
    bool,
    typer.Option(
        "--keep-models", help="Keep the models of the final runs, to load them in Python."
    ),
]
QuietOption = Annotated[
    bool, typer.Option("--quiet", help="Say nothing but warnings, errors and where the result is.")
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print the result as one JSON value, and all else on stderr.")
]

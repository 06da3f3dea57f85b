"""Names -> specifications.

A suite, dataset or model is found by the name of its YAML file under ``properties/``, or by the
path of a YAML file anywhere. Installed packages add models through the entry point
``srgnn_bench.models``, whose value is a package: every YAML file in its folder is a model.
"""

from __future__ import annotations

import functools
import importlib.util
from importlib.metadata import entry_points
from pathlib import Path
from typing import Literal

from srgnn_bench.errors import SpecError
from srgnn_bench.specs.dataset import DatasetSpec
from srgnn_bench.specs.model import ModelSpec, SpaceSpec
from srgnn_bench.specs.reading import S, did_you_mean, read_spec
from srgnn_bench.specs.suite import SuiteSpec, names_a_file

Kind = Literal["suite", "dataset", "model", "space"]

ENTRY_POINT = "srgnn_bench.models"


def properties_folder() -> Path:
    """The folder of the shipped specifications, in a checkout or in an installed wheel."""
    package = Path(__file__).parent.parent
    for folder in (package / "properties", package.parent / "properties"):
        if folder.is_dir():
            return folder
    raise SpecError(
        "The folder properties/ is not beside the package srgnn_bench.",
        remedy="Install the package again; a wheel carries it.",
    )


def names(kind: Kind) -> list[str]:
    """Names of the specifications of a kind, shipped and installed, sorted."""
    return sorted(_files(kind))


def providers() -> list[str]:
    """Packages that declare models through the entry point, sorted."""
    return sorted({point.value for point in entry_points(group=ENTRY_POINT)})


def suite(name: str) -> SuiteSpec:
    """The suite of that name or path.

    Raises:
        SpecError: no such suite, or its file is not a valid one.
    """
    spec = _load("suite", name, SuiteSpec)
    return _with_neighbours(spec, folder=Path(name).parent) if names_a_file(name) else spec


def dataset(name: str) -> DatasetSpec:
    """The dataset of that name or path; errors as for ``suite``."""
    return _load("dataset", name, DatasetSpec)


def model(name: str) -> ModelSpec:
    """The model of that name or path, complete; errors as for ``suite`` and ``completed``."""
    path = _find("model", name)
    return completed(read_spec(path, ModelSpec, name=path.stem).read_in(path.parent))


def family(name: str) -> str | None:
    """The family of the model of that name or path, if its file tells one; errors as for ``suite``.

    Reads that file alone, not those that complete it.
    """
    return _load("model", name, ModelSpec).family


def completed(spec: ModelSpec) -> ModelSpec:
    """A model's specification with what it has from elsewhere.

    That is the common part of its search space, and what the shipped model of the same class calls
    its code.

    Raises:
        SpecError: the common part does not exist, or it calls shipped code something else.
    """
    word = implementations().get(spec.class_path, spec.implementation)
    if spec.implementation not in (None, word):
        raise SpecError(
            f"Model '{spec.name}': the implementation of {spec.class_path} is {word}, not "
            f"{spec.implementation}.",
            remedy="Correct `implementation` in its YAML.",
        )
    space = spec.space
    if spec.common_space is not None:
        common = _load("space", spec.common_space, SpaceSpec).dimensions
        space = {**{spec.called.get(name, name): each for name, each in common.items()}, **space}
    return spec.model_copy(update={"space": space, "implementation": word})


@functools.cache
def implementations() -> dict[str, str]:
    """What the shipped models call their code, by class path (see ``ModelSpec.implementation``)."""
    folder = properties_folder() / "model"
    specs = [_load("model", str(path), ModelSpec) for path in sorted(folder.glob("*.yaml"))]
    return {spec.class_path: spec.implementation for spec in specs if spec.implementation}


def _with_neighbours(suite: SuiteSpec, *, folder: Path) -> SuiteSpec:
    """The suite of a file, with the files that it names looked for beside it as well.

    A file that is found from the working directory goes first.
    """

    def place(name: str) -> str:
        beside = folder / name
        is_beside = names_a_file(name) and not Path(name).is_file() and beside.is_file()
        return str(beside) if is_beside else name

    return suite.model_copy(
        update={
            "datasets": tuple(place(dataset) for dataset in suite.datasets),
            "models": tuple(
                entry.model_copy(update={"model": place(entry.model)}) for entry in suite.models
            ),
            "configurations_from": suite.configurations_from and place(suite.configurations_from),
        }
    )


def _load(kind: Kind, name: str, spec_class: type[S]) -> S:
    path = _find(kind, name)
    return read_spec(path, spec_class, name=path.stem)


def _find(kind: Kind, name: str) -> Path:
    if names_a_file(name):
        path = Path(name)
        if path.is_file():
            return path
        raise SpecError(f"There is no file {path}.", remedy=f"Give the path of a {kind} file.")
    files = _files(kind)
    if name in files:
        return files[name]
    known = sorted(files)
    raise SpecError(
        f"There is no {kind} named '{name}'.",
        remedy=" ".join(filter(None, [did_you_mean(name, known), f"Known: {', '.join(known)}."])),
    )


def _files(kind: Kind) -> dict[str, Path]:
    """Every specification of a kind that has a name, and its file.

    Raises:
        SpecError: two files claim the same name.
    """
    folders = [properties_folder() / kind]
    if kind == "model":
        folders += [folder for package in providers() for folder in package_folders(package)]
    found: dict[str, Path] = {}
    for path in (path for folder in folders for path in sorted(folder.glob("*.yaml"))):
        if path.stem in found:
            raise SpecError(
                f"Two files define the {kind} '{path.stem}': {found[path.stem]} and {path}.",
                remedy="Rename one of them, or uninstall the package that brought it.",
            )
        found[path.stem] = path
    return found


def package_folders(package: str) -> list[Path]:
    """Where a package is, without importing it."""
    try:
        spec = importlib.util.find_spec(package)
    except ImportError:
        spec = None
    return [Path(place) for place in (spec and spec.submodule_search_locations) or ()]

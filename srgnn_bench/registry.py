"""Names -> specifications.

A suite, dataset or model is found by the name of its YAML file under ``properties/``, or by the
path of a YAML file anywhere. Installed packages add models through the entry point
``srgnn_bench.models``, whose value is a package: every YAML file in its folder is a model.
"""

from __future__ import annotations

import difflib
import functools
import importlib.util
import typing
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import ValidationError

from srgnn_bench.data.spec import DatasetSpec
from srgnn_bench.errors import SpecError
from srgnn_bench.schema import ModelSpec, SpaceSpec, Spec, SuiteSpec, names_a_file
from srgnn_bench.yaml_text import read_yaml

Kind = Literal["suite", "dataset", "model", "space"]
S = TypeVar("S", bound=Spec)

ENTRY_POINT = "srgnn_bench.models"


def properties_folder() -> Path:
    """The folder of the shipped specifications, in a checkout or in an installed wheel."""
    package = Path(__file__).parent
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
    """The model of that name or path, its search space complete; errors as for ``suite``."""
    spec = _load("model", name, ModelSpec)
    if spec.common_space is None:
        return spec
    common = _load("space", spec.common_space, SpaceSpec).dimensions
    shared = {spec.called.get(name, name): dimension for name, dimension in common.items()}
    return spec.model_copy(update={"space": {**shared, **spec.space}})


@functools.cache
def implementations() -> dict[str, str]:
    """What the shipped models call their code, by class path (see ``ModelSpec.implementation``)."""
    specs = [model(str(path)) for path in sorted((properties_folder() / "model").glob("*.yaml"))]
    return {spec.class_path: spec.implementation for spec in specs if spec.implementation}


def did_you_mean(wrong: str, known: list[str]) -> str:
    """A sentence with the nearest known name, or an empty string."""
    near = difflib.get_close_matches(wrong, known, n=1, cutoff=0.5)
    return f"Did you mean '{near[0]}'?" if near else ""


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
    content = read_yaml(path)
    if not isinstance(content, dict):
        raise SpecError(f"{path} holds no keys.", remedy=f"A {kind} file maps keys to values.")
    try:
        return spec_class.model_validate({"name": path.stem, **content})
    except ValidationError as error:
        raise invalid(str(path), spec_class, error) from error


def invalid(where: str, spec_class: type[Spec], error: ValidationError) -> SpecError:
    """One sentence for the first thing that is wrong in a specification.

    Args:
        where: the file or option that it came from.
        spec_class: the specification that refused it.
        error: what pydantic found.
    """
    # A misspelt key often shows up as a missing one too; the misspelling is the cause.
    first = min(error.errors(), key=lambda each: each["type"] != "extra_forbidden")
    place = ".".join(str(part) for part in first["loc"])
    reason = first["msg"].removeprefix("Value error, ")
    problem = f"{where}: {place + ': ' if place else ''}{reason}."
    remedy = f"{error.error_count()} problem(s) in all; correct the value."
    if first["type"] == "extra_forbidden":
        known = _keys_at(spec_class, first["loc"])
        unknown = str(first["loc"][-1])
        problem = f"{where}: unknown key '{place}'."
        remedy = did_you_mean(unknown, known) or f"Known keys: {', '.join(known)}."
    return SpecError(problem, remedy=remedy)


def _keys_at(spec_class: type[Spec], place: tuple[int | str, ...]) -> list[str]:
    """Keys that the specification knows where the unknown one stood."""
    current = [spec_class]
    for part in place[:-1]:
        fields = [spec.model_fields[part] for spec in current if part in spec.model_fields]
        inner = [spec for field in fields for spec in _specs_in(field.annotation)]
        # What is neither a field with keys of its own nor the kind of one of several, as `float`
        # of a dimension, is a place in a list or a mapping of them.
        current = inner or [spec for spec in current if _is_of_kind(spec, part)] or current
    names = (f.alias or name for spec in current for name, f in spec.model_fields.items())
    return list(dict.fromkeys(names))


def _specs_in(annotation: Any) -> list[type[Spec]]:
    """The specifications that a type holds: itself, or those in a union, a tuple, a mapping."""
    if typing.get_origin(annotation) is None:
        is_spec = isinstance(annotation, type) and issubclass(annotation, Spec)
        return [annotation] if is_spec else []
    return [spec for part in typing.get_args(annotation) for spec in _specs_in(part)]


def _is_of_kind(spec: type[Spec], kind: int | str) -> bool:
    annotations = (field.annotation for field in spec.model_fields.values())
    literals = (a for a in annotations if typing.get_origin(a) is Literal)
    return any(kind in typing.get_args(literal) for literal in literals)


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
        folders += [folder for package in providers() for folder in _package_folders(package)]
    found: dict[str, Path] = {}
    for path in (path for folder in folders for path in sorted(folder.glob("*.yaml"))):
        if path.stem in found:
            raise SpecError(
                f"Two files define the {kind} '{path.stem}': {found[path.stem]} and {path}.",
                remedy="Rename one of them, or uninstall the package that brought it.",
            )
        found[path.stem] = path
    return found


def _package_folders(package: str) -> list[Path]:
    """Where a package is, without importing it."""
    try:
        spec = importlib.util.find_spec(package)
    except ImportError:
        spec = None
    return [Path(place) for place in (spec and spec.submodule_search_locations) or ()]

"""From what a file or a caller says to a specification, or to one error that names the place.

Whatever kind of YAML it is, its errors come from here.
"""

from __future__ import annotations

import difflib
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from srgnn_bench.errors import SpecError
from srgnn_bench.plain_text import counted
from srgnn_bench.specs.fields import Spec
from srgnn_bench.specs.yaml_text import read_yaml

S = TypeVar("S", bound=Spec)


def read_spec(path: Path, spec_class: type[S], **given: Any) -> S:
    """The specification in a YAML file.

    Args:
        path: the file.
        spec_class: what it must be.
        given: values of keys that the file may leave out.

    Raises:
        SpecError: the file cannot be read, or is not a valid one.
    """
    content = read_yaml(path)
    if not isinstance(content, dict):
        raise SpecError(
            f"{path} holds no keys.", remedy="Such a file maps keys to values; see those shipped."
        )
    return spec_of(spec_class, {**given, **content}, where=str(path))


def spec_of(spec_class: type[S], content: Mapping[str, Any], *, where: str) -> S:
    """The specification that some keys and values make.

    Args:
        spec_class: what it must be.
        content: the keys and values.
        where: the file or option that they came from, for errors.

    Raises:
        SpecError: they are not valid; the first thing that is wrong, in one sentence.
    """
    try:
        return spec_class.model_validate(content)
    except ValidationError as error:
        raise _invalid(where, spec_class, error) from error


def reason_of(error: ErrorDetails) -> str:
    """What is wrong with a value, without pydantic's words about how it was found."""
    return error["msg"].removeprefix("Value error, ").partition(", unable to parse")[0]


def did_you_mean(wrong: str, known: list[str]) -> str:
    """A sentence with the nearest known name, or an empty string."""
    near = difflib.get_close_matches(wrong, known, n=1)
    return f"Did you mean '{near[0]}'?" if near else ""


def _invalid(where: str, spec_class: type[Spec], error: ValidationError) -> SpecError:
    """One sentence for the first thing that is wrong in a specification.

    Args:
        where: the file or option that it came from.
        spec_class: the specification that refused it.
        error: what pydantic found.
    """
    found = _causes(error)
    # A misspelt key often shows up as a missing one too; the misspelling is the cause.
    first = min(found, key=lambda each: each["type"] != "extra_forbidden")
    place = ".".join(str(part) for part in first["loc"])
    problem = f"{where}: {place + ': ' if place else ''}{reason_of(first)}."
    remedy = f"{counted(len(found), 'problem')} in all; correct the value."
    if first["type"] == "extra_forbidden":
        known = _keys_at(spec_class, first["loc"])
        unknown = str(first["loc"][-1])
        problem = f"{where}: unknown key '{place}'."
        remedy = did_you_mean(unknown, known) or f"Known keys: {', '.join(known)}."
    return SpecError(problem, remedy=remedy)


def _causes(error: ValidationError) -> list[ErrorDetails]:
    """What is wrong, without what follows from it: that a list of wrong elements is too short."""
    found = error.errors()
    inside = {each["loc"][:depth] for each in found for depth in range(len(each["loc"]))}
    return [each for each in found if each["loc"] not in inside]


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

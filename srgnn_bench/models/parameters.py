"""Typed parameters of a model: one class per model, a docstring under each field."""

from __future__ import annotations

from typing import Any, TypeVar

from srgnn_bench.specs.fields import Spec

P = TypeVar("P", bound="ModelParameters")


class ModelParameters(Spec):
    """Base of a model's parameters.

    A model states its class as ``Parameters``. Model files may name exactly its fields, and
    what they leave out takes the default stated there.
    """

    @classmethod
    def read(cls: type[P], config: Any) -> P:
        """The parameters that a RecBole ``Config`` holds; absent ones take their defaults.

        Raises:
            pydantic.ValidationError: a value is of the wrong type or out of range.
        """
        given = {name: config[name] for name in cls.model_fields if config[name] is not None}
        return cls.model_validate(given)

    def write(self, config: Any) -> None:
        """Put every parameter into a RecBole ``Config``, for classes that read it there."""
        for name in type(self).model_fields:
            config[name] = getattr(self, name)

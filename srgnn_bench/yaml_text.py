"""YAML as every specification is read: numbers are numbers, and no key stands twice."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from srgnn_bench.errors import SpecError


class _Loader(yaml.SafeLoader):
    """Reads 1e-3 as a number, where PyYAML sees text, and refuses a key that is given twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """A mapping whose keys are all different."""
        seen = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    problem=f"the key '{key.value}' stands twice", problem_mark=key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$"),
    list("-+0123456789"),
)


def parse_yaml(text: str) -> Any:
    """What a text says.

    Raises:
        yaml.YAMLError: it is not YAML, a key stands twice, or a date does not exist.
    """
    try:
        return yaml.load(text, _Loader)  # a SafeLoader
    except ValueError as error:  # as PyYAML lets through for 2014-02-30
        raise yaml.YAMLError(str(error)) from error


def read_yaml(path: Path) -> Any:
    """What a file says.

    Raises:
        SpecError: it cannot be read, or a key stands twice.
    """
    try:
        return parse_yaml(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise SpecError(f"{path} cannot be read: {reason}.", remedy="Correct the file.") from error

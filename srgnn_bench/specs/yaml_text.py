"""YAML as every specification is read: plain values within limits, no key twice.

Plain words mean what they do in YAML 1.2's core schema: ``1e-3`` is a number; ``no``, ``on`` and
``2019-10-01`` are text. A file may come from a stranger, so what it can ask of the reader is
limited, and no tag makes anything but these values.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any, ClassVar

import yaml

from srgnn_bench.errors import SpecError

MOST_BYTES = 128 * 1024
"""Size of a file; the largest that is shipped has 10 kB."""

MOST_VALUES = 2_000
"""Values of a file, those that an alias repeats included."""

DEEPEST = 32
"""Levels of lists and mappings in each other."""

_TAG = "tag:yaml.org,2002:"
_MERGE = _TAG + "merge"

_WORDS = {
    "null": (r"~|null|Null|NULL|", [*"~nN", ""]),
    "bool": (r"true|True|TRUE|false|False|FALSE", [*"tTfF"]),
    "int": (r"[-+]?[0-9]+(_[0-9]+)*|0o[0-7]+|0x[0-9a-fA-F]+", [*"-+0123456789"]),
    "float": (
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        [*"-+.0123456789"],
    ),
}
"""Kind of a scalar -> how it is written, and the characters that it may begin with; 1_000 is a
whole number, as it was before YAML 1.2."""


def _fault(problem: str, node: yaml.Node) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)


def _size(node: yaml.Node, sizes: dict[int, int]) -> int:
    """Values in a node, what its aliases stand for included."""
    inner: list[yaml.Node] = []
    if isinstance(node, yaml.SequenceNode):
        inner = node.value
    elif isinstance(node, yaml.MappingNode):
        inner = [each for pair in node.value for each in pair]
    return 1 + sum(sizes[id(each)] for each in inner)


class _Loader(yaml.SafeLoader):
    """Reads the core schema alone, and stops where a limit is passed."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - as the library has it
    yaml_constructors: ClassVar[dict[str | None, Any]] = {}

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = self._values = 0
        self._sizes: dict[int, int] = {}

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """A node of the file, once it is known to be within the limits."""
        event: yaml.Event = self.peek_event()  # type: ignore[no-untyped-call]
        if self._depth > DEEPEST:
            raise yaml.MarkedYAMLError(
                problem=f"more than {DEEPEST} levels of lists and keys",
                problem_mark=event.start_mark,  # type: ignore[arg-type]
            )
        self._depth += 1
        self._values += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        if node is None:
            return None
        if isinstance(event, yaml.AliasEvent) and id(node) not in self._sizes:
            raise _fault("an alias stands within what it repeats", node)
        self._sizes.setdefault(id(node), _size(node, self._sizes))
        if max(self._sizes[id(node)], self._values) > MOST_VALUES:
            raise _fault(f"more than {MOST_VALUES} values", node)
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """A mapping whose keys are texts, all different."""
        seen = set()
        for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            if not isinstance(key, yaml.ScalarNode) or key.tag not in (_TAG + "str", _MERGE):
                raise _fault("a key must be a text", key)
            if key.value in seen:
                raise _fault(f"the key '{key.value}' stands twice", key)
            seen.add(key.value)
        return super().construct_mapping(node, deep)

    def construct_word(self, node: yaml.Node) -> bool | int | float | None:
        """Null, a truth value or a number."""
        kind = node.tag.removeprefix(_TAG)
        text = node.value
        if not isinstance(node, yaml.ScalarNode) or not re.fullmatch(_WORDS[kind][0], text):
            raise _fault(f"this is no {kind}", node)
        if kind == "null":
            return None
        if kind == "bool":
            return bool(text.lower() == "true")
        if kind == "float":
            real = float(re.sub(r"\.(inf|nan)$", r"\1", text.lower()))
            if not math.isfinite(real):
                raise _fault("this is no finite number", node)
            return real
        digits = text.lstrip("+-0")
        whole = 0 if len(digits) > 20 else int(text, 0 if text[:2] in ("0o", "0x") else 10)
        if len(digits) > 20 or not -(2**63) <= whole < 2**63:
            raise _fault("the number has more than 64 bits", node)
        return whole

    def construct_text(self, node: yaml.ScalarNode) -> str:
        """A text that UTF-8 can write."""
        text: str = self.construct_scalar(node)
        if re.search("[\ud800-\udfff]", text):
            raise _fault("half of a surrogate pair is no character", node)
        return text

    def construct_other(self, node: yaml.Node) -> None:
        """Refuse every other tag."""
        raise _fault(f"the tag {node.tag.replace(_TAG, '!!')} means nothing here", node)


class _Dumper(yaml.SafeDumper):
    """Writes what ``_Loader`` reads: text is quoted where it would be read as something else."""

    yaml_implicit_resolvers = _Loader.yaml_implicit_resolvers


for _kind, (_written, _first) in _WORDS.items():
    _pattern = re.compile(f"^(?:{_written})$")
    _Loader.add_implicit_resolver(_TAG + _kind, _pattern, _first)
    _Loader.add_constructor(_TAG + _kind, _Loader.construct_word)
_Loader.add_implicit_resolver(_MERGE, re.compile("^<<$"), ["<"])
_Loader.add_constructor(_TAG + "str", _Loader.construct_text)
for _kind, _construct in (("seq", "construct_yaml_seq"), ("map", "construct_yaml_map")):
    _Loader.add_constructor(_TAG + _kind, getattr(yaml.SafeLoader, _construct))
_Loader.add_constructor(None, _Loader.construct_other)


def _too_long(source: str, remedy: str) -> SpecError:
    return SpecError(f"{source} has more than {MOST_BYTES // 1024} kB.", remedy=remedy)


def parse_yaml(text: str, *, source: str, remedy: str = "Correct the file.") -> Any:
    """What a text says: None, truth values, numbers, texts, lists, and mappings with texts as keys.

    Args:
        text: the YAML.
        source: where it is from, for the error.
        remedy: what to do about an error.

    Raises:
        SpecError: it is not YAML, a key stands twice, or a limit is passed.
    """
    if len(text.encode(errors="replace")) > MOST_BYTES:
        raise _too_long(source, remedy)
    try:
        return yaml.load(text, _Loader)  # a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = "" if mark is None else f" (line {mark.line + 1}, column {mark.column + 1})"
        reason = " ".join(", ".join(filter(None, [error.context, error.problem])).split())
        raise SpecError(f"{source} cannot be read: {reason}{place}.", remedy=remedy) from error
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # of escapes beyond Unicode
        reason = " ".join(str(error).split())
        raise SpecError(f"{source} cannot be read: {reason}.", remedy=remedy) from error


def read_yaml(path: Path) -> Any:
    """What a file says; see ``parse_yaml``.

    Raises:
        SpecError: it cannot be read, or a key stands twice.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise _too_long(str(path), "Correct the file.")
        text = content.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"{path} cannot be read: {error}.", remedy="Correct the file.") from error
    return parse_yaml(text, source=str(path))


def yaml_of(content: Any) -> str:
    """The text of a file that says ``content``."""
    text: str = yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True)
    return text

"""Suites, datasets, models and settings as strangers might write them, whole and damaged.

Everything is drawn from one random generator, so a case is known by its seed.
"""

from __future__ import annotations

import copy
import random
from dataclasses import dataclass
from typing import Any, Literal

from srgnn_bench.specs import registry
from srgnn_bench.specs.yaml_text import read_yaml, yaml_of

Kind = Literal["suite", "dataset", "model", "--set"]

KINDS: tuple[Kind, ...] = ("suite", "dataset", "model", "--set")
DAMAGES = ("none", "value", "value", "key", "text", "text", "alias", "deep")

WORDS = (
    "!!int ''", "!!float ''", "!!bool foo", "!!timestamp foo", "!!binary /w==", "!!python/name:os",
    "!!set {a}", "!mine x", "!!str [1]", "&a [*a]", "&a {x: *a}", "*nothing", "<<", "{<<: 1}",
    "99999999999999999999999", "-9223372036854775809", "1e999", ".inf", "-.nan", "1" * 5_000,
    "0x" + "f" * 99, "2014-02-30", "'2014-02-30'", "~", "''", "[]", "{}", "[[], {}]", "{1: 2}",
    "{[1]: 2}", "? x", "yes", "no", "-1", "0", "1", "2.5", "true", "..", "../../x", "/etc/passwd",
    "nul", '"\\e[31m"', '"\\u202E"', '"\\0"', '"\\ud800"', '"\\Uffffffff"', "x.yaml", "\\", "%",
    "__import__('os').system('false')", "srgnn", "ml-100k", "recall@20", "CE",
    "'" + "x" * 300 + "'", "|\n  two\n  lines", "{type: choice, values: []}", "[srgnn, srgnn]",
    "{type: int, low: 3, high: 1}",
)  # fmt: skip
INSERTED = ("[", "{", "]", "}", ":", "- ", "\n", "\t", "&a ", "*a", "!", "|", "'", '"', "#", "\x00")
KEYS = (
    "training.epochs", "training", "training.learning_rate", "training.loss_type", "seeds", "seed",
    "tuning", "tuning.trials", "tuning.seconds", "protocol.kind", "protocol", "models", "datasets",
    "models.srgnn.step", "models.srgnn", "models.nobody.x", "title", "note", "name", "", ".", "x.y",
    "keep_lists", "time_limit_seconds", "metrics", "cutoffs", "configurations_from", "models.x=.y",
)  # fmt: skip


@dataclass(frozen=True)
class SpecCase:
    """One input.

    Attributes:
        kind, damage: what it is, and what was done to it.
        text: of a file, or of a setting.
    """

    kind: Kind
    damage: str
    text: str


def generate(seed: int) -> SpecCase:
    """The case of that number."""
    draw = random.Random(seed)
    kind, damage = draw.choice(KINDS), draw.choice(DAMAGES)
    if kind == "--set":
        return SpecCase(kind, "setting", f"{draw.choice(KEYS)}={draw.choice(WORDS)}")
    folder = registry.properties_folder() / kind
    content = read_yaml(folder / f"{draw.choice(registry.names(kind))}.yaml")
    return SpecCase(kind, damage, _damaged(draw, damage, copy.deepcopy(content)))


def _damaged(draw: random.Random, damage: str, content: dict[str, Any]) -> str:
    if damage in ("value", "key"):
        mark = "PLACE-OF-THE-DAMAGE"
        holder = draw.choice(_holders(content))
        if isinstance(holder, list):
            holder[draw.randrange(len(holder))] = mark
        elif damage == "value":
            holder[draw.choice(list(holder))] = mark
        else:
            holder[mark] = holder.pop(draw.choice(list(holder)))
        return yaml_of(content).replace(mark, draw.choice(WORDS))
    text = yaml_of(content)
    place = draw.randrange(len(text))
    if damage == "text":
        for _ in range(draw.randint(1, 3)):
            place = draw.randrange(len(text) + 1)
            how = draw.choice(("insert", "delete", "cut"))
            rest = {"insert": place, "delete": place + draw.randint(1, 9), "cut": len(text)}[how]
            text = text[:place] + (draw.choice(INSERTED) if how == "insert" else "") + text[rest:]
    if damage == "alias":
        most = draw.randint(2, 12)
        lists = "".join(f"z{n}: &z{n} [{f'*z{n - 1}, ' * 9}1]\n" for n in range(1, most))
        text += "z0: &z0 [1]\n" + lists
    if damage == "deep":
        text += "z: " + draw.choice("[{") * draw.choice((3, 40, 3_000)) + "\n"
    return text


def _holders(content: Any) -> list[Any]:
    """Every list and mapping in a content that holds something."""
    inner = content.values() if isinstance(content, dict) else content
    below = [each for part in inner if isinstance(part, dict | list) for each in _holders(part)]
    return [content, *below] if content else below

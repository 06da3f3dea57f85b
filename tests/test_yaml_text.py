"""YAML of strangers: plain values within limits, or one error that names the place, at once."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from srgnn_bench import registry
from srgnn_bench.errors import BenchError, SpecError
from srgnn_bench.selection import select
from srgnn_bench.yaml_text import MOST_BYTES, MOST_VALUES, parse_yaml, read_yaml, yaml_of

EXAMPLES = int(os.environ.get("SRGNN_BENCH_FUZZ", "100"))
"""Generated inputs of each kind; more on demand."""


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("no", "no"),
        ("2014-02-30", "2014-02-30"),
        ("[true, null, ~, 017, 0x1f]", [True, None, None, 17, 31]),
        ("{a: &x [1], b: *x}", {"a": [1], "b": [1]}),
    ],
)
def test_plain_words_are_those_of_the_core_schema(text: str, value: object) -> None:
    assert parse_yaml(text, source="a test") == value


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a: &x [*x]", "an alias stands within what it repeats"),
        ("a: &x {b: {c: *x}}", "an alias stands within what it repeats"),
        ("a: " + "[" * 40_000, "more than 32 levels"),
        ("a: " + "{b: " * 40 + "1" + "}" * 40, "more than 32 levels"),
        ("a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
            f"{new}: &{new} [{','.join([f'*{old}'] * 10)}]\n"
            for old, new in zip("abcdef", "bcdefg", strict=True)
        ), f"more than {MOST_VALUES} values"),
        ("a: [" + "1," * 6_000 + "]", f"more than {MOST_VALUES} values"),
        ("a: 1\na: 2", "the key 'a' stands twice"),
        ("1: 2", "a key must be a text"),
        ("? [a]\n: 2", "a key must be a text"),
        ("a: !!int ''", "this is no int"),
        ("a: !!float foo", "this is no float"),
        ("a: !!timestamp foo", "the tag !!timestamp means nothing here"),
        ("a: !!python/object/apply:os.system [ls]", "means nothing here"),
        ("a: 99999999999999999999999", "more than 64 bits"),
        ("a: " + "9" * 5_000, "more than 64 bits"),
        ("a: 1e999", "no finite number"),
        ("a: .nan", "no finite number"),
        ('a: "\\UFFFFFFFF"', "cannot be read"),
        ("a: [1", "line"),
        ("x" * (MOST_BYTES + 1), "has more than 128 kB"),
    ],
)  # fmt: skip
def test_what_is_not_plain_is_one_line(text: str, complaint: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SpecError) as caught:
        read_yaml(path)
    assert complaint in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


seen = st.characters(exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp"])
words = st.text(seen, max_size=8)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(seen, max_size=20)
)
plain = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
    max_leaves=12,
)


@given(plain)
@settings(max_examples=EXAMPLES, deadline=None)
def test_what_is_written_is_read_again(content: object) -> None:
    assert parse_yaml(yaml_of({"content": content}), source="a test") == {"content": content}


noise = st.text(max_size=60) | st.text("[]{}&*!:,-?|>#%@'\"\n ab1.~<", max_size=60)


@given(noise)
@settings(max_examples=EXAMPLES, deadline=None)
def test_any_text_is_a_value_or_one_line(text: str) -> None:
    with contextlib.suppress(SpecError):
        parse_yaml(text, source="a test")


@given(st.sampled_from(["seeds", "training.epochs", "models.srgnn.step", "x.y", ""]) | noise, noise)
@settings(max_examples=EXAMPLES, deadline=None)
def test_any_setting_is_taken_or_refused_in_one_line(key: str, value: str) -> None:
    with contextlib.suppress(BenchError):
        select(registry.suite("quick"), settings=[f"{key}={value}"])

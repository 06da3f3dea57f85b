"""YAML is plain values within limits, and every other file is one error with its place."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from srgnn_bench.errors import SpecError
from srgnn_bench.specs.registry import properties_folder
from srgnn_bench.specs.yaml_text import (
    DEEPEST,
    MOST_BYTES,
    MOST_VALUES,
    parse_yaml,
    read_yaml,
    yaml_of,
)

SHARED = """
a: &a [1, 2, 3]
b: *a
"""
BILLION = "\n".join(
    ["l0: &l0 [x, x, x, x, x, x, x, x, x, x]"]
    + [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 9)]
)
MERGED = "\n".join(
    ["m0: &m0 {x: 1, y: 2}"]
    + [f"m{n}: &m{n} {{<<: [{', '.join([f'*m{n - 1}'] * 10)}]}}" for n in range(1, 9)]
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("1E3", 1000.0),
        (".5", 0.5),
        ("1_000", 1000),
        ("0x1F", 31),
        ("0o17", 15),
        ("017", 17),
        ("-9223372036854775808", -(2**63)),
        ("no", "no"),
        ("Yes", "Yes"),
        ("on", "on"),
        ("12:30:00", "12:30:00"),
        ("2019-02-30", "2019-02-30"),
        ("True", True),
        ("~", None),
        ("", None),
        ("'1'", "1"),
        ("!!str 1", "1"),
        ("!!float 1", 1.0),
        ("{<<: {a: 1}, b: 2}", {"a": 1, "b": 2}),
        (SHARED, {"a": [1, 2, 3], "b": [1, 2, 3]}),
    ],
)
def test_words_mean_what_the_core_schema_says(text: str, value: Any) -> None:
    read = parse_yaml(text, source="here")
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("&a {b: *a}", "stands within what it repeats"),
        ("- &a [[*a]]", "stands within what it repeats"),
        (BILLION, f"more than {MOST_VALUES} values"),
        (MERGED, f"more than {MOST_VALUES} values"),
        ("[" + "x, " * MOST_VALUES + "]", f"more than {MOST_VALUES} values"),
        ("[" * (DEEPEST + 2), f"more than {DEEPEST} levels"),
        ("- " * 3_000, f"more than {DEEPEST} levels"),
        ("a: " + "x" * MOST_BYTES, "kB"),
        ("!!int ''", "no int"),
        ("!!float ''", "no float"),
        ("!!bool perhaps", "no bool"),
        ("!!int [1]", "no int"),
        ("!!map x", "expected a mapping node"),
        ("{!!str [1]: 2}", "a key must be a text"),
        ("!!timestamp tomorrow", "!!timestamp means nothing"),
        ("!!binary /w==", "!!binary means nothing"),
        ("!!python/object/apply:os.getcwd []", "means nothing"),
        ("!mine x", "means nothing"),
        ("9" * 30, "more than 64 bits"),
        ("9" * 9_999, "more than 64 bits"),
        ("9223372036854775808", "more than 64 bits"),
        ("0x" + "f" * 17, "more than 64 bits"),
        ("1e999", "no finite number"),
        ("-.inf", "no finite number"),
        (".nan", "no finite number"),
        ('"\\ud800"', "surrogate"),
        ('"\\Uffffffff"', "cannot be read"),
        ("\x00", "cannot be read"),
        ("{a: 1, a: 2}", "the key 'a' stands twice"),
        ("{1: x}", "a key must be a text"),
        ("{[a]: 1}", "a key must be a text"),
        ("a: *b", "undefined alias"),
        ("--- 1\n--- 2", "single document"),
        ("[", "(line 1, column 2)"),
    ],
)
def test_what_is_no_such_value_is_one_line(text: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse_yaml(text, source="here")
    assert message in str(caught.value)
    assert "here" in caught.value.problem
    assert "\n" not in str(caught.value)


def test_a_file_is_named_and_never_read_beyond_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(b"title: \xff")
    with pytest.raises(SpecError, match=r"mine\.yaml"):
        read_yaml(path)
    path.write_bytes("ä".encode() * MOST_BYTES)
    with pytest.raises(SpecError, match="kB"):
        read_yaml(path)


def test_every_shipped_file_is_read() -> None:
    paths = sorted(properties_folder().rglob("*.yaml"))
    assert len(paths) > 20
    for path in paths:
        assert isinstance(read_yaml(path), dict)


WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12) | st.sampled_from(
    ["no", "yes", "1e-3", "1_0", "0o7", "null", "~", "", "<<", ".inf", "2019-01-01", "true", "!!x"]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | WORDS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(WORDS.filter(lambda key: key != "<<"), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=60)
@given(VALUES)
def test_what_is_written_is_read_again(value: Any) -> None:
    read = parse_yaml(yaml_of(value), source="here")
    assert read == value
    if isinstance(value, float):
        assert math.copysign(1, read) == math.copysign(1, value)

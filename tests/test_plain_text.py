from __future__ import annotations

import pytest

from srgnn_bench.plain_text import at_most, counted


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("one two three", "one two three"),
        ("one\n  two\tthree", "one two three"),
        ("one two three four", "one two …"),
        ("one, two, three, four", "one, two …"),
        ("fourteen-letters", "fourteen-let …"),
    ],
)
def test_a_message_is_cut_before_a_word(text, shown):
    assert at_most(13, text) == shown


def test_one_thing_is_no_plural() -> None:
    words = [counted(number, "run") for number in (0, 1, 2, 1_000)]
    assert words == ["0 runs", "1 run", "2 runs", "1,000 runs"]

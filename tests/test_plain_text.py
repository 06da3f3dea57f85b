from __future__ import annotations

import pytest

from srgnn_bench.plain_text import at_most


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

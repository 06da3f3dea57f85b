"""Names, paths and titles of strangers: none leaves its folder, none hides anything."""

from __future__ import annotations

import pytest

from srgnn_bench.plain_text import checked_name, checked_path, checked_text, checked_title, visible


@pytest.mark.parametrize("name", ["srgnn", "yoochoose1_64", "GRU4Rec-2.0", "änderung", "1"])
def test_plain_names(name: str) -> None:
    assert checked_name(name) == name


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", ".hidden", "a/b", "a\\b", "a b", "a.", "-x", "CON", "nul.txt", "lpt1", "a\n",
     "a\x00", "a\u202eb", "C:", "x" * 101, "ä" * 60],
)  # fmt: skip
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"name"):
        checked_name(name)


@pytest.mark.parametrize("path", ["log.csv", "a/b c/d.csv", "événements.tsv"])
def test_plain_paths(path: str) -> None:
    assert checked_path(path) == path


@pytest.mark.parametrize(
    "path",
    ["", ".", "..", "/etc/passwd", "../x", "a/../../x", "a//b", "a/", "C:x", "a\\b", "a\x00b", "\n",
     "x" * 256],
)  # fmt: skip
def test_paths_that_leave_the_folder_are_refused(path: str) -> None:
    with pytest.raises(ValueError, match=r"path"):
        checked_path(path)


@pytest.mark.parametrize("text", ["\x1b[31mred", "\u202eltr", "\x00", "\x9b1m", "\ufeffx"])
def test_unseen_characters_are_refused_in_texts_and_written_out_when_shown(text: str) -> None:
    with pytest.raises(ValueError, match="unseen character"):
        checked_text(text)
    assert visible(text).isprintable()
    assert visible("tab\tand\nline stay, é too") == "tab\tand\nline stay, é too"


@pytest.mark.parametrize("title", ["", "  ", "two\nlines", "tab\t", "\x1b"])
def test_titles_are_one_line(title: str) -> None:
    with pytest.raises(ValueError, match=r"title|unseen"):
        checked_title(title)

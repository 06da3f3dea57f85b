"""Logs that say something else than they mean: told, counted, and nothing else touched."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from data_files import spec_of, write_log

from srgnn_bench.data.card import card_of
from srgnn_bench.data.doubts import RULES
from srgnn_bench.data.prepare import PreparedDataset, prepare
from srgnn_bench.specs.dataset import DatasetSpec

DAY = 86_400
NOW = 1_700_000_000
PLAIN = [(s, item, NOW + 1000 * s + place) for s in range(1, 9) for place, item in enumerate("abc")]


def prepared(
    folder: Path, rows: Sequence[Sequence[Any]], source: dict[str, Any] | None = None
) -> PreparedDataset:
    (folder / "mine").mkdir(exist_ok=True)
    write_log(folder / "mine", rows)
    spec = spec_of(source)
    data = prepare(spec, data_root=folder, cache=folder / "cache")
    assert card_of(data, spec).warnings == data.warnings
    again = prepare(spec, data_root=folder, cache=folder / "cache")  # from the cache
    assert (again.doubts, again.warnings) == (data.doubts, data.warnings)
    return data


def test_a_log_that_means_what_it_says_raises_no_doubt(tmp_path: Path) -> None:
    data = prepared(tmp_path, PLAIN)
    assert data.doubts == {}
    assert data.warnings == ()


@pytest.mark.parametrize("column", ["user", "session"])
def test_ids_that_two_columns_make_are_doubted_by_column(tmp_path: Path, column: str) -> None:
    rows = [
        [*(strange if column == role else "x" for role in ("user", "session")), item, NOW + place]
        for strange in ("NULL", " 7", "9 ", "8")
        for place, item in enumerate("ab")
    ]
    folder = tmp_path / "mine"
    folder.mkdir()
    write_log(folder, rows, header="user,session,item,time")
    columns = {role: role for role in ("user", "session", "item", "time")}
    spec = spec_of({"columns": columns, "ids": "text"})
    data = prepare(spec, data_root=tmp_path, cache=tmp_path / "cache")
    assert data.doubts["no value"] == {"ids": 1, "clicks": 2, "first": "NULL"}
    assert data.doubts["outer spaces"] == {"ids": 2, "clicks": 4, "first": " 7"}


def scaled(factor: float) -> list[tuple[Any, Any, Any]]:
    return [(session, item, round(time * factor)) for session, item, time in PLAIN]


@pytest.mark.parametrize(
    ("rule", "rows", "said", "words"),
    [
        (
            "outer spaces",
            [*PLAIN, (1, " a", NOW), ("9 ", "a", NOW + 9000), ("9 ", "b", NOW + 9001)],
            {"ids": "text"},
            "2 ids begin or end with a space, in 3 clicks (' a' is the first)",
        ),
        (
            "no value",
            [*PLAIN, (1, "NULL", NOW), ("nan", "a", NOW + 1), ("nan", "b", NOW + 2)],
            {"ids": "text"},
            "2 ids look as if there were no value, in 3 clicks ('NULL' is the first)",
        ),
        ("duplicates", [*PLAIN, PLAIN[3], PLAIN[3]], {}, "2 of 26 clicks repeat another one"),
        ("one time", [(s, i, NOW) for s, i, _ in PLAIN], {}, "all 24 clicks bear the same time"),
        ("another unit", scaled(1 / 60), {}, "says seconds, but .* looks like minutes"),
        ("another unit", scaled(1 / DAY), {}, "says seconds, but .* looks like days"),
        (
            "another unit",
            scaled(1),
            {"time_format": "milliseconds"},
            "says milliseconds, but .* has 1700008002, which looks like seconds",
        ),
        (
            "another unit",
            scaled(1000),
            {"time_format": "microseconds"},
            "says microseconds, but .* looks like milliseconds",
        ),
        (
            "another unit",
            scaled(100),  # centiseconds are none of the units, seconds of the year 7000 are none
            {},
            None,
        ),
        (
            "January 1970",
            [(s, i, f"1970-01-20T{10 + s}:13:2{i == 'a':d}") for s, i, _ in PLAIN],
            {"time_format": "iso"},
            "all 24 clicks are of January 1970",
        ),
    ],
)
def test_each_doubt_is_told_with_its_count(
    tmp_path: Path,
    rule: str,
    rows: list[tuple[Any, Any, Any]],
    said: dict[str, Any],
    words: str | None,
) -> None:
    data = prepared(tmp_path, rows, said)
    if words is None:
        assert rule not in data.doubts
        return
    assert rule in data.doubts
    [warning] = [w for w in data.warnings if matches(words, w)]
    assert warning.startswith("mine: ")


def matches(words: str, warning: str) -> bool:
    """Whether all the parts of a text, with anything in between, stand in another one."""
    place = 0
    for part in words.split(".*"):
        place = warning.find(part.strip(), place)
        if place < 0:
            return False
    return True


def test_session_numbers_that_users_share_are_told_and_the_pair_heals_them(tmp_path: Path) -> None:
    rows = [
        (user, visit, (user + visit + place) % 5, NOW + DAY * (2 * user + visit) + 30 * place)
        for user in range(20)
        for visit in (1, 2, 3)
        for place in range(3)
    ]
    folder = tmp_path / "mine"
    folder.mkdir()
    write_log(folder, rows, header="user,session,item,time")

    def read(**columns: str) -> PreparedDataset:
        columns = {"item": "item", "time": "time", "session": "session", **columns}
        spec = spec_of({"columns": columns})
        return prepare(spec, data_root=tmp_path, cache=tmp_path / "cache")

    shared = read()
    assert len(shared.train) + len(shared.test) == 3
    [warning] = shared.warnings
    assert "3 of 3 sessions with several clicks last longer than a day" in warning
    assert "at least 38 days, with 60 clicks" in warning
    assert "`user` beside `session`" in warning
    apart = read(user="user")
    assert len(apart.train) + len(apart.test) == 60
    assert apart.warnings == ()


def test_a_list_that_is_taken_for_an_item_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    rows = ["session_id:token\titem_id:token_seq\ttimestamp:float"]
    rows += [f"{s}\t{item}\t{NOW + 100 * s}" for s in (1, 2, 3) for item in ("a b", "c")]
    (folder / "x.inter").write_text("\n".join(rows))
    source = {"name": "own", "kind": "recbole_interactions", "files": "x.inter"}
    spec = DatasetSpec.model_validate({**spec_of().model_dump(), "sources": [source]})
    data = prepare(spec, data_root=tmp_path, cache=tmp_path / "cache")
    assert data.doubts["item lists"] == {"lists": 3, "clicks": 6}
    assert any("of several items in 3 of 6 clicks" in warning for warning in data.warnings)


def test_prepared_sessions_of_an_older_version_are_made_again(tmp_path: Path) -> None:
    prepared(tmp_path, [*PLAIN, PLAIN[0]])
    [facts] = (tmp_path / "cache").rglob("facts.json")
    facts.write_text('{"steps": [], "dropped": {}}')
    again = prepare(spec_of(None), data_root=tmp_path, cache=tmp_path / "cache")
    assert "duplicates" in again.doubts
    assert any("made again" in warning for warning in again.warnings)


def test_every_rule_has_a_name_of_its_own() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)

"""What the report says of how sessions were divided, and of what the data sets can show."""

from __future__ import annotations

from typing import Any

import pytest
from made_up import write_again, write_suite

from srgnn_bench.report.captions import card, describe_cautions, notes, protocol_line
from srgnn_bench.report.card import protocol_card
from srgnn_bench.report.results import SuiteResults, load_suite
from srgnn_bench.specs import registry
from srgnn_bench.specs.preparation import Division
from srgnn_bench.store.store import ResultStore

BY_TIME = (
    "Whole sessions, by time, before prefixes are made: the newest 10% of the training sessions "
    "validate; no session is on two sides"
)


def results_with(store: ResultStore, kind: str = "temporal", **facts: dict[str, Any]) -> Any:
    """A suite of the data sets that are named, whose records say this of them."""
    write_suite(store, datasets=len(facts), models=2, seeds=1, sessions=20, kind=kind)
    for record in list(store.records()):
        changed = facts[record.identity.dataset]
        write_again(store, record, dataset=record.dataset.model_copy(update=changed))
    return load_suite(store, suite="made-up")


def split_of(results: SuiteResults) -> str:
    return protocol_card(results)["Split"]


@pytest.mark.parametrize("division", [None, "by time"])
def test_older_records_were_divided_by_time(store: ResultStore, division: Division | None) -> None:
    results = results_with(store, diginetica={"division": division})
    assert "the newest 10% of the training sessions choose" in protocol_line(results)
    assert split_of(results).startswith(f"{BY_TIME}. Prefixes")
    assert describe_cautions(results) == []


def test_sessions_that_stand_on_both_sides_are_not_called_whole(store: ResultStore) -> None:
    results = results_with(store, diginetica={"division": "within sessions"})
    line, split = protocol_line(results), split_of(results)
    assert "Protocol temporal: the ends of the training sessions choose configuration" in line
    assert split.startswith("Within sessions: their ends are the test")
    for text in (line, split):
        assert "by time" not in text
        assert "newest" not in text
        assert "on two sides" not in text
    [caution] = describe_cautions(results)
    assert caution == (
        "LETS THE FUTURE IN: Diginetica: models train on clicks newer than those they are judged "
        "on; do not compare with splits by time."
    )
    assert caution in card(results)


def test_sessions_within_are_told_where_the_test_chose_the_epoch(store: ResultStore) -> None:
    results = results_with(store, "published", diginetica={"division": "within sessions"})
    assert split_of(results).startswith("The ends of the data set's sessions, whose beginnings")
    assert any(note.startswith("LETS THE FUTURE IN") for note in notes(results))


def test_what_a_publisher_split_is_not_said_to_be_split_by_time(store: ResultStore) -> None:
    results = results_with(store, diginetica={"division": "published"})
    assert "the newest 10% of the training sessions choose" in protocol_line(results)
    assert split_of(results).startswith("Whole sessions, as published, before prefixes are made: ")
    assert "by time" not in split_of(results)


def test_a_published_validation_side_has_no_share(store: ResultStore) -> None:
    results = results_with(store, diginetica={"division": "published with validation"})
    line, split = protocol_line(results), split_of(results)
    assert "Protocol temporal: the validation sessions as published choose" in line
    assert split.startswith("Whole sessions, as published, those that validate too. ")
    assert "10%" not in line + split
    tuning = protocol_card(results)["Tuning"]
    assert "of the training sessions, and the validation sessions as published" in tuning


def test_data_sets_are_named_where_they_differ(store: ResultStore) -> None:
    results = results_with(
        store, diginetica={"division": "within sessions"}, yoochoose1_64={"division": None}
    )
    both = (
        "Protocol temporal: the ends of the training sessions (Diginetica) or the newest 10% of "
        "the training sessions (Yoochoose 1/64) choose"
    )
    assert protocol_line(results).startswith(both)
    assert f"{BY_TIME} (Yoochoose 1/64)." in split_of(results)
    alone = protocol_line(results, datasets=["yoochoose1_64"])
    assert "temporal: the newest 10% of the training sessions choose" in alone


NOTE = "Its clicks were made up."


def test_a_note_of_a_data_set_stands_under_what_shows_it(store: ResultStore) -> None:
    results = results_with(store, diginetica={"note": NOTE}, yoochoose1_64={})
    told = f"Diginetica: {NOTE}"
    assert notes(results).count(told) == card(results).count(told) == 1
    assert told in card(results, datasets=["diginetica"])
    assert told not in card(results, datasets=["yoochoose1_64"])
    assert told in protocol_card(results)["Cautions"]


def test_windows_of_one_data_set_have_its_note_once(store: ResultStore) -> None:
    facts = {"note": NOTE, "window_of": "Shop"}
    results = results_with(store, diginetica=facts, yoochoose1_64=facts)
    assert [note for note in notes(results) if NOTE in note] == [f"Shop: {NOTE}"]


@pytest.mark.parametrize("suite", ["quick", "everything"])
def test_a_suite_for_any_data_says_nothing_of_its_own(suite: str) -> None:
    note, of_data = registry.suite(suite).note, registry.dataset("ml-100k").note
    assert note is not None
    assert of_data is not None
    assert "MovieLens ratings are barely sequential" in of_data
    assert "MovieLens" not in note
    assert "idle" not in note

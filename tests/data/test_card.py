"""What a data card says of a dataset."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest
from data_files import prepared, spec_of
from hypothesis import given
from hypothesis import strategies as st

from srgnn_bench.data.card import DataCard, _ranks, card_of, shuffle_diagnostic
from srgnn_bench.data.sessions import Sessions
from srgnn_bench.report.data_card import markdown, sections, write_data_card
from srgnn_bench.specs.dataset import DatasetSpec

LOG = [
    (1, 5, 86_400),
    (1, 6, 86_401),
    (1, 5, 86_402),
    (2, 5, 90_000),
    (2, 6, 90_001),
    (3, 6, 90_100),
    (3, 9, 90_200),
    (3, 5, 90_300),
    (4, 5, 90_400),
    (4, 9, 90_500),
]


def test_a_card_counts_what_is_there(tmp_path: Path) -> None:
    card = card_of(prepared(tmp_path, LOG), spec_of())
    assert (card.train.sessions, card.train.clicks, card.train.prefixes) == (2, 5, 3)
    assert (card.test.sessions, card.test.clicks, card.test.prefixes) == (2, 5, 3)
    assert card.train.first == "1970-01-02 00:00:02"
    assert card.test.last == "1970-01-02 01:08:20"
    assert card.train.lengths == {2: 1, 3: 1}
    assert card.train.repeat_rate == pytest.approx(1 / 3)
    assert card.test.repeat_rate == 0
    assert (card.unknown.items, card.unknown.targets) == (1, 2)
    assert card.unknown.item_share == pytest.approx(1 / 3)
    assert card.unknown.target_share == pytest.approx(2 / 3)
    assert card.kind.span_seconds == 200
    assert card.kind.repeated_sessions == 0


def test_a_card_says_what_the_test_is(tmp_path: Path) -> None:
    log = [*LOG, (5, 5, 90_450), (5, 6, 90_460)]  # session 5 repeats session 2
    card = card_of(prepared(tmp_path, log), spec_of())
    assert card.kind.repeated_sessions == 1
    page = markdown(card)
    assert "| span of the test | 40 seconds |" in page
    assert "| test sessions that repeat a training session whole | 1 (50.0%) |" in page


def test_leave_one_out_judges_only_the_last_click(tmp_path: Path) -> None:
    data = prepared(tmp_path, LOG, split={"kind": "leave_one_out"})
    card = card_of(data, spec_of())
    assert card.test.sessions == card.test.prefixes == card.counts.test_prefixes == 2
    assert card.warnings == data.warnings != ()


def chain(*, count: int, items: int) -> list[list[int]]:
    """Sessions in which item i is always followed by i + 1."""
    chance = random.Random(0)
    starts = [chance.randrange(items) for _ in range(count)]
    return [[(start + k) % items + 1 for k in range(5)] for start in starts]


def test_a_chain_loses_much_by_shuffling_and_chance_loses_nothing() -> None:
    ordered = shuffle_diagnostic(Sessions.from_lists(chain(count=500, items=50)))
    assert ordered is not None
    assert ordered.mrr == pytest.approx(1.0)
    assert ordered.loss > 0.5
    assert ordered.judged == 50 * 4
    chance = random.Random(0)
    random_sessions = [[chance.randrange(1, 9) for _ in range(5)] for _ in range(2000)]
    unordered = shuffle_diagnostic(Sessions.from_lists(random_sessions))
    assert unordered is not None
    assert abs(unordered.loss) < 0.05


def test_too_few_sessions_have_no_diagnostic() -> None:
    assert shuffle_diagnostic(Sessions.from_lists([[1, 2, 3]])) is None
    assert shuffle_diagnostic(Sessions.from_lists([[1, 2], [3]])) is None


pairs = st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), max_size=40)


@given(fitted=pairs, judged=pairs)
def test_markov_ranks_count_ties_against_the_target(
    fitted: list[tuple[int, int]], judged: list[tuple[int, int]]
) -> None:
    width = 6
    as_numbers = [np.array([a * width + b for a, b in p], dtype=np.int64) for p in (fitted, judged)]
    expected = []
    for a, b in judged:
        counts = {other: fitted.count((a, other)) for other in range(1, 6)}
        at_least = sum(1 for n in counts.values() if n >= counts[b])
        expected.append(at_least if counts[b] else 21)
    assert _ranks(*as_numbers, width=width).tolist() == expected


def test_a_card_is_written_as_json_markdown_and_figure(tmp_path: Path) -> None:
    expected = {"own": {"train_sessions": 2, "test_sessions": 9}}
    spec = DatasetSpec.model_validate(
        {**spec_of().model_dump(), "expected": expected, "note": "Small."}
    )
    data = prepared(tmp_path, LOG)
    card = card_of(data, spec).model_copy(
        update={"dropped": {"no item": 3}, "warnings": ("counts differ",)}
    )
    paths = write_data_card(card, out=tmp_path / "card")
    assert {path.name for path in paths} >= {"card.json", "card.md", "card.pdf", "card.png"}
    assert all(path.stat().st_size for path in paths)
    stored = json.loads((tmp_path / "card" / "card.json").read_text())
    assert DataCard.model_validate(stored) == card
    page = markdown(card)
    for text in ("counts differ", "no item | 3", "Small.", "| test sessions | 2 | 9 | MISMATCH |"):
        assert text in page
    assert all(len(row) == len(part.columns) for part in sections(card) for row in part.rows)

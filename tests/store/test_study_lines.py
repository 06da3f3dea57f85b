"""A study's lines: each has a checksum, none is lost unseen."""

from __future__ import annotations

from pathlib import Path

import pytest

from srgnn_bench.errors import StoreError
from srgnn_bench.store.keys import key_of
from srgnn_bench.store.store import ResultStore
from srgnn_bench.store.study import StoredStudy, StudyFacts, Trial

FACTS = StudyFacts(
    key=key_of({"seed": 1, "space": {}}),
    dataset="tiny",
    model="model",
    title="Model",
    identity={"seed": 1},
    space={},
)
TRIALS = [
    Trial(number=n, state="complete", value=n / 7, parameters={"a": n}, epochs=(), seconds=1.5)
    for n in range(5)
]


@pytest.fixture
def study(tmp_path: Path) -> StoredStudy:
    store = ResultStore(tmp_path)
    found = store.study(dataset="tiny", model="model", key=FACTS.key)
    found.write_trials(FACTS, TRIALS)
    return found


def test_what_is_written_is_read_back_exactly(study: StoredStudy) -> None:
    assert study.trials() == TRIALS
    assert study.facts() == FACTS.model_copy(update={"lines": 5})


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        (lambda lines: lines[:-1], "4 lines after the first, not 5"),
        (lambda lines: lines[:2] + lines[3:], "4 lines after the first, not 5"),
        (lambda lines: [*lines[:3], lines[3].replace("0.2857", "0.9857"), *lines[4:]], "line 4: "),
        (lambda lines: [lines[0].replace("Model", "Modem"), *lines[1:]], "line 1: "),
        (lambda lines: [], "line 1: "),
        (lambda lines: [*lines[:-1], lines[-1][:40]], "line 6: "),
    ],
)
def test_damage_is_named_and_nothing_is_guessed(study: StoredStudy, damage, what: str) -> None:
    path = study.path / "trials.ndjson"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("".join(f"{line}\n" for line in damage(lines)), encoding="utf-8")
    with pytest.raises(StoreError, match=what) as caught:
        study.trials()
    assert "the next run makes its trials again" in caught.value.remedy


def test_another_studys_lines_are_refused(study: StoredStudy) -> None:
    other = FACTS.model_copy(update={"identity": {"seed": 2}})
    other = other.model_copy(update={"key": key_of({"seed": 2, "space": {}})})
    study.write_trials(other, TRIALS)
    with pytest.raises(StoreError, match="another study's"):
        study.trials()

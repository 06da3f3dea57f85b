"""The address of the studies never shows its password, whatever is wrong with it."""

from __future__ import annotations

import traceback

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from srgnn_bench.errors import BenchError, SpecError, StoreError
from srgnn_bench.tuning.server import StudyServer

pytest.importorskip("psycopg", reason="needs the extra 'distributed'")

NOBODY = "127.0.0.1:9"  # a port where nothing answers

MALFORMED = [
    "postgresql://bench:hunter2@more@{}/studies",
    "postgresql://bench:more@hunter2@{}/studies",
    "postgresql://bench:hunter2/more@{}/studies",
    "postgresql://bench:more/hunter2@{}/studies",
    "postgresql://bench:hunter2?more@{}/studies",
    "postgresql://bench:hunter2#more@{}/studies",
    "postgresql://bench:1?@hunter2@{}/studies",
    "postgresql://bench:hunter2%@{}/studies",
    "postgresql://bench:hunter2%zz@{}/studies",
    "postgresql://bench:hunter2 more@{}/studies",
    "postgresql://bench:[hunter2@{}/studies",
    "postgresql://bench:hunter2",
    "postgresql://bench:hunter2/studies",
    "postgresql://bench@127.0.0.1:hunter2/studies",
    "postgresql://{}/studies?password=hunter2&more",
    "postgresql://{}/studies?passwort=hunter2",
    "postgresql://{}/studies?password=hunter2%",
    "bench:hunter2@{}/studies",
    "mysql://bench:hunter2@{}/studies",
    "password=hunter2 host=127.0.0.1",
    "hunter2",
]

SOUND = [
    "postgresql://bench:hunter2@{}/studies",
    "postgres://bench:hunter2@{}/studies?connect_timeout=2",
    "postgresql://bench:hunter2:more@{}/studies",
    "postgresql://bench:hunter%32@{}/studies",
    "postgresql://bench:hunter2%40more@{}/studies",
    "postgresql://{}/studies?user=bench&password=hunter2",
    "postgresql://{}/studies?user=bench&sslpassword=hunter2",
    "postgresql://bench:hunter2@{}/hunter2",
]


def told(url: str, kind: type[BenchError]) -> str:
    """All that is said of an address: the error and its traceback, causes included."""
    with pytest.raises(kind) as caught:
        StudyServer(url)
    assert "\n" not in str(caught.value)
    return str(caught.value) + "".join(traceback.format_exception_only(caught.value))


@pytest.mark.parametrize("url", MALFORMED)
def test_an_address_that_is_no_url_is_refused_without_a_part_of_it(url: str) -> None:
    said = told(url.format(NOBODY), SpecError)
    assert "hunter" not in said
    assert "more" not in said


@pytest.mark.parametrize("url", SOUND)
def test_a_server_that_is_not_there_is_named_without_the_password(url: str) -> None:
    said = told(url.format(NOBODY), StoreError)
    assert "hunter2" not in said
    assert "127.0.0.1" in said


def test_a_password_of_digits_may_look_like_a_port() -> None:
    assert "54321" not in told("postgresql://localhost:54321", StoreError)


SIGNS = st.text("ab1@:/?#%[]& =", max_size=6)


@settings(max_examples=50)
@given(SIGNS, SIGNS)
@example("", "%a1")
def test_no_signs_around_a_password_bring_it_out(before: str, after: str) -> None:
    url = f"postgresql://bench:{before}hunter2{after}@{NOBODY}/studies"
    with pytest.raises(BenchError) as caught:
        StudyServer(url)
    assert "hunter2" not in str(caught.value)

"""``srgnn-bench datasets``: from a log of one's own to its card, and what goes wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from srgnn_bench.cli import main

YAML = """\
title: My shop
citation: none
licence: mine
obtain: Export it again.
sources:
  - name: own
    kind: table
    files: clicks.csv
    columns: {session: visit, item: product, time: when}
    time_format: iso
preparation:
  filters:
    - {step: min_session_length, clicks: 2}
  split: {kind: newest_sessions, fraction: 0.2}
expected:
  own: {train_sessions: 7}
"""


def run(*arguments: str | Path) -> int:
    with pytest.raises(SystemExit) as caught:
        main([str(argument) for argument in arguments])
    return int(caught.value.code or 0)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a log and the YAML that describes it."""
    monkeypatch.setenv("COLUMNS", "200")
    rows = [f"v{v},p{p},2024-01-{v:02}T10:00:0{p}" for v in range(1, 21) for p in (1, 2, v % 4)]
    (tmp_path / "clicks.csv").write_text("\n".join(["visit,product,when", *rows]) + "\n")
    (tmp_path / "shop.yaml").write_text(YAML)
    return tmp_path


def test_a_log_of_ones_own_becomes_a_card(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = shop / "results"
    given = ("--data-root", shop, "--results", results)
    assert run("datasets", "prepare", shop / "shop.yaml", *given) == 0
    shown = capsys.readouterr().out
    assert "test: the newest 20% of the sessions" in shown
    assert "warning 1 of 2: shop: train sessions are 16, expected 7" in shown
    assert "warning 2 of 2: shop: 10 of 60 clicks repeat another one exactly" in shown
    card = json.loads((results / "data" / "shop" / "card" / "card.json").read_text())
    assert card["counts"]["train_sessions"] == 16
    assert card["counts"]["test_prefixes"] == 8


def test_the_readmes_description_is_enough(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    (shop / "shop.yaml").write_text(readme.split("```yaml\n")[1].split("```")[0])
    results = shop / "results"
    given = ("--data-root", shop, "--results", results)
    assert run("datasets", "prepare", shop / "shop.yaml", *given) == 0
    assert "cite" not in capsys.readouterr().out
    (shop / "clicks.csv").unlink()
    assert run("datasets", "prepare", shop / "shop.yaml", *given) == 2
    assert (
        "holds no shop/clicks.csv, or clicks.csv. Put its files there." in capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["prepare", "nowhere"], "no dataset named 'nowhere'"),
        (["prepare", "gowalla"], "into <data root>/gowalla/"),
        (["prepare", "gowalla", "--source", "ra"], "has no source 'ra'. It has: raw, recbole"),
        (["download", "lastfm"], "no address is known for it"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_2(
    shop: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], complaint: str
) -> None:
    assert run("datasets", *arguments, "--data-root", shop) == 2
    shown = capsys.readouterr().err
    assert complaint in shown
    assert shown.count("\n") == 1


def test_the_list_says_what_is_there_and_how_to_get_the_rest(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (shop / "tmall").mkdir()
    for name in ("all_train_seq.txt", "test.txt"):
        (shop / "tmall" / name).touch()
    assert run("datasets", "--data-root", shop) == 0
    shown = capsys.readouterr().out
    for text in ("srgnn", "recbole", "missing", "events.csv"):
        assert text in shown

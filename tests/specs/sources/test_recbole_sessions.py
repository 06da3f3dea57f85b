"""Reading RecBole's session benchmarks."""

from __future__ import annotations

from pathlib import Path

import pytest

from srgnn_bench.data.prepare import prepare
from srgnn_bench.errors import DataError
from srgnn_bench.specs.dataset import DatasetSpec
from srgnn_bench.specs.sources.prefixes import Side
from srgnn_bench.specs.sources.recbole_sessions import read_side

HEADER = "session_id:token\titem_id_list:token_seq\titem_id:token"


def write(path: Path, *rows: str, header: str = HEADER) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def test_sessions_are_rebuilt_whether_the_longest_or_the_shortest_prefix_comes_first(
    tmp_path: Path,
) -> None:
    longest = write(tmp_path / "a", "1\t7 8\t9", "2\t7\t8", "3\t5\t6")
    shortest = write(tmp_path / "b", "1\t7\t8", "1\t7 8\t9", "2\t5\t6")
    assert read_side(longest) == read_side(shortest) == Side([["7", "8", "9"], ["5", "6"]])


def test_empty_lines_are_none(tmp_path: Path) -> None:
    rows = ["1\t7 8\t9", "", "2\t7\t8", "", ""]
    assert read_side(write(tmp_path / "a", *rows)) == Side([["7", "8", "9"]])


@pytest.mark.parametrize(
    ("header", "rows", "complaint"),
    [
        (HEADER, ["1\t7 8 9"], "row 2: no prefix and target"),
        (HEADER, ["1\t\t9"], "row 2: no prefix and target"),
        (HEADER, ["1\t7\t8", "2\t7 8 9\t10"], "row 3: neither a shorter prefix"),
        (HEADER, [], "a header but no prefix"),
        ("session_id:token\titem_id:token", ["1\t2"], "no column item_id_list"),
        (f"{HEADER}\titem_id:token", ["1\t7\t8\t9"], "the column item_id is there twice"),
        (f"item_id_list:token_seq\t{HEADER}", ["7\t1\t8\t9"], "item_id_list is there twice"),
        (HEADER, ["", "1\t7\t8", "", "2\t7 8 9\t10"], "row 3: neither a shorter prefix"),
        ("", [], "is empty"),
    ],
)
def test_bad_files_are_one_clear_error(
    tmp_path: Path, header: str, rows: list[str], complaint: str
) -> None:
    with pytest.raises(DataError, match=complaint):
        read_side(write(tmp_path / "x.inter", *rows, header=header))


def test_a_benchmark_becomes_a_dataset_with_its_numbers_as_ids(tmp_path: Path) -> None:
    write(tmp_path / "mine" / "x.train.inter", "1\t10 9\t10", "2\t10\t9", "3\t2\t9")
    write(tmp_path / "mine" / "x.test.inter", "4\t9\t11")
    spec = DatasetSpec.model_validate(
        {
            "name": "mine",
            "title": "Mine",
            "citation": "none",
            "licence": "none",
            "obtain": "none",
            "sources": [{"name": "bench", "kind": "recbole_sessions", "prefix": "x"}],
        }
    )
    data = prepare(spec, data_root=tmp_path, cache=tmp_path / "cache")
    assert data.item_names.tolist() == [2, 9, 10, 11]  # by value, not by spelling
    assert data.train.items.tolist() == [3, 2, 3, 1, 2]
    assert data.test.items.tolist() == [2, 4]
    assert data.counts().train_prefixes == 3

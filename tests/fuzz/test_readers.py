"""Generated inputs to every reader: the right rows or one clear line, and nothing else.

``SRGNN_BENCH_FUZZ=20000`` tries as many; ``-s`` shows what was tried and what came of it.
"""

from __future__ import annotations

import io
import os
import pickle
import re
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from generated_logs import TEXT, Case, generate, sessions_of, strictly_parsed

from srgnn_bench.errors import DataError
from srgnn_bench.specs.sources.atomic import AtomicSource
from srgnn_bench.specs.sources.pickles import read_side as read_pickle
from srgnn_bench.specs.sources.recbole_sessions import read_side as read_prefixes
from srgnn_bench.specs.sources.tables import TableSource

INPUTS = int(os.environ.get("SRGNN_BENCH_FUZZ", "300"))
COLUMNS = {"session": ("session",), "item": ("item",), "time": ("time",)}
NAMES = {
    "gz": "log.csv.gz",
    "zip": "log.csv.zip",
    "parquet": "log.parquet",
    "atomic": "log.inter",
    "pickles": "all_train_seq.txt",
}


def test_generated_inputs_give_the_right_rows_or_one_clear_line(tmp_path: Path) -> None:
    tried: Counter[tuple[str, str, str]] = Counter()
    wrong = []
    for seed in range(INPUTS):
        case = generate(seed)
        path = tmp_path / NAMES.get(case.form, "log.csv")
        path.write_bytes(case.content)
        outcome = judge(case, path)
        tried[case.form, case.damage, outcome] += 1
        if outcome not in ("rows", "line"):
            wrong.append(f"seed {seed}, {case.form}, {case.damage}: {outcome}")
    print(f"\n{INPUTS:,} inputs to readers:")
    forms = sorted({form for form, _, _ in tried})
    for form in forms:
        whole = {o: n for (f, d, o), n in tried.items() if f == form and d == "none"}
        damaged: Counter[str] = Counter()
        for (f, d, outcome), n in tried.items():
            if f == form and d != "none":
                damaged[outcome] += n
        print(
            f"  {form}: {whole.get('rows', 0):,} of {sum(whole.values()):,} whole ones read; of "
            f"{damaged.total():,} damaged ones {damaged['line']:,} refused in one line, "
            f"{damaged['rows']:,} read for what they say"
        )
    print(f"  other numbers in silence, or a traceback: {len(wrong):,}")
    assert not wrong, "\n".join(wrong[:20])


def judge(case: Case, path: Path) -> str:
    """``rows``: as they stand in the file; ``line``: one clear line; or what went wrong."""
    try:
        found = rows_of(case, path)
    except DataError as error:
        if case.damage == "none":
            return f"refused: {error}"
        return "line" if str(path) in str(error) and "\n" not in str(error) else f"line: {error!r}"
    except Exception:
        return f"traceback: {traceback.format_exc()}"
    return "rows" if is_right(case, found) else f"other rows in silence: {found[:9]}"


def rows_of(case: Case, path: Path) -> list[Any]:
    """What the reader finds: sessions, or rows of session, item, second."""
    if case.form == "pickles":
        return read_pickle(path).sessions
    if case.form == "recbole sessions":
        return read_prefixes(path).sessions
    common = {"name": "x", "files": (path.name,), "columns": COLUMNS, "time_format": "seconds"}
    source: AtomicSource | TableSource
    if case.form == "atomic":
        source = AtomicSource.model_validate({**common, "kind": "recbole_interactions"})
    else:
        table = {"kind": "table", "separator": case.separator, "quoted": case.quoted}
        source = TableSource.model_validate({**common, **table})
    log = source.read([path])
    return [
        (str(log.group_names[g]), str(log.item_names[i - 1]), int(t) / 1000)
        for g, i, t in zip(log.group, log.item, log.time, strict=True)
    ]


def is_right(case: Case, found: list[Any]) -> bool:
    """Whether a reader found what stands in the file, by another way of reading it."""
    if case.form in ("parquet",) or case.damage == "none":
        return found == whole(case)
    if case.form == "pickles":
        return bool(found == _plain_pickle(case.content))
    if case.form == "recbole sessions":
        return prefixes_of(found) == prefixes_in(case.content)
    assert case.form in TEXT
    if case.damage == "quotes" and case.quoted and len(found) != len(case.rows):
        return False  # no value of these goes on over a line
    parsed = strictly_parsed(case)
    if not parsed:
        return False
    header = [cell.decode("utf-8", "replace").strip() for cell in parsed[0]]
    names = [name.rsplit(":", 1)[0] for name in header] if case.form == "atomic" else header
    if any(len(row) != len(names) for row in parsed):
        return False
    session, item, time = (names.index(name) for name in ("session", "item", "time"))
    expected = [
        (row[session].decode(), row[item].decode(), pytest.approx(float(row[time]), abs=6e-4))
        for row in parsed[1:]
    ]
    return found == expected


def whole(case: Case) -> list[Any]:
    """What stood in a file before it was damaged."""
    if case.form == "pickles":
        return [[min(int(i), 2**62) for i in items] for items in sessions_of(case.rows)] or [[1, 2]]
    if case.form == "recbole sessions":
        return sessions_of(case.rows) or [["1", "2"]]
    if case.form in ("unquoted", "atomic"):
        return [(s, re.sub('[\t,;"\n]', "_", i), t) for s, i, t in case.rows]
    return [(session, item, time) for session, item, time in case.rows]


class _Containers(pickle.Unpickler):
    def find_class(self, module_name: str, global_name: str) -> Any:
        raise pickle.UnpicklingError(global_name)


def _plain_pickle(content: bytes) -> Any:

    return _Containers(io.BytesIO(content)).load()


def prefixes_of(sessions: list[list[str]]) -> list[tuple[list[str], str]]:
    """Every prefix and its target, in an order of their own."""
    return sorted((s[:n], s[n]) for s in sessions for n in range(1, len(s)))


def prefixes_in(content: bytes) -> list[tuple[list[str], str]]:
    """The prefixes and targets of a file's lines, in the same order."""
    header, *lines = (line.split("\t") for line in content.decode("utf-8-sig").splitlines())
    names = [name.rsplit(":", 1)[0] for name in header]
    prefix, target = names.index("item_id_list"), names.index("item_id")
    return sorted((cells[prefix].split(), cells[target].strip()) for cells in lines)

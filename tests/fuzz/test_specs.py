"""Generated YAML files and settings: taken, or refused in one line, and nothing else.

``SRGNN_BENCH_FUZZ=20000`` tries as many; ``-s`` shows what was tried and what came of it.
"""

from __future__ import annotations

import os
import time
import traceback
from collections import Counter
from pathlib import Path

from generated_specs import SpecCase, generate

from srgnn_bench.errors import BenchError
from srgnn_bench.plain_text import visible
from srgnn_bench.specs import registry
from srgnn_bench.specs.resolving import resolve
from srgnn_bench.training.configuration import candidates

INPUTS = int(os.environ.get("SRGNN_BENCH_FUZZ", "60"))


def test_generated_specifications_are_taken_or_refused_in_one_line(tmp_path: Path) -> None:
    tried: Counter[tuple[str, str, str]] = Counter()
    wrong, slowest = [], 0.0
    registry.names("model")
    for seed in range(INPUTS):
        case = generate(seed)
        started = time.process_time()
        outcome = judge(case, tmp_path)
        slowest = max(slowest, time.process_time() - started)
        tried[case.kind, case.damage, outcome] += 1
        if outcome not in ("taken", "line"):
            wrong.append(f"seed {seed}, {case.kind}, {case.damage}: {outcome}")
    print(f"\n{INPUTS:,} specifications and settings:")
    for kind in sorted({kind for kind, _, _ in tried}):
        whole = {o: n for (k, d, o), n in tried.items() if k == kind and d == "none"}
        damaged: Counter[str] = Counter()
        for (k, d, outcome), n in tried.items():
            if k == kind and d != "none":
                damaged[outcome] += n
        print(
            f"  {kind}: {whole.get('taken', 0):,} of {sum(whole.values()):,} whole ones taken; of "
            f"{damaged.total():,} others {damaged['line']:,} refused in one line, "
            f"{damaged['taken']:,} taken"
        )
    print(f"  slowest: {slowest:.2f} s of the processor; other outcomes: {len(wrong):,}")
    assert not wrong, "\n".join(wrong[:20])


def judge(case: SpecCase, folder: Path) -> str:
    """``taken``, ``line`` (one clear line), or what went wrong."""
    path = folder / "mine.yaml"
    try:
        if case.kind == "--set":
            candidates(resolve("quick", settings=[case.text]))
            return "taken"
        # What UTF-8 cannot write cannot stand in a file.
        path.write_text(case.text, encoding="utf-8", errors="replace")
        if case.kind == "suite":
            candidates(resolve(str(path)))
        elif case.kind == "model":
            candidates(resolve("quick", models=[str(path)]))
        else:
            registry.dataset(str(path))
    except BenchError as error:
        if case.damage == "none":
            return f"refused: {error}"
        said = str(error)
        clear = "\n" not in said and visible(said) == said and len(said) < 2_000
        return "line" if clear else f"line: {said[:300]!r}"
    except Exception:
        return f"traceback: {traceback.format_exc()}"
    return "taken"

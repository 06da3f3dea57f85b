"""What a catalogue costs: a training step, ranking and memory of SR-GNN with 10,000 items and more.

    python -m benchmarks.catalogues --out benchmarks/results/catalogues.csv

Sessions are generated, each size in a process of its own. A step has a batch of 512. Memory is the
most that a step takes beyond the weights, their gradients and the two moments of Adam (Linux).
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.measure import apart, extra_memory, seconds_of
from benchmarks.sessions import generated, stage, with_prefixes
from benchmarks.training import EMBEDDING_SIZE, epoch, ours
from srgnn_bench.data.sessions import Stage
from srgnn_bench.process.environment import environment
from srgnn_bench.specs.model import TrainingSpec
from srgnn_bench.training.fit import step_seconds
from srgnn_bench.training.ranking import rank_prefixes

SIZES = (10_000, 100_000, 1_000_000)
BATCH = 512
TRAINING = TrainingSpec(train_batch_size=BATCH)
RANKED = 256


def measure(items: int) -> dict[str, Any]:
    """Step, ranking and memory with so many items."""
    epoch(*_model(1_000), TRAINING)  # loads what torch loads when it is needed
    model, part = _model(items)
    weights = sum(p.numel() * p.element_size() for p in model.parameters()) / 1e6
    # The first epoch makes gradients and moments.
    extra = extra_memory(lambda: epoch(model, part, TRAINING))
    step = np.median([step_seconds(model, part, TRAINING, patience=20.0) for _ in range(3)])
    rank = np.median(
        [seconds_of(lambda: rank_prefixes(model, part.judged, n_items=items)) for _ in range(3)]
    )
    return {
        "items": items,
        "weights_mb": round(weights),
        "step_seconds": round(float(step), 3),
        "step_microseconds_per_item": round(1e6 * float(step) / items, 2),
        "rank_milliseconds_per_prefix": round(1e3 * float(rank) / RANKED, 2),
        "memory_beyond_mb": round(extra - 3 * weights),
    }


def _model(items: int) -> tuple[Any, Stage]:
    made = generated(sessions=50_000 + items // 2, items=items, seed=0)
    part = with_prefixes(stage(made, made.between(0, 2_000)), train=4 * BATCH, judged=RANKED)
    return ours("SRGNN", part), part


def main() -> None:
    """Measure every size and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    here = environment()
    facts = {"processor": here["processor"], "threads": here["threads"], "d": EMBEDDING_SIZE}
    rows = []
    for items in SIZES:
        rows.append({**apart(measure, items), **facts})
        print(rows[-1], flush=True)
        pd.DataFrame(rows).to_csv(arguments.out, index=False)


if __name__ == "__main__":
    main()

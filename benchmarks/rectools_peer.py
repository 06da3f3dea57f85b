"""SASRec as RecTools trains it, in a Python of its own: RecTools and we need other versions.

    python -m venv rectools && rectools/bin/pip install 'rectools[torch]'

It learns from all positions of a session, with its full softmax. Ours does so where
``training_positions`` is ``all``.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

WARM_UP_STEPS = 2


def targets_per_second(
    python: Path,
    items: np.ndarray[Any, Any],
    offsets: np.ndarray[Any, Any],
    *,
    batch_sessions: int,
    longest: int,
    d: int,
    threads: int,
    seconds: float,
) -> float:
    """Targets that RecTools' SASRec learns from in a second.

    Args:
        python: a Python that has RecTools.
        items: every click's item.
        offsets: where sessions begin, as in ``srgnn_bench.data.sessions.Sessions``.
        batch_sessions: sessions per step.
        longest: clicks to which every session is padded.
        d: size of its vectors; two blocks of two heads, as in RecBole's SASRec.
        threads: of torch.
        seconds: for how long it is measured, after two steps of warming up.

    Raises:
        RuntimeError: it failed; with what it said.
    """
    with tempfile.TemporaryDirectory() as folder:
        sessions = Path(folder) / "sessions.npz"
        np.savez(sessions, items=items, offsets=offsets)
        numbers = [batch_sessions, longest, d, threads, seconds]
        done = subprocess.run(
            [python, __file__, sessions, *map(str, numbers)],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode != 0:
        raise RuntimeError(f"RecTools' SASRec failed: {done.stderr.strip()[-2000:]}")
    rate: float = json.loads(done.stdout.splitlines()[-1])
    return rate


def _train(
    path: Path, batch_sessions: int, longest: int, d: int, threads: int, seconds: float
) -> float:
    """What the other Python does."""
    import pandas as pd
    import torch
    from pytorch_lightning import Callback, Trainer
    from rectools.dataset import Dataset
    from rectools.models import SASRecModel

    torch.set_num_threads(threads)
    with np.load(path) as stored:
        items, offsets = stored["items"], stored["offsets"]
    sessions = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    clicks = pd.DataFrame(
        {
            "user_id": sessions,
            "item_id": items,
            "weight": 1.0,
            "datetime": pd.to_datetime(np.arange(len(items)), unit="s"),
        }
    )

    class Clock(Callback):  # type: ignore[misc]
        """Its facts are those of the class, since RecTools copies the trainer."""

        begin = end = 0.0
        targets = 0

        def on_train_batch_end(self, trainer: Any, *rest: Any) -> None:
            _, _, batch, number = rest
            Clock.end = time.perf_counter()
            if number + 1 == WARM_UP_STEPS:
                Clock.begin = Clock.end
            elif number + 1 > WARM_UP_STEPS:
                Clock.targets += int((batch["y"] != 0).sum())
                trainer.should_stop = Clock.end - Clock.begin > seconds

    model = SASRecModel(
        n_factors=d,
        n_blocks=2,
        n_heads=2,
        dropout_rate=0.5,
        session_max_len=longest,
        batch_size=batch_sessions,
        loss="softmax",
        train_min_user_interactions=2,
        get_trainer_func=lambda: Trainer(
            accelerator="cpu",
            devices=1,
            max_epochs=1,
            callbacks=[Clock()],
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        ),
    )
    model.fit(Dataset.construct(clicks))
    return Clock.targets / (Clock.end - Clock.begin)


if __name__ == "__main__":
    file, *numbers = sys.argv[1:]
    sizes = [int(number) for number in numbers[:4]]
    print(json.dumps(_train(Path(file), *sizes, float(numbers[4]))))

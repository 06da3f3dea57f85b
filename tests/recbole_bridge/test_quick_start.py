"""RecBole's own quick start works in the environment that the constraints pin."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip(
    "ray",
    reason="RecBole's quick start imports ray, and the version it pins has no wheel from 3.12 on",
)

CHECKOUT = Path(__file__).resolve().parent.parent.parent

CODE = """
import sys, torch
everybodys = torch.load
import srgnn_bench
srgnn_bench.register()
from recbole.quick_start import run_recbole
small = dict(
    epochs=1, train_neg_sample_args=None, state="ERROR", show_progress=False, train_batch_size=2048,
    MAX_ITEM_LIST_LENGTH=5, embedding_size=8, hidden_size=8, gpu_id="", use_gpu=False,
    user_inter_num_interval="[0,40]",
)
outcome = run_recbole(model=sys.argv[1], dataset="ml-100k", config_dict=small)
assert 0 < outcome["test_result"]["recall@10"] < 1, outcome
assert torch.load is everybodys
"""


@pytest.mark.parametrize("model", ["FastSRGNN", "SRGNN"])
def test_run_recbole_ends_with_an_evaluation(model: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CODE, model],
        cwd=tmp_path,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]

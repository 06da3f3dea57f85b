"""Nothing changes which GPUs a process may use, not even while the question is asked."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from tiny_world import TinyWorld

# What torch answers is fixed by the variable's value at the first question, so each is noted.
RUN = """
import json, os, sys
import torch

seen, answered = [], torch.cuda.is_available

def is_available():
    seen.append(os.environ.get("CUDA_VISIBLE_DEVICES"))
    return answered()

torch.cuda.is_available = is_available

from srgnn_bench import Benchmark

suite, data, results = sys.argv[1:]
benchmark = Benchmark(suite, data_root=data, results=results, trials=1, seeds=1)
outcome = benchmark.run()
seen.append(os.environ.get("CUDA_VISIBLE_DEVICES"))
print(json.dumps([outcome.done, sorted(set(seen), key=str)]))
"""


@pytest.mark.parametrize("visible", ["3", "", None])
def test_a_run_leaves_the_visible_gpus_to_the_user(
    tiny_world: TinyWorld, visible: str | None
) -> None:
    environment = {k: v for k, v in os.environ.items() if k != "CUDA_VISIBLE_DEVICES"}
    if visible is not None:
        environment["CUDA_VISIBLE_DEVICES"] = visible
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            RUN,
            *map(str, (tiny_world.suite, tiny_world.data_root, tiny_world.results)),
        ],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout.splitlines()[-1]) == [3, [visible]]

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

# In a process of its own, in which glibc does not learn from what was freed before.
STEPS = """
import ctypes, resource, sys
from pathlib import Path
import torch
from srgnn_bench.process.memory import freed_memory_kept

def step():
    gradients = [torch.ones(int(sys.argv[1]) // 4) for _ in range(3)]
    del gradients

def new_pages():
    for _ in range(10):  # the heap grows for some, until the blocks have their places
        step()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        step()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

def resident_pages():
    return int(Path("/proc/self/statm").read_text().split()[1])

ctypes.CDLL(None).mallopt(-1, 128 * 1024)
plain, resident = new_pages(), resident_pages()
with freed_memory_kept():
    kept = new_pages()
print(plain, kept, resident_pages() - resident)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="about glibc's heap")
@pytest.mark.parametrize("megabytes", [17, 48])
def test_a_step_gets_the_memory_that_the_last_one_freed(megabytes: int) -> None:
    size = megabytes * 2**20
    done = subprocess.run(
        [sys.executable, "-c", STEPS, str(size)], capture_output=True, text=True, check=True
    )
    plain, kept, held_afterwards = map(int, done.stdout.split())
    pages_of_a_step = 3 * size / 4096
    assert plain > 18 * pages_of_a_step
    assert kept < 2 * pages_of_a_step
    assert held_afterwards < 0.1 * pages_of_a_step

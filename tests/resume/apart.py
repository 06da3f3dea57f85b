"""Work done in processes of its own, which may be killed.

They are forked from a process that has imported what they need and has no threads: what a thread
holds at a fork is never given back in the child, which then may wait for it for ever.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess

import torch

PATIENCE = 120
"""Seconds after which a process hangs."""

# Importing pyarrow starts a thread of its allocator otherwise.
os.environ["JE_ARROW_MALLOC_CONF"] = "background_thread:false"

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    ["pytest", "torch._dynamo", "srgnn_bench.execution.coordinator", "srgnn_bench.report"]
)


def begin(work: Callable[[], object]) -> ForkServerProcess:
    """Have a process do something, with one thread of torch; it is at it already.

    Its exit code is 0, 1 after an exception, or what ``sys.exit`` is told.

    Args:
        work: what it does; pickled.
    """
    receiver, sender = _CONTEXT.Pipe(duplex=False)
    process = _CONTEXT.Process(target=_begin, args=(work, sender), daemon=True)
    process.start()
    sender.close()
    assert receiver.poll(PATIENCE), "a process does not begin"
    receiver.recv()
    return process


def _begin(work: Callable[[], object], sender: Connection) -> None:
    torch.set_num_threads(1)
    sender.send(True)
    work()


def code_of(process: ForkServerProcess) -> int:
    """Wait for a process to end; its exit code."""
    process.join(PATIENCE)
    code = process.exitcode
    process.kill()
    assert code is not None, "a process hangs"
    return code

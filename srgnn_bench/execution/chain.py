"""Chains of tasks: what must be done in order, apart from who does it.

A chain is a generator that the process with the results folder keeps. It yields a task, is sent
what came of it, stores that, and goes on; when it is at its end it returns the chains that may
start now. Whoever drives chains - this process itself, or workers elsewhere - does tasks and knows
nothing of what is stored.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from srgnn_bench.events import Listener
from srgnn_bench.execution.plan import Job
from srgnn_bench.execution.tasks import Answer, Task
from srgnn_bench.store.folder import Busy

POLL_SECONDS = 0.2
"""Time between two looks at whether another process has finished a part."""


@dataclass(frozen=True)
class Assignment:
    """A task, the job that it is part of, and where this process keeps its checkpoint."""

    job: Job
    task: Task
    checkpoint: Path


Chain = Generator[Assignment, Answer, list["Start"]]
Start = Callable[[], Chain]


class Driver(Protocol):
    """Whoever has the tasks of chains done."""

    def __call__(self, starts: Sequence[Start], *, listen: Listener) -> None:
        """Drive all chains to their ends, and those that start after them."""


def drive(starts: Sequence[Start], do: Callable[[Assignment], Answer]) -> None:
    """Drive chains one after the other, in this process.

    Args:
        starts: the chains; what comes out of one is driven before the next.
        do: does a task.
    """
    ready, busy = list(reversed(starts)), list[Start]()
    while ready or busy:
        if not ready:
            time.sleep(POLL_SECONDS)
            ready, busy = list(reversed(busy)), []
        start = ready.pop()
        chain = start()
        answer: Answer = None
        try:
            while True:
                answer = do(chain.send(answer))
        except StopIteration as end:
            ready.extend(reversed(end.value))
        except Busy:
            busy.append(start)
        finally:
            chain.close()  # and so release its lock, whatever happened

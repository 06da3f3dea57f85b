"""Work that two processes share: each takes what the other has not begun.

The second one is a Python of its own. Nothing is forked, and the caller's main module is not
imported again, as a process pool would.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

from srgnn_bench.process.cores import available_cores

Work = TypeVar("Work")
Result = TypeVar("Result")


def share(works: Sequence[Work], do: Callable[[Work], Result], *, processes: int) -> list[Result]:
    """What ``do`` gives for each work, by two processes where there are two cores.

    What the second one took and could not do is done by this one, which then says what is wrong.

    Args:
        works: what is to be done, long ones first.
        do: does one; the same whoever does it. Both are pickled.
        processes: most processes; 1 for this one alone.
    """
    if min(processes, len(works), available_cores()) < 2:
        return [do(work) for work in works]
    with tempfile.TemporaryDirectory(prefix="srgnn-bench-") as folder:
        take = partial(_take, list(works), do, Path(folder))
        with _elsewhere(take, Path(folder)) as answer:
            done = take()
        done |= answer
    return [done[number] if number in done else do(work) for number, work in enumerate(works)]


def _take(works: list[Work], do: Callable[[Work], Result], folder: Path) -> dict[int, Result]:
    """Do each work that is not begun, by its place; a file says that one has been begun."""
    done = {}
    for number, work in enumerate(works):
        try:
            (folder / str(number)).touch(exist_ok=False)
        except FileExistsError:
            continue
        done[number] = do(work)
    return done


@contextmanager
def _elsewhere(take: Callable[[], dict[int, Result]], folder: Path) -> Iterator[dict[int, Result]]:
    """Have another Python do its part while the block runs; what it has done is there after it."""
    answer: dict[int, Result] = {}
    (folder / "request").write_bytes(pickle.dumps(take))
    with subprocess.Popen(
        [sys.executable, "-m", __name__, str(folder)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdin=subprocess.PIPE,  # which ends with this process
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield answer
            if process.wait() == 0:
                answer.update(pickle.loads((folder / "answer").read_bytes()))
        finally:
            process.kill()


def main(folder: Path) -> None:
    """Take a part of what a request in a folder asks for, and leave the results there."""
    threading.Thread(target=_end_with_the_first, daemon=True).start()
    take = pickle.loads((folder / "request").read_bytes())
    (folder / "answer").write_bytes(pickle.dumps(take()))


def _end_with_the_first() -> None:
    """End when the first process has, so as to write nothing over what comes next."""
    os.read(sys.stdin.fileno(), 1)
    os._exit(1)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""Stops work that takes longer than it may."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

from srgnn_bench.errors import ModelError


@contextlib.contextmanager
def time_limit(seconds: float | None, *, what: str) -> Iterator[None]:
    """Raise in the block once it has run for so long.

    The alarm is the process's own, so it works in the main thread of a POSIX system; elsewhere
    there is no limit. A single call into compiled code is not cut short, but ends with the error.

    Args:
        seconds: the limit; None for none.
        what: what is limited, for the error.

    Raises:
        ModelError: the limit is reached.
    """
    if seconds is None or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        raise ModelError(
            f"{what} took longer than {seconds:g} seconds.",
            remedy="Raise the suite's time_limit_seconds, or mend the model.",
        )

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)

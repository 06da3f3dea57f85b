"""Stops work that takes longer than it may."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as OutOfTime
from types import FrameType
from typing import TypeVar

from srgnn_bench.errors import ModelError

T = TypeVar("T")


@contextlib.contextmanager
def time_limit(seconds: float | None, *, what: str) -> Iterator[None]:
    """Raise in the block once it has run for so long.

    The alarm is the process's own, so it works in the main thread alone; elsewhere there is no
    limit, and ``call_within`` takes its place. A single call into compiled code
    is not cut short, but ends with the error.

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
        raise _too_long(seconds, what)

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def call_within(seconds: float | None, action: Callable[[], T], *, what: str) -> T:
    """Call an action; raise once it has run for so long, in any thread and on any system.

    The action cannot be stopped from outside, so it is left running in a thread of its own. The
    caller should end the process soon, which ends that thread too.

    Args:
        seconds: the limit; None for none.
        action: what to call.
        what: what is limited, for the error.

    Raises:
        ModelError: the limit is reached.
    """
    if seconds is None:
        return action()
    outcome: Future[T] = Future()

    def call() -> None:
        try:
            outcome.set_result(action())
        except BaseException as error:  # it is raised again where the outcome is awaited
            outcome.set_exception(error)

    threading.Thread(target=call, daemon=True).start()
    try:
        return outcome.result(timeout=seconds)
    except OutOfTime as error:
        if outcome.done():  # it is the action's own
            raise
        raise _too_long(seconds, what) from error


def _too_long(seconds: float, what: str) -> ModelError:
    return ModelError(
        f"{what} took longer than {seconds:g} seconds.",
        remedy="Raise the suite's time_limit_seconds, or fix the model. `--resume retry-failed` "
        "then tries a final run again; a trial stays in its study as it is, unless `--resume "
        "overwrite` begins the study anew.",
    )

"""Hands tasks to the workers of a cluster, and drives the chains with what comes back."""

from __future__ import annotations

import asyncio
import os
import pickle
import queue
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from srgnn_bench.errors import BenchError, ClusterError
from srgnn_bench.events import Event, Listener
from srgnn_bench.execution.chain import POLL_SECONDS, Assignment, Chain, Start
from srgnn_bench.execution.tasks import Answer, Trouble
from srgnn_bench.execution.workers.worker import Parcel, event_of, open_and_do
from srgnn_bench.process.device import DeviceChoice
from srgnn_bench.store.folder import Busy

if TYPE_CHECKING:
    from distributed import Client, Future

PATIENCE_SECONDS = 12.0
"""Longest time that a scheduler may take to answer, and time between two questions to it."""


class Workers:
    """Drives chains with a cluster's workers.

    Args:
        client: the connection to the cluster.
        data_root: folder of the data, for workers whose environment names no other.
        threads: torch's threads per worker; None leaves them to whoever started it.
        at_once: chains that are begun at a time; None for all, as for a cluster that grows with
            the tasks that wait.
        device: what they train on.
        patience: seconds that the scheduler may take to answer.
    """

    def __init__(
        self,
        client: Client,
        *,
        data_root: Path | None,
        threads: int | None,
        at_once: int | None,
        device: DeviceChoice,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._client = client
        self._data_root = data_root
        self._threads = threads
        self._at_once = at_once
        self._device = device
        self._topic = f"srgnn-bench-{uuid.uuid4().hex}"
        self._patience = patience
        self._lost = False
        self._asked = time.monotonic()

    def __call__(self, starts: Sequence[Start], *, listen: Listener) -> None:
        """Drive all chains to their ends, and those that start after them.

        Raises:
            ClusterError: the scheduler is lost, or a worker has other data or other code.
            BenchError: a chain's own error.
        """
        inbox: queue.SimpleQueue[Future | Event] = queue.SimpleQueue()
        self._client.subscribe_topic(self._topic, lambda told: inbox.put(event_of(told[1])))
        ready, busy = list(reversed(starts)), list[Start]()
        running: dict[Future, tuple[Chain, Start]] = {}

        def advance(chain: Chain, start: Start, answer: Answer) -> None:
            """Have a chain's next task done; it begins where there is no answer yet."""
            try:
                assignment = chain.send(answer)
            except StopIteration as end:
                ready.extend(reversed(end.value))
            except Busy:  # at its first task, or a later study of its own
                busy.append(start)
            else:
                future = self._submit(assignment)
                running[future] = chain, start
                future.add_done_callback(inbox.put)

        try:
            while ready or busy or running:
                while ready and (self._at_once is None or len(running) < self._at_once):
                    start = ready.pop()
                    advance(start(), start, None)
                try:
                    news = inbox.get(timeout=POLL_SECONDS)
                except queue.Empty:
                    self._check_alive()
                    ready, busy = [*ready, *reversed(busy)], []
                    continue
                if isinstance(news, Event):
                    listen(news)
                else:
                    advance(*running.pop(news), self._answer(news))
        finally:
            if not self._lost:
                self._client.unsubscribe_topic(self._topic)
                self._client.cancel(list(running))
            for chain, _ in running.values():
                chain.close()  # and so release its lock

    def processes(self) -> dict[str, int]:
        """Process ids of the workers that are there now, by address."""
        processes: dict[str, int] = self._client.run(os.getpid, on_error="ignore")
        return processes

    def _submit(self, assignment: Assignment) -> Future:
        job = assignment.job
        parcel = Parcel(
            task=assignment.task,
            dataset=job.source,
            source=job.dataset.source,
            fingerprint=job.dataset.fingerprint,
            protocol=job.suite.protocol,
            data_root=None if self._data_root is None else self._data_root.resolve(),
            threads=self._threads,
            device=self._device,
            topic=self._topic,
        )
        # As bytes, so that dask does not look for futures in it.
        return self._client.submit(open_and_do, pickle.dumps(parcel), pure=False)

    def _answer(self, future: Future) -> Answer:
        from distributed import CancelledError, KilledWorker

        try:
            answer: Answer = future.result()
        except KilledWorker as error:
            return Trouble(
                f"{error.allowed_failures + 1} workers died over it, one after the other: killed "
                "from outside, or out of memory. Give each more memory (fewer workers), then "
                "--resume retry-failed goes on from here.",
                traceback=str(error),
                lost=True,
            )
        except CancelledError as error:  # this side cancels nothing that it waits for
            raise self._scheduler_lost() from error
        except BenchError:
            raise
        except Exception as error:
            raise ClusterError(
                f"A worker cannot do its task ({type(error).__name__}: {error}).",
                remedy="Install the same srgnn_bench there, and what its models need.",
            ) from error
        future.release()
        if isinstance(answer, Trouble) and answer.stuck is not None:
            self._client.restart_workers([answer.stuck])
        return answer

    def _check_alive(self) -> None:
        """Now and then ask the scheduler whether it is there; a closed connection says so itself.

        Raises:
            ClusterError: it is lost.
        """
        if self._client.status != "running":
            raise self._scheduler_lost()
        if time.monotonic() - self._asked < self._patience:
            return
        try:
            self._client.sync(self._client.scheduler.identity, callback_timeout=self._patience)
        except (OSError, asyncio.TimeoutError) as error:
            raise self._scheduler_lost() from error
        self._asked = time.monotonic()

    def _scheduler_lost(self) -> ClusterError:
        self._lost = True
        return ClusterError(
            "The scheduler is lost.",
            remedy="Start it again, then call again: what was finished is stored.",
        )

"""The communication thread: the one that calls MPI, while others compute.

Jobs of one lane (a process group; for messages a peer, a direction and a tag) are done in the order
in which they were asked for, so that all ranks meet in the same order; lanes do not wait for each
other. Nothing here blocks: calls of MPI return at once, and are asked whether they are done.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Hashable
from typing import Any

from cltensor.distributed.job import Job
from cltensor.errors import CLTensorError, DistributedError

#: Turns in which nothing moved after which the thread sleeps in between, and how long.
_PAUSES = ((300, 0.0), (3000, 5e-5), (20000, 5e-4))
_LONG_PAUSE = 2e-3
#: The pause where all that is waited for comes from devices, which may need this core.
_DEVICE = 3e-4
#: How often others' messages are looked for while there is nothing to do, in seconds.
_IDLE = 0.05


class Worker:
    """The thread, and its watch over the other ranks (watch.py)."""

    def __init__(self, watch: Any) -> None:
        self.failure: CLTensorError | None = None
        self._watch = watch
        self._new: deque[Job] = deque()
        self._lanes: dict[Hashable, deque[Job]] = {}
        self._wake = threading.Event()
        self._leaving: Callable[[], bool] | None = None
        #: Calls begun by group, with what the last one was and when.
        self.calls: dict[Hashable, tuple[int, str, float]] = {}
        self._thread = threading.Thread(target=self._run, name="communication", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def submit(self, job: Job) -> None:
        """Do `job` in its turn. Raises DistributedError where an earlier one failed for good."""
        if self.failure is not None:
            raise DistributedError(f"{job.what}: {self.failure}")
        self._new.append(job)
        self._wake.set()

    def stop(self, seconds: float) -> bool:
        """Do what is left, say good-bye to the others, and wait for theirs; whether all came."""
        self._leaving = self._watch.farewell()
        self._wake.set()
        self._thread.join(seconds)
        return not self._thread.is_alive() and self.failure is None

    def break_off(self, why: str) -> None:
        """From now on every call raises `why`, here and, if they can still be told, elsewhere."""
        self.failure = DistributedError(why)
        self._watch.tell_failure(why)

    # -- in the thread ---------------------------------------------------------------------

    def _run(self) -> None:
        still = 0
        while True:
            try:
                moved = self._turn()
                if self._leaving is not None and not self._lanes and self._leaving():
                    return
            except Exception as error:
                self.failure = DistributedError(
                    f"communication broke off: {type(error).__name__}: {error}"
                )
                moved = False
            if self.failure is not None:
                self._give_up(self.failure)
                if self._leaving is not None:
                    return
            still = 0 if moved else still + 1
            if not moved:
                self._pause(still)

    def _turn(self) -> bool:
        moved = self._take()
        for lane, jobs in list(self._lanes.items()):
            job = jobs[0]
            moved |= job.advance()
            if job.done.is_set():
                jobs.popleft()
                if jobs:
                    self._begin(jobs[0])
                else:
                    del self._lanes[lane]
        why = self._watch.turn(self._current())
        if why and self.failure is None:
            self.break_off(why)
        return moved

    def _take(self) -> bool:
        taken = bool(self._new)
        while self._new:
            job = self._new.popleft()
            if job.lane in self._lanes:
                self._lanes[job.lane].append(job)
            else:
                self._lanes[job.lane] = deque([job])
                self._begin(job)
        return taken

    def _begin(self, job: Job) -> None:
        job.begin()
        if job.is_collective:
            count = self.calls.get(job.group, (0, "", 0.0))[0] + 1
            self.calls[job.group] = count, job.what, job.turn

    def _current(self) -> list[Job]:
        return [jobs[0] for jobs in self._lanes.values()]

    def _give_up(self, failure: CLTensorError) -> None:
        jobs = [job for jobs in self._lanes.values() for job in jobs]
        self._lanes.clear()
        while self._new:
            jobs.append(self._new.popleft())
        for job in jobs:
            job.fail(DistributedError(f"{job.what}: {failure}"))

    def _pause(self, still: int) -> None:
        if not self._lanes and not self._new:
            self._wake.wait(_IDLE)
            self._wake.clear()
            return
        if not any(job.is_begun for job in self._current()):
            time.sleep(_DEVICE)
            return
        time.sleep(next((pause for turns, pause in _PAUSES if still < turns), _LONG_PAUSE))

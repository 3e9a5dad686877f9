"""Watching the other ranks: who died, left, hangs, or has not made a call, so that whoever waits
for them can say so.

Ranks of this host are looked for by their process; of others it is known what their communication
threads say. A call that passes its limit asks them all; who then gives no sign is named.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Hashable, Sequence
from typing import Any

from cltensor.distributed.job import Job

_TAG = 1
#: Seconds: between looks at messages, between looks at processes, that a call is left alone, that
#: answers take, and that what a rank sent before it left may still be on its way.
_MESSAGES, _PROCESSES, _ALONE, _ANSWERS, _UNDER_WAY = 0.01, 0.5, 0.5, 3.0, 2.0


def is_alive(pid: int) -> bool:
    """Whether there is a process of that number that has not ended."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except (OSError, IndexError):  # no such file system, or it ended just now
        return True


class Watch:
    """comm: a communicator for the messages alone; hosts, pids: of all ranks."""

    def __init__(self, comm: Any, hosts: Sequence[str], pids: Sequence[int]) -> None:
        self._comm, self._hosts, self._pids = comm, hosts, pids
        self._rank = comm.Get_rank()
        self._sent: list[Any] = []
        #: Ranks that said good-bye, and when.
        self._left: dict[int, float] = {}
        self._dead: set[int] = set()
        self._told = ""  # why another rank gave up
        self._answers: dict[int, dict[Hashable, tuple[int, str, float]]] = {}
        self._asked = 0.0
        self._late: Job | None = None
        self._next_messages = self._next_processes = 0.0
        #: What this rank is asked for: calls by group; set to the worker's.
        self.calls: dict[Hashable, tuple[int, str, float]] = {}

    def turn(self, jobs: Sequence[Job]) -> str:
        """Read messages and look at `jobs`, which wait; why they wait in vain, or ""."""
        now = time.monotonic()
        if now >= self._next_messages:
            self._next_messages = now + _MESSAGES
            self._read(now)
        if self._told:
            return self._told
        waiting = [job for job in jobs if now - job.moved > _ALONE]
        if not waiting:
            return ""
        if now >= self._next_processes:
            self._next_processes = now + _PROCESSES
            self._look()
        for job in waiting:
            why = self._in_vain(job, now)
            if why:
                return why
        return ""

    def tell_failure(self, why: str) -> None:
        """Let the others know that this rank gives up."""
        if why is not self._told:
            self._send("broken", why, self._others())

    def farewell(self) -> Callable[[], bool]:
        """What says good-bye when it is called first, and then whether everybody has."""
        said = False

        def is_over() -> bool:
            nonlocal said
            if not said:
                said = True
                self._send("bye", None, self._others())
            now = time.monotonic()
            self._read(now)
            if now >= self._next_processes:
                self._next_processes = now + _PROCESSES
                self._look()
            if self._told:
                return True
            # The end of MPI does not wait for what is still on its way.
            self._sent = [request for request in self._sent if not request.Test()]
            under_way = self._sent and not self._dead
            return self._left.keys() | self._dead >= set(self._others()) and not under_way

        return is_over

    @property
    def all_left(self) -> bool:
        """Whether every other rank said good-bye."""
        return self._left.keys() >= set(self._others())

    def _others(self) -> list[int]:
        return [r for r in range(len(self._pids)) if r != self._rank]

    def _send(self, kind: str, content: Any, to: Sequence[int]) -> None:
        self._sent = [request for request in self._sent if not request.Test()]
        for rank in to:
            if rank not in self._dead:
                self._sent.append(self._comm.isend((kind, content), rank, _TAG))

    def _read(self, now: float) -> None:
        while (message := self._comm.improbe(tag=_TAG)) is not None:
            from_ = self._source(message)
            kind, content, rank = from_
            if kind == "bye":
                self._left[rank] = now
            elif kind == "broken":
                self._told = (
                    f"{content} (rank {rank} says so)" if "says so" not in content else content
                )
            elif kind == "ask":
                answer = {g: (n, what, now - at) for g, (n, what, at) in self.calls.items()}
                self._send("answer", answer, [rank])
            elif kind == "answer":
                self._answers[rank] = content

    @staticmethod
    def _source(message: Any) -> tuple[str, Any, int]:
        from mpi4py import MPI

        status = MPI.Status()
        kind, content = message.recv(status)
        return kind, content, status.Get_source()

    def _look(self) -> None:
        here = self._hosts[self._rank]
        for rank in self._others():
            if self._hosts[rank] == here and not is_alive(self._pids[rank]):
                self._dead.add(rank)

    def _in_vain(self, job: Job, now: float) -> str:
        gone = [r for r in job.peers if r in self._left and now - self._left[r] > _UNDER_WAY]
        if gone:
            return f"{_ranks(gone)} left before: the program ended there, or its error is shown"
        dead = [r for r in job.peers if r in self._dead and r not in self._left]
        if dead:
            where = ", ".join(f"process {self._pids[r]} on {self._hosts[r]}" for r in dead)
            return f"{_ranks(dead)} died ({where})"
        if now - job.turn <= job.limit:
            return ""
        if self._late is None:
            self._late, self._asked = job, now
            self._answers.clear()
            self._send("ask", None, [r for r in job.peers if r != self._rank])
        if self._late is not job:
            return ""
        silent = [r for r in job.peers if r not in self._answers]
        if silent and now - self._asked < _ANSWERS:
            return ""
        return self._explained(job, silent)

    def _explained(self, job: Job, silent: list[int]) -> str:
        said = [f"not done within {job.limit:g} s"]
        if silent:
            said.append(f"{_ranks(silent)} gave no sign, so hung or out of reach")
        mine = self.calls.get(job.group, (0, "", 0.0))[0]
        for rank in job.peers:
            count, what, ago = self._answers.get(rank, {}).get(job.group, (0, "", 0.0))
            if rank in silent:
                continue
            if not job.is_collective:
                said.append(f"rank {rank} has not made the call that belongs to it")
            elif count < mine:
                last = f"; its last was {what}, {ago:.1f} s ago" if count else ""
                said.append(f"rank {rank} has not called it{last}")
        return "; ".join(said)


def _ranks(ranks: Sequence[int]) -> str:
    return f"rank{'s' * (len(ranks) > 1)} {', '.join(map(str, ranks))}"

"""Process groups: who takes part in a call."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Hashable, Sequence
from datetime import timedelta
from typing import Any, ClassVar

import numpy as np

from cltensor.distributed.elements import Elements
from cltensor.distributed.job import Job, Steps
from cltensor.distributed.mpi import library
from cltensor.distributed.work import Work
from cltensor.distributed.worker import Worker
from cltensor.errors import DistributedError

#: What ranks show each other of a call that they do not agree on.
_SHOWN = 192


class ProcessGroup:
    """Ranks with a communicator of their own.

    number tells groups apart, alike in all ranks; ranks: those of the world, by rank in the group.

    In two ranks, and what rank 0 has then:

        ct.distributed.group.WORLD.size()  # 2
    """

    def __init__(
        self, number: Hashable, comm: Any, ranks: Sequence[int], limit: float, worker: Worker
    ) -> None:
        self.number, self.comm, self.ranks = number, comm, list(ranks)
        self.limit, self.worker = limit, worker
        self._rank, self._size = comm.Get_rank(), comm.Get_size()
        self.others = [r for r in self.ranks if r != self.ranks[self._rank]]
        self._copies = 0

    def rank(self) -> int:
        """The number of this process in it."""
        return self._rank

    def size(self) -> int:
        """How many processes it has."""
        return self._size

    @property
    def group_name(self) -> str:
        """A name, alike in all ranks."""
        return str(self.number)

    name = group_name

    def place_of(self, operation: str, name: str, rank: int) -> int:
        """The rank in the group of `rank` of the world; `name` is the argument's."""
        if rank not in self.ranks:
            raise DistributedError(
                f"{operation}: {name} is {rank!r}, but the process group has ranks {self.ranks}; "
                "name one of them"
            )
        return self.ranks.index(rank)

    def run(
        self,
        what: str,
        steps: Callable[[], Steps],
        elements: Sequence[Elements] = (),
        *,
        async_op: bool = False,
        agreed: bool = False,
        result: Any = None,
    ) -> Work | None:
        """Have the communication thread take `steps` when the elements are there and, unless they
        are known to be `agreed`, when all ranks are at the same call."""

        def whole() -> Steps:
            try:
                for each in elements:
                    yield each.is_ready
                if not agreed:
                    yield from self._agree(what)
                yield from steps()
            finally:
                for each in elements:
                    each.release()

        nbytes = sum(each.nbytes for each in elements)
        work = self.submit(what, whole(), self.others, self.number, nbytes)
        work.keep([each.complete for each in elements], result)
        if async_op:
            return work
        waited(work)
        return None

    def copy(self) -> ProcessGroup:
        """A group of the same ranks, whose calls do not wait for those of this one."""
        self._copies += 1
        number, found = (self.number, self._copies), []

        def steps() -> Steps:
            comm, request = self.comm.Idup()
            found.append(comm)
            yield request.Test

        self.run(f"copy {number} of a group", steps)
        found[0].Set_errhandler(library().ERRORS_RETURN)
        return ProcessGroup(number, found[0], self.ranks, self.limit, self.worker)

    def submit(
        self, what: str, steps: Steps, peers: Sequence[int], lane: Hashable, nbytes: int = 0
    ) -> Work:
        """Have the communication thread take `steps`."""
        job = Job(
            f"distributed.{what}", steps, group=self.number, peers=peers, lane=lane,
            limit=self.limit, nbytes=nbytes,
        )  # fmt: skip
        self.worker.submit(job)
        return Work(job)

    def _agree(self, what: str) -> Steps:
        """Raise DistributedError unless all ranks are at the same call."""
        if self._size == 1:
            return
        mine = np.array([zlib.crc32(what.encode())], np.int64)
        all_ = np.empty(self._size, np.int64)
        yield self.comm.Iallgather(mine, all_).Test
        if (all_ == mine[0]).all():
            return
        text = np.zeros(_SHOWN, np.uint8)
        said = np.frombuffer(what.encode()[:_SHOWN], np.uint8)
        text[: len(said)] = said
        texts = np.empty((self._size, _SHOWN), np.uint8)
        yield self.comm.Iallgather(text, texts).Test
        calls: dict[str, list[int]] = {}
        for rank, row in zip(self.ranks, texts, strict=True):
            calls.setdefault(bytes(row).rstrip(b"\0").decode(errors="replace"), []).append(rank)
        listing = "; ".join(f"ranks {ranks} call {call}" for call, ranks in calls.items())
        raise DistributedError(
            f"distributed.{what}: the ranks do not call the same ({listing}); let all make the "
            "same calls in the same order, on tensors of one shape and dtype"
        )

    def __repr__(self) -> str:
        return f"ProcessGroup({self.number}, ranks={self.ranks})"


class GroupMember:
    """PyTorch's names of the group of all ranks, and of what `new_group` returns to others.

    >>> ct.distributed.GroupMember.WORLD is None
    True
    """

    WORLD: ClassVar[ProcessGroup | None] = None
    NON_GROUP_MEMBER = object()


group = GroupMember


def waited(work: Work) -> None:
    """Wait for it."""
    work.wait()


def seconds_of(operation: str, timeout: timedelta | float | None, otherwise: float) -> float:
    """A limit in seconds."""
    if timeout is None:
        return otherwise
    found = timeout.total_seconds() if isinstance(timeout, timedelta) else float(timeout)
    if not found > 0:
        raise ValueError(f"{operation}: timeout is {timeout!r}; give more than 0 seconds")
    return found


def world(operation: str) -> ProcessGroup:
    """The group of all ranks. Raises DistributedError before `init_process_group`."""
    found = GroupMember.WORLD
    if found is None:
        raise DistributedError(
            f"distributed.{operation}: there is no process group; call "
            "ct.distributed.init_process_group() first, in processes started by "
            "`python -m cltensor.launch -n 4 program.py` or by mpiexec"
        )
    return found


def member(operation: str, group: Any) -> ProcessGroup | None:
    """The group that was given, the world for None; None where this process is not in it."""
    whole = world(operation)
    if group is None:
        return whole
    if group is GroupMember.NON_GROUP_MEMBER:
        return None
    if not isinstance(group, ProcessGroup):
        raise TypeError(
            f"distributed.{operation}: group is {group!r}; give what new_group returned, or None"
        )
    return group


def in_group(operation: str, group: Any) -> ProcessGroup:
    """The group that was given. Raises DistributedError where this process is not in it."""
    found = member(operation, group)
    if found is None:
        raise DistributedError(
            f"distributed.{operation}: this process is not in the group; ask only its ranks"
        )
    return found

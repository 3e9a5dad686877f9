"""This process among others: how it joins them and how it leaves."""

from __future__ import annotations

import atexit
import os
import socket
import sys
import time
from collections.abc import Sequence
from datetime import timedelta
from importlib.util import find_spec
from typing import Any, ClassVar

import numpy as np

from cltensor.distributed.groups import GroupMember, ProcessGroup, in_group, seconds_of, world
from cltensor.distributed.job import Steps
from cltensor.distributed.mpi import library
from cltensor.distributed.watch import Watch
from cltensor.distributed.worker import Worker
from cltensor.errors import DistributedError
from cltensor.runtime.device import (
    default_reason,
    devices,
    get_default_device,
    set_default_device,
)

#: PyTorch's limit of a call, in seconds.
DEFAULT_LIMIT = 1800.0
#: Names of backends of PyTorch's, in whose place MPI is.
_BACKENDS = ("mpi", "nccl", "gloo", "ccl", "xccl")
_NAME_BYTES = 128


class _Joined:
    """What was begun once, and lasts to the end of the process."""

    comm: ClassVar[Any] = None
    worker: ClassVar[Worker]
    watch: ClassVar[Watch]
    local_rank: ClassVar[int] = 0
    groups: ClassVar[int] = 0
    limit: ClassVar[float] = DEFAULT_LIMIT


def is_available() -> bool:
    """Whether mpi4py, with which processes find each other, is installed.

    >>> isinstance(ct.distributed.is_available(), bool)
    True
    """
    return find_spec("mpi4py") is not None


def is_initialized() -> bool:
    """Whether there is a process group.

    >>> ct.distributed.is_initialized()
    False
    """
    return GroupMember.WORLD is not None


def init_process_group(
    backend: str | None = None,
    init_method: str | None = None,
    timeout: timedelta | float | None = None,
    world_size: int = -1,
    rank: int = -1,
    store: Any = None,
    group_name: str = "",
    pg_options: Any = None,
    device_id: Any = None,
) -> None:
    """Join the other processes that mpiexec, or `python -m cltensor.launch`, started.

    Unless the program or CLTENSOR_DEVICE chose a device, the default one becomes that of the number
    of this process on its host, of as many as there are of the kind, in turn.

    Args:    backend: None or "mpi"; PyTorch's "nccl" and "gloo" mean the same here; timeout: a
             timedelta or seconds, after which a call that others do not take part in raises (half
             an hour); world_size, rank: what MPI says, where they are given; device_id: the default
             device from now on. MPI knows the processes, so init_method, store, group_name and
             pg_options ask for nothing.
    Raises:  DependencyError without mpi4py; DistributedError if not all join, or if other numbers
             are given than MPI says.

    In a program that `python -m cltensor.launch -n 2 program.py` starts:

        ct.distributed.init_process_group()
        ct.distributed.get_world_size()  # 2
    """
    operation = "distributed.init_process_group"
    if GroupMember.WORLD is not None:
        raise DistributedError(f"{operation}: there is a process group; destroy it first")
    for part in (backend or "mpi").lower().split(","):
        if part.rpartition(":")[2] not in _BACKENDS:
            raise ValueError(f"{operation}: backend is {backend!r}; processes meet by MPI: 'mpi'")
    limit = seconds_of(operation, timeout, DEFAULT_LIMIT)
    comm = library().COMM_WORLD
    _check_numbers(operation, comm, world_size, rank)
    if _Joined.comm is None:
        _join(comm, min(limit, DEFAULT_LIMIT))
    _Joined.limit = limit
    _Joined.groups += 1
    every = list(range(comm.Get_size()))
    GroupMember.WORLD = ProcessGroup(_Joined.groups, _Joined.comm, every, limit, _Joined.worker)
    if device_id is not None:
        set_default_device(device_id)
    elif default_reason().startswith("first") and get_default_device() is devices()[0]:
        alike = [d for d in devices() if d.kind == devices()[0].kind]
        set_default_device(alike[_Joined.local_rank % len(alike)])


def _check_numbers(operation: str, comm: Any, world_size: int, rank: int) -> None:
    size, number = comm.Get_size(), comm.Get_rank()
    wanted = (
        int(os.environ.get("WORLD_SIZE", -1)) if world_size == -1 and rank == -1 else world_size
    )
    if wanted not in (-1, size) or rank not in (-1, number):
        raise DistributedError(
            f"{operation}: rank {rank} of {wanted} is asked for, and MPI says {number} of {size}; "
            "start them by `python -m cltensor.launch -n 4 program.py` or by mpiexec, and leave "
            "world_size and rank out"
        )


def _join(comm: Any, limit: float) -> None:
    """Begin the communication thread, with communicators of its own."""
    others, request = comm.Idup()
    _finish(request, limit)
    control, request = comm.Idup()
    _finish(request, limit)
    for each in (others, control):
        each.Set_errhandler(library().ERRORS_RETURN)
    name = socket.gethostname().encode()[: _NAME_BYTES - 8]
    mine = np.zeros(_NAME_BYTES, np.uint8)
    mine[:8] = np.frombuffer(np.int64(os.getpid()).tobytes(), np.uint8)
    mine[8 : 8 + len(name)] = np.frombuffer(name, np.uint8)
    known = np.empty((comm.Get_size(), _NAME_BYTES), np.uint8)
    _finish(others.Iallgather(mine, known), limit)
    pids = [int(row[:8].view(np.int64)[0]) for row in known]
    hosts = [bytes(row[8:]).rstrip(b"\0").decode(errors="replace") for row in known]
    rank = comm.Get_rank()
    _Joined.local_rank = hosts[:rank].count(hosts[rank])
    _Joined.watch = Watch(control, hosts, pids)
    _Joined.worker = Worker(_Joined.watch)
    _Joined.watch.calls = _Joined.worker.calls
    _Joined.worker.start()
    _Joined.comm = others
    atexit.register(_leave)


def _finish(request: Any, limit: float) -> None:
    end = time.monotonic() + limit
    while not request.Test():
        if time.monotonic() > end:
            raise DistributedError(
                f"distributed.init_process_group: not all ranks called it within {limit:g} s; look "
                "at what the others print"
            )
        time.sleep(0.001)


def _leave() -> None:
    """At the end of the process: finish what is under way, and end MPI once everybody has; where
    somebody cannot, MPI is left as it is, for it would wait."""
    if _Joined.worker.stop(_Joined.limit) and _Joined.watch.all_left:
        MPI = library()
        if not MPI.Is_finalized():
            MPI.Finalize()
        return
    import mpi4py

    if mpi4py.rc.finalize is not False:  # mpi4py.MPI was imported before, and would end MPI
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(1)


def destroy_process_group(group: Any = None) -> None:
    """Have no process group any more, or not that one.

    In two ranks, and what rank 0 has then:

        ct.distributed.destroy_process_group()
        ct.distributed.is_initialized()  # False
        ct.distributed.init_process_group()
        ct.distributed.is_initialized()  # True
    """
    if group is None or group is GroupMember.WORLD:
        world("destroy_process_group")
        GroupMember.WORLD = None


def new_group(
    ranks: Sequence[int] | None = None,
    timeout: timedelta | float | None = None,
    backend: str | None = None,
    pg_options: Any = None,
    use_local_synchronization: bool = False,
    group_desc: str | None = None,
    device_id: Any = None,
) -> Any:
    """A group of some ranks (None for all), which every process makes, also those outside of it.

    Args:    timeout: as of `init_process_group`, whose is taken for None. The others ask for
             nothing.
    Returns: the group; GroupMember.NON_GROUP_MEMBER in processes outside of it.

    In two ranks, and what rank 0 has then:

        group = ct.distributed.new_group([0])
        ct.distributed.get_world_size(group)  # 1
    """
    whole = world("new_group")
    chosen = whole.ranks if ranks is None else sorted({int(r) for r in ranks})
    for rank in chosen:
        whole.place_of("distributed.new_group", "a rank", rank)
    _Joined.groups += 1
    inside = whole.ranks[whole.rank()] in chosen
    found: list[Any] = []

    def split() -> Steps:
        color = 0 if inside else library().UNDEFINED
        # Blocks, but all are there.
        found.append(whole.comm.Split(color, whole.rank()))
        yield lambda: True

    whole.run(f"new_group({chosen})", split)
    if not inside:
        return GroupMember.NON_GROUP_MEMBER
    found[0].Set_errhandler(library().ERRORS_RETURN)
    limit = seconds_of("distributed.new_group", timeout, whole.limit)
    return ProcessGroup(_Joined.groups, found[0], chosen, limit, whole.worker)


def get_rank(group: Any = None) -> int:
    """The number of this process in the group; -1 outside of it.

    In two ranks, and what rank 0 has then:

        ct.distributed.get_rank()  # 0
    """
    if group is GroupMember.NON_GROUP_MEMBER:
        return -1
    return in_group("get_rank", group).rank()


def get_world_size(group: Any = None) -> int:
    """How many processes the group has; -1 outside of it.

    In two ranks, and what rank 0 has then:

        ct.distributed.get_world_size()  # 2
    """
    if group is GroupMember.NON_GROUP_MEMBER:
        return -1
    return in_group("get_world_size", group).size()


def get_backend(group: Any = None) -> str:
    """ "mpi".

    In two ranks, and what rank 0 has then:

        ct.distributed.get_backend()  # 'mpi'
    """
    in_group("get_backend", group)
    return "mpi"


def get_node_local_rank(fallback_rank: int | None = None) -> int:
    """The number of this process on its host; before `init_process_group` fallback_rank.

    In two ranks, and what rank 0 has then:

        ct.distributed.get_node_local_rank()  # 0
    """
    if _Joined.comm is None:
        given = os.environ.get("LOCAL_RANK", fallback_rank)
        if given is None:
            world("get_node_local_rank")
        return int(given or 0)
    return _Joined.local_rank


def get_process_group_ranks(group: Any = None) -> list[int]:
    """The ranks of the world that the group has.

    In two ranks, and what rank 0 has then:

        ct.distributed.get_process_group_ranks()  # [0, 1]
    """
    return [*in_group("get_process_group_ranks", group).ranks]


def get_group_rank(group: Any, global_rank: int) -> int:
    """The rank in the group of a rank of the world.

    In two ranks, and what rank 0 has then:

        group = ct.distributed.new_group([0, 1])
        ct.distributed.get_group_rank(group, 1)  # 1
    """
    found = in_group("get_group_rank", group)
    return found.place_of("distributed.get_group_rank", "global_rank", global_rank)


def get_global_rank(group: Any, group_rank: int) -> int:
    """The rank in the world of a rank of the group.

    In two ranks, and what rank 0 has then:

        group = ct.distributed.new_group([0, 1])
        ct.distributed.get_global_rank(group, 1)  # 1
    """
    return in_group("get_global_rank", group).ranks[group_rank]

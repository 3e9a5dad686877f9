"""Python objects between ranks, pickled. Only ranks of one's own program send them."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from typing import Any

import numpy as np

from cltensor.distributed.groups import ProcessGroup, member, waited
from cltensor.distributed.job import Steps
from cltensor.distributed.mpi import library
from cltensor.errors import ShapeError

Group = ProcessGroup | None


def _pickled(thing: Any) -> np.ndarray:
    return np.frombuffer(pickle.dumps(thing), np.uint8)


def _lists(operation: str, name: str, objects: Any, size: int) -> None:
    if not isinstance(objects, list) or len(objects) != size:
        raise ShapeError(
            f"distributed.{operation}: {name} has {len(objects or ())} entries for {size} ranks; "
            "give a list with one for each"
        )


def _gathered(found: ProcessGroup, mine: np.ndarray, into: list[Any], root: int | None) -> Steps:
    """Fill `into` with everybody's bytes, in rank `root` or in all."""
    comm, byte = found.comm, library().BYTE
    sizes = np.empty(found.size(), np.int64)
    yield comm.Iallgather(np.array([len(mine)], np.int64), sizes).Test
    takes = root is None or root == found.rank()
    whole = np.empty(int(sizes.sum()) if takes else 0, np.uint8)
    target = [whole, sizes.tolist(), byte] if takes else None
    if root is None:
        yield comm.Iallgatherv(mine, target).Test
    else:
        yield comm.Igatherv(mine, target, root).Test
    if takes:
        into[:] = np.split(whole, np.cumsum(sizes)[:-1])


def _collected(what: str, found: ProcessGroup, thing: Any, into: Any, root: int | None) -> None:
    """Fill the list `into` with everybody's objects, in rank `root` or in all. Objects are read and
    made by the thread that calls, as they may have tensors."""
    mine, parts = _pickled(thing), []  # type: ignore[var-annotated]
    found.run(what, lambda: _gathered(found, mine, parts, root))
    if root is None or root == found.rank():
        into[:] = [pickle.loads(part.tobytes()) for part in parts]


def all_gather_object(object_list: list[Any], obj: Any, group: Group = None) -> None:
    """Fill object_list, in every rank, with the objects of all.

    In two ranks, and what rank 0 has then:

        found = [None, None]
        ct.distributed.all_gather_object(found, {"rank": ct.distributed.get_rank()})
        found  # [{'rank': 0}, {'rank': 1}]
    """
    found = member("all_gather_object", group)
    if found is not None:
        _lists("all_gather_object", "object_list", object_list, found.size())
        _collected("all_gather_object", found, obj, object_list, None)


def gather_object(
    obj: Any,
    object_gather_list: list[Any] | None = None,
    dst: int | None = None,
    group: Group = None,
    group_dst: int | None = None,
) -> None:
    """Fill object_gather_list of rank `dst` with the objects of all.

    In two ranks, and what rank 0 has then:

        found = [None, None] if ct.distributed.get_rank() == 0 else None
        ct.distributed.gather_object(ct.distributed.get_rank(), found)
        found  # [0, 1]
    """
    found = member("gather_object", group)
    if found is None:
        return
    root = _place("gather_object", "dst", found, dst, group_dst)
    if found.rank() == root:
        _lists("gather_object", "object_gather_list", object_gather_list, found.size())
    _collected(f"gather_object to {root}", found, obj, object_gather_list, root)


def broadcast_object_list(
    object_list: list[Any],
    src: int | None = None,
    group: Group = None,
    device: Any = None,
    group_src: int | None = None,
) -> None:
    """Have object_list of rank `src` in every rank. device asks for nothing.

    In two ranks, and what rank 0 has then:

        things = [ct.distributed.get_rank(), "text"]
        ct.distributed.broadcast_object_list(things, src=1)
        things  # [1, 'text']
    """
    found = member("broadcast_object_list", group)
    if found is None:
        return
    root = _place("broadcast_object_list", "src", found, src, group_src)

    is_root = found.rank() == root
    data = _pickled(list(object_list)).copy() if is_root else np.empty(0, np.uint8)

    def steps() -> Steps:
        nonlocal data
        size = np.array([len(data)], np.int64)
        yield found.comm.Ibcast(size, root).Test
        if not is_root:
            data = np.empty(int(size[0]), np.uint8)
        yield found.comm.Ibcast(data, root).Test

    found.run(f"broadcast_object_list of {len(object_list)} from {root}", steps)
    if not is_root:
        object_list[:] = pickle.loads(data.tobytes())


def scatter_object_list(
    scatter_object_output_list: list[Any],
    scatter_object_input_list: Sequence[Any] | None = None,
    src: int | None = None,
    group: Group = None,
    group_src: int | None = None,
) -> None:
    """Set scatter_object_output_list[0] of the group's rank k to the k-th object of rank `src`.

    In two ranks, and what rank 0 has then:

        mine = [None]
        ct.distributed.scatter_object_list(mine, ["for 0", "for 1"], src=0)
        mine  # ['for 0']
    """
    found = member("scatter_object_list", group)
    if found is None:
        return
    if not scatter_object_output_list:
        raise ShapeError(
            "distributed.scatter_object_list: scatter_object_output_list is empty; give a list "
            "with one entry"
        )
    root = _place("scatter_object_list", "src", found, src, group_src)
    given: Any = scatter_object_input_list
    if found.rank() == root:
        _lists("scatter_object_list", "scatter_object_input_list", given, found.size())
    whole = [list(given) if found.rank() == root else None]
    broadcast_object_list(whole, group=found, group_src=root)
    scatter_object_output_list[0] = whole[0][found.rank()]  # type: ignore[index]


def send_object_list(
    object_list: list[Any],
    dst: int | None = None,
    group: Group = None,
    device: Any = None,
    group_dst: int | None = None,
) -> None:
    """Send object_list to rank `dst`, which calls `recv_object_list`.

    In two ranks, and what rank 0 has then:

        if ct.distributed.get_rank() == 0:
            ct.distributed.send_object_list([1, "text"], dst=1)
        else:
            ct.distributed.recv_object_list([None, None], src=0)
    """
    found = member("send_object_list", group)
    if found is None:
        return
    to = _place("send_object_list", "dst", found, dst, group_dst)
    data = _pickled(list(object_list))

    def steps() -> Steps:
        yield found.comm.Isend(data, to, _tag()).Test

    what, peers = f"send_object_list to rank {found.ranks[to]}", [found.ranks[to]]
    waited(found.submit(what, steps(), peers, (found.number, "objects to", to)))


def recv_object_list(
    object_list: list[Any],
    src: int | None = None,
    group: Group = None,
    device: Any = None,
    group_src: int | None = None,
) -> int:
    """Fill object_list with what rank `src` sends, without src with what comes first; returns the
    rank that sent it.

    In two ranks, and what rank 0 has then:

        things = [None]
        if ct.distributed.get_rank() == 0:
            ct.distributed.recv_object_list(things, src=1)
        else:
            ct.distributed.send_object_list(["text"], dst=0)
        things  # ['text']
    """
    found = member("recv_object_list", group)
    if found is None:
        return -1
    MPI = library()
    from_ = MPI.ANY_SOURCE
    if src is not None or group_src is not None:
        from_ = _place("recv_object_list", "src", found, src, group_src)
    arrived: list[Any] = []

    def arrives() -> bool:
        message = found.comm.Improbe(from_, _tag(), status)
        if message is not None:
            arrived.append(message)
        return message is not None

    status, data = MPI.Status(), np.empty(0, np.uint8)

    def steps() -> Steps:
        nonlocal data
        yield arrives
        data = np.empty(status.Get_count(MPI.BYTE), np.uint8)
        yield arrived[0].Irecv(data).Test

    peers = found.others if from_ == MPI.ANY_SOURCE else [found.ranks[from_]]
    work = found.submit("recv_object_list", steps(), peers, (found.number, "objects from", from_))
    waited(work)
    object_list[:] = pickle.loads(data.tobytes())
    return found.ranks[status.Get_source()]


def _tag() -> int:
    """Beyond those of tensors."""
    return 1 << 20


def _place(
    operation: str, name: str, found: ProcessGroup, rank: int | None, in_group: int | None
) -> int:
    if in_group is not None:
        return in_group
    wanted = found.ranks[0] if rank is None else rank
    return found.place_of(f"distributed.{operation}", name, wanted)

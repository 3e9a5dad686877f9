"""Tensors from one rank to another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from cltensor.distributed.elements import Elements, check_tensor
from cltensor.distributed.groups import ProcessGroup, member, waited
from cltensor.distributed.job import Steps
from cltensor.distributed.mpi import library
from cltensor.distributed.work import Work
from cltensor.errors import DistributedError, DTypeError, ShapeError

Group = ProcessGroup | None
_NAME = 24


def isend(
    tensor: Any,
    dst: int | None = None,
    group: Group = None,
    tag: int = 0,
    group_dst: int | None = None,
) -> Work | None:
    """Send `tensor` to rank `dst` of the world, or group_dst of the group; the Work is done when
    the tensor may be changed.

    In two ranks, and what rank 0 has then:

        other = 1 - ct.distributed.get_rank()
        work = ct.distributed.isend(ct.ones(2), other)
        ct.distributed.recv(ct.empty(2), other)  # 1
        work.wait()
    """
    found = member("isend", group)
    if found is None:
        return None
    x = check_tensor("distributed.isend", "tensor", tensor)
    to = _peer("isend", "dst", found, dst, group_dst)
    elements = Elements("isend", x)
    label = np.zeros(_NAME + 8, np.uint8)
    label[:_NAME] = _label(x.dtype)
    label[_NAME:] = np.array([elements.nbytes], np.int64).view(np.uint8)

    def steps() -> Steps:
        try:
            yield elements.is_ready
            head = found.comm.Isend(label, to, 2 * tag)
            body = found.comm.Isend([elements.array, library().BYTE], to, 2 * tag + 1)
            yield head.Test
            yield body.Test
        finally:
            elements.release()

    what = f"isend of {x.dtype.name} {tuple(x.shape)} to rank {found.ranks[to]}"
    lane = (found.number, "to", to, tag)
    return found.submit(what, steps(), [found.ranks[to]], lane, elements.nbytes)


def irecv(
    tensor: Any,
    src: int | None = None,
    group: Group = None,
    tag: int = 0,
    group_src: int | None = None,
) -> Work | None:
    """Fill `tensor` with the one that rank `src` sends; without src, with whichever comes first.

    Raises:  DTypeError, ShapeError from `wait` where another dtype or number of elements came.

    In two ranks, and what rank 0 has then:

        other, x = 1 - ct.distributed.get_rank(), ct.empty(2)
        work = ct.distributed.irecv(x, other)
        ct.distributed.send(ct.ones(2), other)
        work.wait()
        x.tolist()  # [1.0, 1.0]
    """
    found = member("irecv", group)
    if found is None:
        return None
    x = check_tensor("distributed.irecv", "tensor", tensor)
    from_ = None
    if src is not None or group_src is not None:
        from_ = _peer("irecv", "src", found, src, group_src)
    elements = Elements("irecv", x, reads=False, writes=True)
    status = library().Status()

    def steps() -> Steps:
        try:
            yield elements.is_ready
            yield from _received(found.comm, elements, from_, tag, status)
        finally:
            elements.release()

    peers = found.others if from_ is None else [found.ranks[from_]]
    who = "any rank" if from_ is None else f"rank {peers[0]}"
    what = f"irecv of {x.dtype.name} {tuple(x.shape)} from {who}"
    work = found.submit(what, steps(), peers, (found.number, "from", from_, tag), elements.nbytes)
    work.keep([elements.complete], [x], lambda: found.ranks[status.Get_source()])
    return work


def _received(comm: Any, elements: Elements, from_: int | None, tag: int, status: Any) -> Steps:
    MPI = library()
    label = np.empty(_NAME + 8, np.uint8)
    head = comm.Irecv(label, MPI.ANY_SOURCE if from_ is None else from_, 2 * tag)
    yield _noting(head, status)
    source, nbytes = status.Get_source(), int(label[_NAME:].view(np.int64)[0])
    name = bytes(label[:_NAME]).rstrip(b"\0").decode()
    alike = name == elements.dtype.name and nbytes == elements.nbytes
    # What does not fit is received all the same, so that the next one is what comes next.
    array = elements.array if alike else np.empty(nbytes, np.uint8)
    yield comm.Irecv([array, MPI.BYTE], source, 2 * tag + 1).Test
    if name != elements.dtype.name:
        raise DTypeError(
            f"distributed.recv: rank {source} of the group sent {name}, and the tensor is "
            f"{elements.dtype.name}; receive into a tensor of that dtype"
        )
    if not alike:
        size = elements.dtype.itemsize
        raise ShapeError(
            f"distributed.recv: rank {source} of the group sent {nbytes // size} elements, and the "
            f"tensor has shape {elements.shape}; receive into one of as many"
        )


def _noting(request: Any, status: Any) -> Callable[[], bool]:
    return lambda: request.Test(status)


def _label(dtype: Any) -> np.ndarray:
    return np.frombuffer(dtype.name.encode().ljust(_NAME, b"\0"), np.uint8)


def _peer(
    operation: str, name: str, found: ProcessGroup, rank: int | None, in_group: int | None
) -> int:
    if (rank is None) == (in_group is None):
        raise ValueError(f"distributed.{operation}: give {name} or group_{name}, and not both")
    place = in_group
    if place is None:
        place = found.place_of(f"distributed.{operation}", name, rank)  # type: ignore[arg-type]
    if place == found.rank():
        raise ValueError(f"distributed.{operation}: {name} is this rank itself; name another")
    return place


def send(
    tensor: Any,
    dst: int | None = None,
    group: Group = None,
    tag: int = 0,
    group_dst: int | None = None,
) -> None:
    """`isend`, and wait.

    In two ranks, and what rank 0 has then:

        x = ct.ones(2)
        if ct.distributed.get_rank() == 0:
            ct.distributed.send(x * 3, dst=1)
        else:
            ct.distributed.recv(x, src=0)
    """
    work = isend(tensor, dst, group, tag, group_dst)
    if work is not None:
        waited(work)


def recv(
    tensor: Any,
    src: int | None = None,
    group: Group = None,
    tag: int = 0,
    group_src: int | None = None,
) -> int:
    """`irecv`, and wait; the rank that sent it, -1 outside of the group.

    In two ranks, and what rank 0 has then:

        x = ct.empty(2)
        if ct.distributed.get_rank() == 0:
            ct.distributed.recv(x, src=1)
        else:
            ct.distributed.send(ct.ones(2), dst=0)
        x.tolist()  # [1.0, 1.0]
    """
    work = irecv(tensor, src, group, tag, group_src)
    return -1 if work is None else work.source_rank()


class P2POp:
    """A message for `batch_isend_irecv`: op is isend or irecv, peer a rank of the world.

    In two ranks, and what rank 0 has then:

        other, x = 1 - ct.distributed.get_rank(), ct.empty(1)
        swap = [
            ct.distributed.P2POp(ct.distributed.isend, ct.ones(1), other),
            ct.distributed.P2POp(ct.distributed.irecv, x, other),
        ]
        for work in ct.distributed.batch_isend_irecv(swap):
            work.wait()
        x.tolist()  # [1.0]
    """

    def __init__(
        self,
        op: Callable[..., Work | None],
        tensor: Any,
        peer: int | None = None,
        group: Group = None,
        tag: int = 0,
        group_peer: int | None = None,
    ) -> None:
        if op not in (isend, irecv):
            raise ValueError(f"distributed.P2POp: op is {op!r}; give isend or irecv")
        self.op, self.tensor, self.peer = op, tensor, peer
        self.group, self.tag, self.group_peer = group, tag, group_peer


def batch_isend_irecv(p2p_op_list: Sequence[P2POp]) -> list[Work]:
    """Begin all of them; a Work for each.

    In two ranks, and what rank 0 has then:

        other, x = 1 - ct.distributed.get_rank(), ct.empty(1)
        swap = [
            ct.distributed.P2POp(ct.distributed.isend, ct.ones(1), other),
            ct.distributed.P2POp(ct.distributed.irecv, x, other),
        ]
        for work in ct.distributed.batch_isend_irecv(swap):
            work.wait()
        x.tolist()  # [1.0]
    """
    if not p2p_op_list or not all(isinstance(p, P2POp) for p in p2p_op_list):
        raise DistributedError("distributed.batch_isend_irecv: give a list of P2POp")
    works = [p.op(p.tensor, p.peer, p.group, p.tag, p.group_peer) for p in p2p_op_list]
    return [work for work in works if work is not None]

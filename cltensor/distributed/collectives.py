"""What all ranks of a group do together with tensors, under PyTorch's names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from cltensor.core.tensor import Tensor
from cltensor.distributed.elements import Elements, check_alike, check_kind, check_tensor
from cltensor.distributed.groups import ProcessGroup, member
from cltensor.distributed.job import Steps
from cltensor.distributed.mpi import check_reduction, library
from cltensor.distributed.reduceop import ReduceOp
from cltensor.distributed.reducing import (
    Left,
    all_reduced,
    reduced,
    reduction_of,
)
from cltensor.distributed.work import Work
from cltensor.errors import ShapeError

Group = ProcessGroup | None


def described(name: str, x: Tensor, more: str = "") -> str:
    return f"{name} of {x.dtype.name} {tuple(x.shape)}{more}"


def root_of(operation: str, found: ProcessGroup, rank: int | None, in_group: int | None) -> int:
    """The rank in the group of a rank of the world, or of the group."""
    name = "src" if operation in ("broadcast", "scatter") else "dst"
    if in_group is None:
        wanted = found.ranks[0] if rank is None else rank
        return found.place_of(f"distributed.{operation}", name, wanted)
    if rank is not None and found.ranks[in_group] != rank:
        raise ValueError(f"distributed.{operation}: give {name} or group_{name}, not both")
    return found.ranks.index(found.ranks[in_group])


def broadcast(
    tensor: Any,
    src: int | None = None,
    group: Group = None,
    async_op: bool = False,
    group_src: int | None = None,
) -> Work | None:
    """Have `tensor` of rank `src` in every rank.

    Args:    src: a rank of the world, group_src one of the group; async_op: return at once, with a
             Work to wait for.
    Raises:  DistributedError where the ranks' calls, shapes or dtypes differ, and where one died,
             left or does not come within the group's limit; that is so of all these functions.

    In two ranks, and what rank 0 has then:

        x = ct.full((2,), float(ct.distributed.get_rank()))
        ct.distributed.broadcast(x, src=1)
        x.tolist()  # [1.0, 1.0]
    """
    found = member("broadcast", group)
    if found is None:
        return None
    x = check_tensor("distributed.broadcast", "tensor", tensor)
    root = root_of("broadcast", found, src, group_src)
    is_root = found.rank() == root
    elements = Elements("broadcast", x, reads=is_root, writes=not is_root)

    def steps() -> Steps:
        yield found.comm.Ibcast([elements.array, library().BYTE], root).Test

    what = described("broadcast", x, f" from rank {found.ranks[root]}")
    return found.run(what, steps, [elements], async_op=async_op, result=[x])


def all_reduce(
    tensor: Any, op: ReduceOp = ReduceOp.SUM, group: Group = None, async_op: bool = False
) -> Work | None:
    """Replace `tensor`, in every rank, by the reduction of all ranks'. Sums of float16 and bfloat16
    are made in float32 and rounded once. With `use_deterministic_algorithms` floating-point numbers
    are reduced by halves, ((r0 + r1) + (r2 + r3)); that is so of all these functions.

    In two ranks, and what rank 0 has then:

        x = ct.ones(2)
        ct.distributed.all_reduce(x)
        x.tolist()  # [2.0, 2.0]
    """
    found = member("all_reduce", group)
    if found is None:
        return None
    x = check_tensor("distributed.all_reduce", "tensor", tensor)
    check_reduction("distributed.all_reduce", x.dtype, op)
    elements, reduction = Elements("all_reduce", x, writes=True), reduction_of(x.dtype, op)

    def steps() -> Steps:
        yield from all_reduced(found.comm, elements.array, reduction)

    what = described(f"all_reduce{reduction.described}", x)
    return found.run(what, steps, [elements], async_op=async_op, result=[x])


def summed(group: ProcessGroup, what: str, x: Tensor, left: Left | None = None) -> Work:
    """`all_reduce(SUM)`, begun, by ranks that know that they make the same call; `left` is added to
    and kept from sums of 16-bit elements."""
    elements, reduction = Elements(what, x, writes=True), reduction_of(x.dtype, ReduceOp.SUM)

    def steps() -> Steps:
        yield from all_reduced(group.comm, elements.array, reduction, left)

    said = f"{what} ({elements.nbytes} bytes)"
    work = group.run(said, steps, [elements], async_op=True, agreed=True, result=[x])
    assert work is not None
    return work


def reduce(
    tensor: Any,
    dst: int | None = None,
    op: ReduceOp = ReduceOp.SUM,
    group: Group = None,
    async_op: bool = False,
    group_dst: int | None = None,
) -> Work | None:
    """Replace `tensor` of rank `dst` by the reduction of all ranks'.

    In two ranks, and what rank 0 has then:

        x = ct.ones(2)
        ct.distributed.reduce(x, dst=0)
        x.tolist()  # [2.0, 2.0]
    """
    found = member("reduce", group)
    if found is None:
        return None
    x = check_tensor("distributed.reduce", "tensor", tensor)
    check_reduction("distributed.reduce", x.dtype, op)
    root = root_of("reduce", found, dst, group_dst)
    elements = Elements("reduce", x, writes=found.rank() == root)
    reduction = reduction_of(x.dtype, op)

    def steps() -> Steps:
        yield from reduced(found.comm, elements.array, reduction, root)

    what = described(f"reduce{reduction.described}", x, f" to rank {found.ranks[root]}")
    return found.run(what, steps, [elements], async_op=async_op, result=[x])


def all_gather(
    tensor_list: Sequence[Any], tensor: Any, group: Group = None, async_op: bool = False
) -> Work | None:
    """Fill tensor_list[k], in every rank, with `tensor` of the group's rank k.

    In two ranks, and what rank 0 has then:

        parts = [ct.zeros(1), ct.zeros(1)]
        ct.distributed.all_gather(parts, ct.ones(1))
        parts  # [tensor([1.]), tensor([1.])]
    """
    found = member("all_gather", group)
    if found is None:
        return None
    x = check_tensor("distributed.all_gather", "tensor", tensor)
    check_list("all_gather", "tensor_list", tensor_list, found.size())
    check_alike("distributed.all_gather", "tensor_list", tensor_list, x)
    given = Elements("all_gather", x)
    taken = [Elements("all_gather", t, reads=False, writes=True) for t in tensor_list]

    def steps() -> Steps:
        whole = np.empty((found.size(), given.nbytes), np.uint8)
        yield found.comm.Iallgather(given.array, whole).Test
        for each, row in zip(taken, whole, strict=True):
            each.array[:] = row

    what, elements = described("all_gather", x), [given, *taken]
    return found.run(what, steps, elements, async_op=async_op, result=list(tensor_list))


def all_gather_into_tensor(
    output_tensor: Any, input_tensor: Any, group: Group = None, async_op: bool = False
) -> Work | None:
    """Fill output_tensor with the ranks' input_tensor one after the other: its first dimension is
    as many times as long, or it has one more in front.

    In two ranks, and what rank 0 has then:

        out = ct.empty(4)
        ct.distributed.all_gather_into_tensor(out, ct.ones(2))
        out.tolist()  # [1.0, 1.0, 1.0, 1.0]
    """
    name = "all_gather_into_tensor"
    found = member(name, group)
    if found is None:
        return None
    x = check_tensor(f"distributed.{name}", "input_tensor", input_tensor)
    out = check_tensor(f"distributed.{name}", "output_tensor", output_tensor)
    check_whole(name, ("output_tensor", out), ("input_tensor", x), found.size())
    given, taken = Elements(name, x), Elements(name, out, reads=False, writes=True)

    def steps() -> Steps:
        yield found.comm.Iallgather(given.array, taken.array).Test

    elements = [given, taken]
    return found.run(described(name, x), steps, elements, async_op=async_op, result=[out])


def gather(
    tensor: Any,
    gather_list: Sequence[Any] | None = None,
    dst: int | None = None,
    group: Group = None,
    async_op: bool = False,
    group_dst: int | None = None,
) -> Work | None:
    """Fill gather_list[k] of rank `dst` with `tensor` of the group's rank k.

    In two ranks, and what rank 0 has then:

        parts = [ct.zeros(1), ct.zeros(1)] if ct.distributed.get_rank() == 0 else None
        ct.distributed.gather(ct.ones(1), parts, dst=0)
        parts  # [tensor([1.]), tensor([1.])]
    """
    found = member("gather", group)
    if found is None:
        return None
    x = check_tensor("distributed.gather", "tensor", tensor)
    root = root_of("gather", found, dst, group_dst)
    lists = at_root("gather", "gather_list", gather_list, found, root, x)
    given = Elements("gather", x)
    taken = [Elements("gather", t, reads=False, writes=True) for t in lists]

    def steps() -> Steps:
        whole = np.empty((len(taken), given.nbytes), np.uint8)
        yield found.comm.Igather(given.array, whole if taken else None, root).Test
        for each, row in zip(taken, whole, strict=True):
            each.array[:] = row

    what = described("gather", x, f" to rank {found.ranks[root]}")
    return found.run(what, steps, [given, *taken], async_op=async_op, result=lists)


def barrier(
    group: Group = None, async_op: bool = False, device_ids: Any = None
) -> Work | None:  # fmt: skip
    """Wait until all ranks are here. device_ids asks for nothing.

    In two ranks, and what rank 0 has then:

        ct.distributed.barrier()
    """
    found = member("barrier", group)
    if found is None:
        return None

    def steps() -> Steps:
        yield found.comm.Ibarrier().Test

    return found.run("barrier", steps, async_op=async_op)


def check_list(operation: str, name: str, tensors: Any, size: int) -> None:
    if not isinstance(tensors, (list, tuple)) or len(tensors) != size:
        count = len(tensors) if isinstance(tensors, (list, tuple)) else type(tensors).__name__
        raise ShapeError(
            f"distributed.{operation}: {name} has {count} tensors for {size} ranks; give a list "
            "with one for each"
        )


def at_root(
    operation: str, name: str, tensors: Any, found: ProcessGroup, root: int, like: Tensor
) -> list[Tensor]:
    if found.rank() != root:
        if tensors:
            raise ValueError(
                f"distributed.{operation}: {name} is for rank {found.ranks[root]} alone; leave it "
                "out in the others"
            )
        return []
    check_list(operation, name, tensors, found.size())
    check_alike(f"distributed.{operation}", name, tensors, like)
    return list(tensors)


def check_whole(
    operation: str, whole: tuple[str, Tensor], part: tuple[str, Tensor], size: int
) -> None:
    check_kind(f"distributed.{operation}", whole[0], whole[1], part[1])
    shape = tuple(part[1].shape)
    joined = (size * shape[0], *shape[1:]) if shape else (size,)
    if tuple(whole[1].shape) not in (joined, (size, *shape)):
        raise ShapeError(
            f"distributed.{operation}: {whole[0]} has shape {tuple(whole[1].shape)}, {part[0]} "
            f"{shape}, and there are {size} ranks; make the former {joined} or {(size, *shape)}"
        )

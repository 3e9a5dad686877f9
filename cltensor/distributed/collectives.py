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
    reduce_scattered,
    reduced,
    reduction_of,
)
from cltensor.distributed.work import Work
from cltensor.errors import ShapeError

Group = ProcessGroup | None


def _described(name: str, x: Tensor, more: str = "") -> str:
    return f"{name} of {x.dtype.name} {tuple(x.shape)}{more}"


def _root(operation: str, found: ProcessGroup, rank: int | None, in_group: int | None) -> int:
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
    root = _root("broadcast", found, src, group_src)
    is_root = found.rank() == root
    elements = Elements("broadcast", x, reads=is_root, writes=not is_root)

    def steps() -> Steps:
        yield found.comm.Ibcast([elements.array, library().BYTE], root).Test

    what = _described("broadcast", x, f" from rank {found.ranks[root]}")
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

    what = _described(f"all_reduce{reduction.described}", x)
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
    """Replace `tensor` of rank `dst` by the reduction of all ranks'."""
    found = member("reduce", group)
    if found is None:
        return None
    x = check_tensor("distributed.reduce", "tensor", tensor)
    check_reduction("distributed.reduce", x.dtype, op)
    root = _root("reduce", found, dst, group_dst)
    elements = Elements("reduce", x, writes=found.rank() == root)
    reduction = reduction_of(x.dtype, op)

    def steps() -> Steps:
        yield from reduced(found.comm, elements.array, reduction, root)

    what = _described(f"reduce{reduction.described}", x, f" to rank {found.ranks[root]}")
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
    _check_list("all_gather", "tensor_list", tensor_list, found.size())
    check_alike("distributed.all_gather", "tensor_list", tensor_list, x)
    given = Elements("all_gather", x)
    taken = [Elements("all_gather", t, reads=False, writes=True) for t in tensor_list]

    def steps() -> Steps:
        whole = np.empty((found.size(), given.nbytes), np.uint8)
        yield found.comm.Iallgather(given.array, whole).Test
        for each, row in zip(taken, whole, strict=True):
            each.array[:] = row

    what, elements = _described("all_gather", x), [given, *taken]
    return found.run(what, steps, elements, async_op=async_op, result=list(tensor_list))


def all_gather_into_tensor(
    output_tensor: Any, input_tensor: Any, group: Group = None, async_op: bool = False
) -> Work | None:
    """Fill output_tensor with the ranks' input_tensor one after the other: its first dimension is
    as many times as long, or it has one more in front."""
    name = "all_gather_into_tensor"
    found = member(name, group)
    if found is None:
        return None
    x = check_tensor(f"distributed.{name}", "input_tensor", input_tensor)
    out = check_tensor(f"distributed.{name}", "output_tensor", output_tensor)
    _check_whole(name, ("output_tensor", out), ("input_tensor", x), found.size())
    given, taken = Elements(name, x), Elements(name, out, reads=False, writes=True)

    def steps() -> Steps:
        yield found.comm.Iallgather(given.array, taken.array).Test

    elements = [given, taken]
    return found.run(_described(name, x), steps, elements, async_op=async_op, result=[out])


def gather(
    tensor: Any,
    gather_list: Sequence[Any] | None = None,
    dst: int | None = None,
    group: Group = None,
    async_op: bool = False,
    group_dst: int | None = None,
) -> Work | None:
    """Fill gather_list[k] of rank `dst` with `tensor` of the group's rank k."""
    found = member("gather", group)
    if found is None:
        return None
    x = check_tensor("distributed.gather", "tensor", tensor)
    root = _root("gather", found, dst, group_dst)
    lists = _at_root("gather", "gather_list", gather_list, found, root, x)
    given = Elements("gather", x)
    taken = [Elements("gather", t, reads=False, writes=True) for t in lists]

    def steps() -> Steps:
        whole = np.empty((len(taken), given.nbytes), np.uint8)
        yield found.comm.Igather(given.array, whole if taken else None, root).Test
        for each, row in zip(taken, whole, strict=True):
            each.array[:] = row

    what = _described("gather", x, f" to rank {found.ranks[root]}")
    return found.run(what, steps, [given, *taken], async_op=async_op, result=lists)


def scatter(
    tensor: Any,
    scatter_list: Sequence[Any] | None = None,
    src: int | None = None,
    group: Group = None,
    async_op: bool = False,
    group_src: int | None = None,
) -> Work | None:
    """Fill `tensor` of the group's rank k with scatter_list[k] of rank `src`."""
    found = member("scatter", group)
    if found is None:
        return None
    x = check_tensor("distributed.scatter", "tensor", tensor)
    root = _root("scatter", found, src, group_src)
    lists = _at_root("scatter", "scatter_list", scatter_list, found, root, x)
    taken = Elements("scatter", x, reads=False, writes=True)
    given = [Elements("scatter", t) for t in lists]

    def steps() -> Steps:
        whole = np.stack([each.array for each in given]) if given else None
        yield found.comm.Iscatter(whole, taken.array, root).Test

    what = _described("scatter", x, f" from rank {found.ranks[root]}")
    return found.run(what, steps, [taken, *given], async_op=async_op, result=[x])


def reduce_scatter(
    output: Any,
    input_list: Sequence[Any],
    op: ReduceOp = ReduceOp.SUM,
    group: Group = None,
    async_op: bool = False,
) -> Work | None:
    """Fill `output` of the group's rank k with the reduction of the ranks' input_list[k]."""
    name = "reduce_scatter"
    found = member(name, group)
    if found is None:
        return None
    out = check_tensor(f"distributed.{name}", "output", output)
    check_reduction(f"distributed.{name}", out.dtype, op)
    _check_list(name, "input_list", input_list, found.size())
    check_alike(f"distributed.{name}", "input_list", input_list, out)
    taken, reduction = Elements(name, out, reads=False, writes=True), reduction_of(out.dtype, op)
    given = [Elements(name, x) for x in input_list]

    def steps() -> Steps:
        whole = np.concatenate([each.array for each in given])
        counts = [taken.nbytes // out.dtype.itemsize] * found.size()
        yield from reduce_scattered(found.comm, whole, taken.array, counts, reduction)

    what = _described(f"{name}{reduction.described}", out)
    return found.run(what, steps, [taken, *given], async_op=async_op, result=[out])


def reduce_scatter_tensor(
    output: Any,
    input: Any,
    op: ReduceOp = ReduceOp.SUM,
    group: Group = None,
    async_op: bool = False,
) -> Work | None:
    """Fill `output` of the group's rank k with the k-th part of the reduction of the ranks'
    `input`, which is as many times as long."""
    name = "reduce_scatter_tensor"
    found = member(name, group)
    if found is None:
        return None
    out = check_tensor(f"distributed.{name}", "output", output)
    x = check_tensor(f"distributed.{name}", "input", input)
    check_reduction(f"distributed.{name}", out.dtype, op)
    _check_whole(name, ("input", x), ("output", out), found.size())
    given, taken = Elements(name, x), Elements(name, out, reads=False, writes=True)
    reduction = reduction_of(out.dtype, op)

    def steps() -> Steps:
        counts = [taken.nbytes // out.dtype.itemsize] * found.size()
        yield from reduce_scattered(found.comm, given.array, taken.array, counts, reduction)

    what = _described(f"{name}{reduction.described}", out)
    return found.run(what, steps, [given, taken], async_op=async_op, result=[out])


def all_to_all(
    output_tensor_list: Sequence[Any],
    input_tensor_list: Sequence[Any],
    group: Group = None,
    async_op: bool = False,
) -> Work | None:
    """Fill output_tensor_list[k] with the tensor that the group's rank k has for this one."""
    name = "all_to_all"
    found = member(name, group)
    if found is None:
        return None
    for what, tensors in (("output", output_tensor_list), ("input", input_tensor_list)):
        _check_list(name, f"{what}_tensor_list", tensors, found.size())
        for place, x in enumerate(tensors):
            first = check_tensor(f"distributed.{name}", f"{what}_tensor_list[{place}]", x)
            check_kind(f"distributed.{name}", f"{what}_tensor_list[{place}]", first, tensors[0])
    check_kind(f"distributed.{name}", "input", input_tensor_list[0], output_tensor_list[0])
    taken = [Elements(name, t, reads=False, writes=True) for t in output_tensor_list]
    given = [Elements(name, t) for t in input_tensor_list]

    def steps() -> Steps:
        yield from _exchanged(found.comm, given, taken)

    what = f"{name} of {output_tensor_list[0].dtype.name}"
    result = list(output_tensor_list)
    return found.run(what, steps, [*given, *taken], async_op=async_op, result=result)


def _exchanged(comm: Any, given: Sequence[Elements], taken: Sequence[Elements]) -> Steps:
    mine = np.array([each.nbytes for each in given], np.int64)
    theirs = np.empty_like(mine)
    yield comm.Ialltoall(mine, theirs).Test
    wanted = [each.nbytes for each in taken]
    whole = np.concatenate([each.array for each in given])
    arrived = np.empty(int(theirs.sum()), np.uint8)
    byte = library().BYTE
    yield comm.Ialltoallv([whole, mine.tolist(), byte], [arrived, theirs.tolist(), byte]).Test
    if theirs.tolist() != wanted:
        raise ShapeError(
            f"distributed.all_to_all: the ranks have {theirs.tolist()} bytes for this one, and the "
            f"output tensors {wanted}; give tensors of the shapes that are sent"
        )
    for each, part in zip(taken, np.split(arrived, np.cumsum(wanted)[:-1]), strict=True):
        each.array[:] = part


def all_to_all_single(
    output: Any,
    input: Any,
    output_split_sizes: Sequence[int] | None = None,
    input_split_sizes: Sequence[int] | None = None,
    group: Group = None,
    async_op: bool = False,
) -> Work | None:
    """Send the k-th part of `input` to the group's rank k, and have the parts for this one in
    `output`, one after the other. The sizes are of the first dimension, equal without them."""
    name = "all_to_all_single"
    found = member(name, group)
    if found is None:
        return None
    x = check_tensor(f"distributed.{name}", "input", input)
    out = check_tensor(f"distributed.{name}", "output", output)
    check_kind(f"distributed.{name}", "input", x, out)
    sends = _splits(name, "input", x, input_split_sizes, found.size())
    takes = _splits(name, "output", out, output_split_sizes, found.size())
    given, taken = Elements(name, x), Elements(name, out, reads=False, writes=True)

    def steps() -> Steps:
        theirs = np.empty(found.size(), np.int64)
        yield found.comm.Ialltoall(np.array(sends, np.int64), theirs).Test
        if theirs.tolist() != takes:
            raise ShapeError(
                f"distributed.{name}: the ranks send {theirs.tolist()} bytes to this one, and "
                f"output_split_sizes say {takes}; let both name the same parts"
            )
        byte = library().BYTE
        yield found.comm.Ialltoallv([given.array, sends, byte], [taken.array, takes, byte]).Test

    what = f"{name} of {x.dtype.name}"
    return found.run(what, steps, [given, taken], async_op=async_op, result=[out])


def barrier(
    group: Group = None, async_op: bool = False, device_ids: Any = None
) -> Work | None:  # fmt: skip
    """Wait until all ranks are here. device_ids asks for nothing."""
    found = member("barrier", group)
    if found is None:
        return None

    def steps() -> Steps:
        yield found.comm.Ibarrier().Test

    return found.run("barrier", steps, async_op=async_op)


def _check_list(operation: str, name: str, tensors: Any, size: int) -> None:
    if not isinstance(tensors, (list, tuple)) or len(tensors) != size:
        count = len(tensors) if isinstance(tensors, (list, tuple)) else type(tensors).__name__
        raise ShapeError(
            f"distributed.{operation}: {name} has {count} tensors for {size} ranks; give a list "
            "with one for each"
        )


def _at_root(
    operation: str, name: str, tensors: Any, found: ProcessGroup, root: int, like: Tensor
) -> list[Tensor]:
    if found.rank() != root:
        if tensors:
            raise ValueError(
                f"distributed.{operation}: {name} is for rank {found.ranks[root]} alone; leave it "
                "out in the others"
            )
        return []
    _check_list(operation, name, tensors, found.size())
    check_alike(f"distributed.{operation}", name, tensors, like)
    return list(tensors)


def _check_whole(
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


def _splits(
    operation: str, name: str, x: Tensor, sizes: Sequence[int] | None, ranks: int
) -> list[int]:
    """The bytes of each part."""
    rows = x.shape[0] if x.ndim else 1
    if sizes is None or not len(sizes):
        if rows % ranks:
            raise ShapeError(
                f"distributed.{operation}: {name} has {rows} rows, which {ranks} ranks do not "
                f"divide; give {name}_split_sizes"
            )
        sizes = [rows // ranks] * ranks
    if len(sizes) != ranks or sum(sizes) != rows or min(sizes) < 0:
        raise ShapeError(
            f"distributed.{operation}: {name}_split_sizes are {list(sizes)} for {rows} rows and "
            f"{ranks} ranks; give one for each, {rows} in all"
        )
    row = x.nbytes // rows if rows else 0
    return [int(size) * row for size in sizes]

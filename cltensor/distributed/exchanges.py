"""Parts of tensors that ranks give to each other, reduced or not, under PyTorch's names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from cltensor.core.tensor import Tensor
from cltensor.distributed.collectives import (
    Group,
    at_root,
    check_list,
    check_whole,
    described,
    root_of,
)
from cltensor.distributed.elements import Elements, check_alike, check_kind, check_tensor
from cltensor.distributed.groups import member
from cltensor.distributed.job import Steps
from cltensor.distributed.mpi import check_reduction, library
from cltensor.distributed.reduceop import ReduceOp
from cltensor.distributed.reducing import (
    reduce_scattered,
    reduction_of,
)
from cltensor.distributed.work import Work
from cltensor.errors import ShapeError


def scatter(
    tensor: Any,
    scatter_list: Sequence[Any] | None = None,
    src: int | None = None,
    group: Group = None,
    async_op: bool = False,
    group_src: int | None = None,
) -> Work | None:
    """Fill `tensor` of the group's rank k with scatter_list[k] of rank `src`.

    In two ranks, and what rank 0 has then:

        x = ct.empty(1)
        parts = [ct.ones(1), ct.zeros(1)] if ct.distributed.get_rank() == 0 else None
        ct.distributed.scatter(x, parts, src=0)
        x.tolist()  # [1.0]
    """
    found = member("scatter", group)
    if found is None:
        return None
    x = check_tensor("distributed.scatter", "tensor", tensor)
    root = root_of("scatter", found, src, group_src)
    lists = at_root("scatter", "scatter_list", scatter_list, found, root, x)
    taken = Elements("scatter", x, reads=False, writes=True)
    given = [Elements("scatter", t) for t in lists]

    def steps() -> Steps:
        whole = np.stack([each.array for each in given]) if given else None
        yield found.comm.Iscatter(whole, taken.array, root).Test

    what = described("scatter", x, f" from rank {found.ranks[root]}")
    return found.run(what, steps, [taken, *given], async_op=async_op, result=[x])


def reduce_scatter(
    output: Any,
    input_list: Sequence[Any],
    op: ReduceOp = ReduceOp.SUM,
    group: Group = None,
    async_op: bool = False,
) -> Work | None:
    """Fill `output` of the group's rank k with the reduction of the ranks' input_list[k].

    In two ranks, and what rank 0 has then:

        x = ct.empty(1)
        ct.distributed.reduce_scatter(x, [ct.ones(1), ct.zeros(1)])
        x.tolist()  # [2.0]
    """
    name = "reduce_scatter"
    found = member(name, group)
    if found is None:
        return None
    out = check_tensor(f"distributed.{name}", "output", output)
    check_reduction(f"distributed.{name}", out.dtype, op)
    check_list(name, "input_list", input_list, found.size())
    check_alike(f"distributed.{name}", "input_list", input_list, out)
    taken, reduction = Elements(name, out, reads=False, writes=True), reduction_of(out.dtype, op)
    given = [Elements(name, x) for x in input_list]

    def steps() -> Steps:
        whole = np.concatenate([each.array for each in given])
        counts = [taken.nbytes // out.dtype.itemsize] * found.size()
        yield from reduce_scattered(found.comm, whole, taken.array, counts, reduction)

    what = described(f"{name}{reduction.described}", out)
    return found.run(what, steps, [taken, *given], async_op=async_op, result=[out])


def reduce_scatter_tensor(
    output: Any,
    input: Any,
    op: ReduceOp = ReduceOp.SUM,
    group: Group = None,
    async_op: bool = False,
) -> Work | None:
    """Fill `output` of the group's rank k with the k-th part of the reduction of the ranks'
    `input`, which is as many times as long.

    In two ranks, and what rank 0 has then:

        x = ct.empty(1)
        ct.distributed.reduce_scatter_tensor(x, ct.tensor([1.0, 0.0]))
        x.tolist()  # [2.0]
    """
    name = "reduce_scatter_tensor"
    found = member(name, group)
    if found is None:
        return None
    out = check_tensor(f"distributed.{name}", "output", output)
    x = check_tensor(f"distributed.{name}", "input", input)
    check_reduction(f"distributed.{name}", out.dtype, op)
    check_whole(name, ("input", x), ("output", out), found.size())
    given, taken = Elements(name, x), Elements(name, out, reads=False, writes=True)
    reduction = reduction_of(out.dtype, op)

    def steps() -> Steps:
        counts = [taken.nbytes // out.dtype.itemsize] * found.size()
        yield from reduce_scattered(found.comm, given.array, taken.array, counts, reduction)

    what = described(f"{name}{reduction.described}", out)
    return found.run(what, steps, [given, taken], async_op=async_op, result=[out])


def all_to_all(
    output_tensor_list: Sequence[Any],
    input_tensor_list: Sequence[Any],
    group: Group = None,
    async_op: bool = False,
) -> Work | None:
    """Fill output_tensor_list[k] with the tensor that the group's rank k has for this one.

    In two ranks, and what rank 0 has then:

        rank, out = float(ct.distributed.get_rank()), [ct.empty(1), ct.empty(1)]
        ct.distributed.all_to_all(out, [ct.full((1,), rank), ct.zeros(1)])
        out  # [tensor([0.]), tensor([1.])]
    """
    name = "all_to_all"
    found = member(name, group)
    if found is None:
        return None
    for what, tensors in (("output", output_tensor_list), ("input", input_tensor_list)):
        check_list(name, f"{what}_tensor_list", tensors, found.size())
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
    `output`, one after the other. The sizes are of the first dimension, equal without them.

    In two ranks, and what rank 0 has then:

        rank, out = float(ct.distributed.get_rank()), ct.empty(2)
        ct.distributed.all_to_all_single(out, ct.full((2,), rank))
        out.tolist()  # [0.0, 1.0]
    """
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

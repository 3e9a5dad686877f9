"""Reductions of elements on the host: by MPI, those of 16 bits by parts.

MPI knows no float16 and no bfloat16. Each rank gets its part of everybody's elements, folds them in
float32, in the order of the ranks, and rounds once; half the bytes of float32 travel.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np

from cltensor.distributed.job import Steps
from cltensor.distributed.mpi import library, operator_of, typed
from cltensor.distributed.reduceop import ReduceOp
from cltensor.dtypes import SHORT, float16
from cltensor.halves import cast_array, host_dtype, to_array

#: Of float16.
LARGEST = 65504.0
_FOLDS: dict[ReduceOp, Any] = {
    ReduceOp.SUM: np.add,
    ReduceOp.AVG: np.add,
    ReduceOp.PRODUCT: np.multiply,
    ReduceOp.MIN: np.minimum,
    ReduceOp.MAX: np.maximum,
}


class Left:
    """What rounding the sums of 16-bit elements took from them, to be added to the next ones."""

    def __init__(self) -> None:
        self._values: np.ndarray | None = None

    def exchange(self, total: np.ndarray, dtype: np.dtype) -> None:
        """Add to `total`, float32, what is left of the one before, and keep what rounding it takes
        away; what is too large for float16 is cut."""
        if self._values is not None and self._values.shape == total.shape:
            total += self._values
        whole = total.copy()
        if dtype is float16:
            np.clip(total, -LARGEST, LARGEST, out=total)
        with np.errstate(invalid="ignore"):
            left = whole - to_array(cast_array(total, dtype)).astype(np.float32)
        self._values = np.where(np.isfinite(left), left, np.float32(0))


def all_reduced(
    comm: Any, array: np.ndarray, dtype: np.dtype, op: ReduceOp, left: Left | None = None
) -> Steps:
    """Replace `array`, bytes, by the reduction over all ranks."""
    if dtype in SHORT:
        size = comm.Get_size()
        counts = parts_of(len(array) // 2, size)
        part = np.empty(2 * counts[comm.Get_rank()], np.uint8)
        yield from _folded(comm, array, part, counts, dtype, op, left)
        yield comm.Iallgatherv(part, [array, _bytes(counts), library().BYTE]).Test
        return
    elements = typed(array, dtype)
    yield comm.Iallreduce(library().IN_PLACE, elements, operator_of(dtype, op)).Test
    _mean(elements, op, comm.Get_size())


def reduced(comm: Any, array: np.ndarray, dtype: np.dtype, op: ReduceOp, root: int) -> Steps:
    """Replace `array` in rank `root` by the reduction."""
    MPI, is_root = library(), comm.Get_rank() == root
    if dtype in SHORT:
        counts = parts_of(len(array) // 2, comm.Get_size())
        part = np.empty(2 * counts[comm.Get_rank()], np.uint8)
        yield from _folded(comm, array, part, counts, dtype, op)
        whole = [array, _bytes(counts), MPI.BYTE] if is_root else None
        yield comm.Igatherv(part, whole, root).Test
        return
    elements = typed(array, dtype)
    given, taken = (MPI.IN_PLACE, elements) if is_root else (elements, None)
    yield comm.Ireduce(given, taken, operator_of(dtype, op), root).Test
    if is_root:
        _mean(elements, op, comm.Get_size())


def reduce_scattered(
    comm: Any, array: np.ndarray, part: np.ndarray, counts: Sequence[int], dtype: np.dtype,
    op: ReduceOp,
) -> Steps:  # fmt: skip
    """Fill `part` with this rank's share, counts[rank] elements, of the reduction of `array`."""
    if dtype in SHORT:
        yield from _folded(comm, array, part, counts, dtype, op)
        return
    elements = typed(part, dtype)
    request = comm.Ireduce_scatter(
        typed(array, dtype), elements, list(counts), operator_of(dtype, op)
    )
    yield request.Test
    _mean(elements, op, comm.Get_size())


def parts_of(count: int, size: int) -> list[int]:
    """`count` elements for `size` ranks, as evenly as can be."""
    return [count * (k + 1) // size - count * k // size for k in range(size)]


def _bytes(counts: Sequence[int], size: int = 2) -> tuple[list[int], list[int]]:
    """Counts and displacements in bytes."""
    sizes = [size * count for count in counts]
    return sizes, [0, *accumulate(sizes)][:-1]


def _folded(
    comm: Any, array: np.ndarray, part: np.ndarray, counts: Sequence[int], dtype: np.dtype,
    op: ReduceOp, left: Left | None = None,
) -> Steps:  # fmt: skip
    """Fill `part` with this rank's share of the reduction of 16-bit elements."""
    byte, ranks = library().BYTE, comm.Get_size()
    share = counts[comm.Get_rank()]
    arrived = np.empty((ranks, 2 * share), np.uint8)
    yield comm.Ialltoallv(
        [array, _bytes(counts), byte], [arrived, _bytes([share] * ranks), byte]
    ).Test
    total = _widened(arrived[0], dtype)
    for row in arrived[1:]:
        _FOLDS[op](total, _widened(row, dtype), out=total)
    _mean(total, op, ranks)
    if left is not None:
        left.exchange(total, dtype)
    with np.errstate(over="ignore"):
        part[:] = cast_array(total, dtype).view(np.uint8)


def _widened(array: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """16-bit elements as float32."""
    return to_array(array.view(host_dtype(dtype))).astype(np.float32)


def _mean(elements: np.ndarray, op: ReduceOp, size: int) -> None:
    if op is ReduceOp.AVG:
        np.divide(elements, size, out=elements)

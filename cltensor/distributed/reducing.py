"""Reductions of elements on the host, over the ranks of a group: by MPI, or by halves.

MPI promises no order. Where results shall be the same everywhere (runtime/determinism.py), each
rank gets its part of everybody's elements, as messages, and merges them by halves, ((r0 + r1) +
(r2 + r3)): ranks with equal parts of a batch then find the sums of one process with all of it. So
are float16 and bfloat16 always, which MPI does not know: in float32, and rounded once, while half
the bytes travel.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from functools import partial
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np

from cltensor.distributed.job import Poll, Steps
from cltensor.distributed.mpi import library, operator_of, typed
from cltensor.distributed.reduceop import ReduceOp
from cltensor.dtypes import SHORT, float16
from cltensor.halves import cast_array, host_dtype, to_array
from cltensor.runtime.determinism import is_deterministic

#: Of float16.
LARGEST = 65504.0
#: Bytes of all ranks together that are sent to all: one call takes less than two.
_FEW = 1 << 15
#: Of the messages, beyond those of tensors and of objects.
_TAG = (1 << 20) + 1


def _add(a: np.ndarray, b: np.ndarray) -> None:
    np.add(a, b, out=a)


def _multiply(a: np.ndarray, b: np.ndarray) -> None:
    if a.dtype.kind != "c":
        np.multiply(a, b, out=a)
        return
    # NumPy rounds the parts of complex products as the processor has it.
    real = a.real * b.real - a.imag * b.imag
    a.imag = a.real * b.imag + a.imag * b.real
    a.real = real


def _take_smaller(a: np.ndarray, b: np.ndarray) -> None:
    np.copyto(a, b, where=(b < a) | (b != b))


def _take_larger(a: np.ndarray, b: np.ndarray) -> None:
    np.copyto(a, b, where=(b > a) | (b != b))


#: What changes a to what a and b become.
_MERGES: dict[ReduceOp, Callable[[np.ndarray, np.ndarray], None]] = {
    ReduceOp.SUM: _add,
    ReduceOp.AVG: _add,
    ReduceOp.PRODUCT: _multiply,
    ReduceOp.MIN: _take_smaller,
    ReduceOp.MAX: _take_larger,
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


class Reduction(NamedTuple):
    """What is made of everybody's elements: MPI's doing, unless it is `ordered`."""

    dtype: np.dtype
    op: ReduceOp
    ordered: bool

    @property
    def described(self) -> str:
        """For messages, and for ranks to compare."""
        order = ", deterministic" if self.ordered and self.dtype not in SHORT else ""
        return f"({self.op.name}{order})"


def reduction_of(dtype: np.dtype, op: ReduceOp) -> Reduction:
    """As is asked for now."""
    ordered = dtype in SHORT or (dtype.kind in "fc" and is_deterministic())
    return Reduction(dtype, op, ordered)


def all_reduced(
    comm: Any, array: np.ndarray, reduction: Reduction, left: Left | None = None
) -> Steps:
    """Replace `array`, bytes, by the reduction over all ranks."""
    dtype, op, ordered = reduction
    if not ordered:
        elements = typed(array, dtype)
        yield comm.Iallreduce(library().IN_PLACE, elements, operator_of(dtype, op)).Test
        _divide(elements, op, comm.Get_size())
        return
    size = comm.Get_size()
    if len(array) * size <= _FEW:
        rows = np.empty((size, len(array)), np.uint8)
        yield comm.Iallgather(array, rows).Test
        array[:] = _merged(rows, dtype, op, left)
        return
    parts = _parts_of_bytes(array, dtype, parts_of(len(array) // dtype.itemsize, size))
    part = yield from _own_part(comm, parts, dtype, op, left)
    mine = parts[comm.Get_rank()]
    mine[:] = part
    yield _passed(comm, [mine] * size, parts)


def reduced(comm: Any, array: np.ndarray, reduction: Reduction, root: int) -> Steps:
    """Replace `array` in rank `root` by the reduction."""
    MPI, is_root, size = library(), comm.Get_rank() == root, comm.Get_size()
    dtype, op, ordered = reduction
    if not ordered:
        elements = typed(array, dtype)
        given, taken = (MPI.IN_PLACE, elements) if is_root else (elements, None)
        yield comm.Ireduce(given, taken, operator_of(dtype, op), root).Test
        if is_root:
            _divide(elements, op, size)
        return
    counts = parts_of(len(array) // dtype.itemsize, size)
    part = yield from _own_part(comm, _parts_of_bytes(array, dtype, counts), dtype, op)
    sizes = [dtype.itemsize * count for count in counts]
    whole = [array, (sizes, [0, *accumulate(sizes)][:-1]), MPI.BYTE] if is_root else None
    yield comm.Igatherv(part, whole, root).Test


def reduce_scattered(
    comm: Any, array: np.ndarray, part: np.ndarray, counts: Sequence[int], reduction: Reduction
) -> Steps:
    """Fill `part` with this rank's share, counts[rank] elements, of the reduction of `array`."""
    dtype, op, ordered = reduction
    if ordered:
        part[:] = yield from _own_part(comm, _parts_of_bytes(array, dtype, counts), dtype, op)
        return
    given, taken = typed(array, dtype), typed(part, dtype)
    yield comm.Ireduce_scatter(given, taken, list(counts), operator_of(dtype, op)).Test
    _divide(taken, op, comm.Get_size())


def parts_of(count: int, size: int) -> list[int]:
    """`count` elements for `size` ranks, as evenly as can be."""
    return [count * (k + 1) // size - count * k // size for k in range(size)]


def by_halves(count: int, row: Callable[[int], Any], merge: Callable[[Any, Any], None]) -> Any:
    """row(0) to row(count - 1), of ranks, merged into one as the leaves of a tree, of which leaf i
    of 2^d holds rank floor(i count / 2^d)."""
    leaves = 1 << (count - 1).bit_length()

    def of(first: int, last: int) -> Any:
        begin, end = first * count // leaves, last * count // leaves
        if end - begin <= 1:
            return row(begin) if begin < end else None
        middle = (first + last) // 2
        found, other = of(first, middle), of(middle, last)
        if found is None:
            return other
        if other is not None:
            merge(found, other)
        return found

    return of(0, leaves)


def _parts_of_bytes(array: np.ndarray, dtype: np.dtype, counts: Sequence[int]) -> list[np.ndarray]:
    """Of so many elements."""
    ends = list(accumulate(count * dtype.itemsize for count in counts))
    return [array[begin:end] for begin, end in zip([0, *ends], ends, strict=False)]


def _own_part(
    comm: Any, parts: Sequence[np.ndarray], dtype: np.dtype, op: ReduceOp, left: Left | None = None
) -> Generator[Poll, None, np.ndarray]:
    """This rank's part of the reduction, as bytes, of what all ranks have in such parts."""
    mine = parts[comm.Get_rank()]
    rows = np.empty((len(parts), len(mine)), np.uint8)
    rows[comm.Get_rank()] = mine
    yield _passed(comm, parts, list(rows))
    return _merged(rows, dtype, op, left)


def _passed(comm: Any, given: Sequence[np.ndarray], taken: Sequence[np.ndarray]) -> Poll:
    """Send given[k] to rank k, and fill taken[k] with what it has for this one."""
    rank, size, MPI = comm.Get_rank(), comm.Get_size(), library()
    others = [(rank + k) % size for k in range(1, size)]
    requests = [comm.Irecv([taken[k], MPI.BYTE], k, _TAG) for k in reversed(others)]
    requests += [comm.Isend([given[k], MPI.BYTE], k, _TAG) for k in others]
    return partial(MPI.Request.Testall, requests)


def _merged(
    rows: np.ndarray, dtype: np.dtype, op: ReduceOp, left: Left | None = None
) -> np.ndarray:
    """The bytes that the ranks' bytes, one a row, are reduced to; the rows are used up."""
    is_short = dtype in SHORT

    def row(rank: int) -> np.ndarray:
        return _widened(rows[rank], dtype) if is_short else rows[rank].view(dtype)

    with np.errstate(all="ignore"):
        total = by_halves(len(rows), row, _MERGES[op])
        _divide(total, op, len(rows))
        if left is not None:
            left.exchange(total, dtype)
        return (cast_array(total, dtype) if is_short else total).view(np.uint8)


def _widened(array: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """16-bit elements as float32."""
    return to_array(array.view(host_dtype(dtype))).astype(np.float32)


def _divide(total: np.ndarray, op: ReduceOp, size: int) -> None:
    if op is ReduceOp.AVG:
        numbers = total.view(total.real.dtype)
        np.divide(numbers, size, out=numbers)

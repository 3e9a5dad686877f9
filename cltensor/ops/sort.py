"""Sorting, and the largest k.

A merge sort of indices along the last axis: stable, NaN last as in NumPy. Each launch merges pairs
of runs; every work-item finds its share of a merge by a binary search on the merge path.
"""

from __future__ import annotations

from typing import NamedTuple

from cltensor import dtypes
from cltensor.dtypes import C_NAMES
from cltensor.errors import ShapeError
from cltensor.op import normalize_axes
from cltensor.ops.pointwise import astype
from cltensor.ops.scatter import take_along_axis
from cltensor.ops.shape import movedim, narrow, reshape
from cltensor.program import kernel
from cltensor.tensor import Tensor

_SORT_RUN = 16  # elements that one work-item sorts by insertion before the merging starts


def _order(x: Tensor, descending: bool) -> Tensor:
    """Indices (int32) that sort the last axis of the dense tensor x."""
    device, n = x.device, x.shape[-1]
    lanes = x.size // n
    local = 1 if device.is_cpu else min(64, device.max_work_group)
    T, floating = C_NAMES[x.dtype], x.dtype.kind == "f"
    order = Tensor.empty(x.shape, dtypes.int32, device)
    runs = -(-n // _SORT_RUN)
    items = lanes * runs
    run = kernel(device, "sort_runs", T=T, run=_SORT_RUN, floating=floating, descending=descending)
    grid = (-(-items // local) * local,)
    run(grid, (local,), order.buffer, x.buffer, x.offset, n, runs, items)
    merge = kernel(device, "sort_merge", T=T, floating=floating, descending=descending)
    # Shares of a power of two never cross from one pair of runs into the next.
    share = 16
    if device.is_cpu:
        while share * device.compute_units * 4 < n * min(lanes, 4):
            share *= 2
    width = _SORT_RUN
    while width < n:
        merged = Tensor.empty(x.shape, dtypes.int32, device)
        each = min(2 * width, share)
        parts = -(-n // each)
        items = lanes * parts
        grid = (-(-items // local) * local,)
        merge(
            grid, (local,), merged.buffer, x.buffer, order.buffer,
            x.offset, n, width, each, parts, items,
        )  # fmt: skip
        order, width = merged, 2 * width
    return order


def argsort(x: Tensor, axis: int = -1, descending: bool = False, stable: bool = True) -> Tensor:
    """Indices (int64) that sort x along an axis; equal values keep their order, NaN is largest."""
    if hasattr(type(x), "__apply_op__"):
        x = x.data
    axis = normalize_axes("argsort", axis, x.ndim)[0] if x.ndim else 0
    last = movedim(x, axis, -1).contiguous() if x.ndim else reshape(x, (1,))
    if last.shape[-1] >= 1 << 31:
        raise ShapeError(f"argsort: axis {axis} of size {last.shape[-1]} is longer than 2^31 - 1")
    if last.size:
        order = astype(_order(last, descending), dtypes.int64)
    else:
        order = Tensor.empty(last.shape, dtypes.int64, x.device)
    return movedim(order, -1, axis) if x.ndim else reshape(order, ())


def sort(x: Tensor, axis: int = -1, descending: bool = False, stable: bool = True) -> Tensor:
    """x sorted along an axis; NaN is the largest value."""
    if x.ndim == 0:
        return reshape(x, ())
    return take_along_axis(x, argsort(x, axis, descending, stable), axis)


class TopK(NamedTuple):
    """What `topk` returns."""

    values: Tensor
    indices: Tensor


def topk(x: Tensor, k: int, axis: int = -1, largest: bool = True, sorted: bool = True) -> TopK:
    """The k largest (or smallest) elements along an axis, in order, and their indices."""
    axis = normalize_axes("topk", axis, x.ndim)[0]
    if not 0 <= k <= x.shape[axis]:
        raise ShapeError(f"topk: {k} elements of axis {axis} of size {x.shape[axis]}")
    indices = narrow(argsort(x, axis, descending=largest), axis, 0, k)
    return TopK(take_along_axis(x, indices, axis), indices)

"""Sorting, and the largest k."""

from __future__ import annotations

from typing import NamedTuple

from cltensor import dtypes
from cltensor.errors import ShapeError
from cltensor.op import normalize_axes
from cltensor.ops.order import sorted_order
from cltensor.ops.pointwise import astype
from cltensor.ops.scatter import take_along_axis
from cltensor.ops.shape import movedim, narrow, reshape
from cltensor.tensor import Tensor


def argsort(x: Tensor, axis: int = -1, descending: bool = False, stable: bool = True) -> Tensor:
    """Indices (int64) that sort x along an axis; equal values keep their order, NaN is largest."""
    if hasattr(type(x), "__apply_op__"):
        x = x.data
    axis = (normalize_axes("argsort", axis, x.ndim) or (0,))[0]
    last = movedim(x, axis, -1).contiguous() if x.ndim else reshape(x, (1,))
    if last.shape[-1] >= 1 << 31:
        raise ShapeError(f"argsort: axis {axis} of size {last.shape[-1]} is longer than 2^31 - 1")
    if last.size:
        order = astype(sorted_order(last, descending), dtypes.int64)
    else:
        order = Tensor.empty(last.shape, dtypes.int64, x.device)
    return movedim(order, -1, axis) if x.ndim else reshape(order, ())


def sort(x: Tensor, axis: int = -1, descending: bool = False, stable: bool = True) -> Tensor:
    """x sorted along an axis; NaN is the largest value."""
    if x.ndim == 0:
        normalize_axes("sort", axis, 0)
        return reshape(x, ())
    return take_along_axis(x, argsort(x, axis, descending, stable), axis)


class TopK(NamedTuple):
    """What `topk` returns."""

    values: Tensor
    indices: Tensor


def topk(x: Tensor, k: int, axis: int = -1, largest: bool = True, sorted: bool = True) -> TopK:
    """The k largest (or smallest) elements along an axis, in order, and their indices."""
    if x.ndim == 0:
        normalize_axes("topk", axis, 0)
        return TopK(*[reshape(y, ()) for y in topk(reshape(x, (1,)), k, 0, largest, sorted)])
    axis = normalize_axes("topk", axis, x.ndim)[0]
    if not 0 <= k <= x.shape[axis]:
        raise ShapeError(f"topk: {k} elements of axis {axis} of size {x.shape[axis]}")
    indices = narrow(argsort(x, axis, descending=largest), axis, 0, k)
    return TopK(take_along_axis(x, indices, axis), indices)

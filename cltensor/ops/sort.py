"""Sorting, and the largest k."""

from __future__ import annotations

from typing import NamedTuple

from cltensor import dtypes
from cltensor.composite import composite
from cltensor.errors import ShapeError
from cltensor.ops.arguments import axis_of, whole
from cltensor.ops.order import sorted_order
from cltensor.ops.pointwise import astype
from cltensor.ops.scatter import take_along_axis
from cltensor.ops.shape import movedim, narrow, reshape
from cltensor.tensor import Tensor


@composite
def argsort(x: Tensor, axis: int = -1, descending: bool = False, stable: bool = True) -> Tensor:
    """Indices (int64) that sort x along an axis; equal values keep their order, NaN is largest."""
    axis = axis_of("argsort", axis, x.ndim)
    last = movedim(x, axis, -1).contiguous() if x.ndim else reshape(x, (1,))
    if last.shape[-1] >= 1 << 31:
        raise ShapeError(f"argsort: axis {axis} of size {last.shape[-1]} is longer than 2^31 - 1")
    if last.size:
        order = astype(sorted_order(last, descending), dtypes.int64)
    else:
        order = Tensor.empty(last.shape, dtypes.int64, x.device)
    return movedim(order, -1, axis) if x.ndim else reshape(order, ())


@composite(method=False)
def sort(x: Tensor, axis: int = -1, descending: bool = False, stable: bool = True) -> Tensor:
    """x sorted along an axis; NaN is the largest value."""
    axis = axis_of("sort", axis, x.ndim)
    if x.ndim == 0:
        return reshape(x, ())
    return take_along_axis(x, argsort(x, axis, descending, stable), axis)


class TopK(NamedTuple):
    """What `topk` returns."""

    values: Tensor
    indices: Tensor


@composite
def topk(x: Tensor, k: int, axis: int = -1, largest: bool = True, sorted: bool = True) -> TopK:
    """The k largest (or smallest) elements along an axis, in order, and their indices."""
    axis, k = axis_of("topk", axis, x.ndim), whole("topk", "k", k)
    if x.ndim == 0:
        found = topk(reshape(x, (1,)), k, 0, largest, sorted)
        return TopK(*[reshape(y, ()) if k else y for y in found])
    if k > x.shape[axis]:
        raise ShapeError(f"topk: {k} elements of axis {axis} of size {x.shape[axis]}")
    indices = narrow(argsort(x, axis, descending=largest), axis, 0, k)
    return TopK(take_along_axis(x, indices, axis), indices)

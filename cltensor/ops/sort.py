"""Sorting, and the largest k. NaN is the largest value; equal values keep their order."""

from __future__ import annotations

from typing import Any

from cltensor import dtypes, return_types
from cltensor.core.checks import NOT_GIVEN, axis_of, whole
from cltensor.core.composite import composite
from cltensor.core.tensor import Tensor
from cltensor.errors import ShapeError
from cltensor.ops.elementwise.cast import astype
from cltensor.ops.index.scatter import take_along_axis
from cltensor.ops.kernels.merge_sort import sorted_order
from cltensor.ops.shape.cut import narrow
from cltensor.ops.shape.view import movedim, reshape, squeeze


@composite
def argsort(x: Tensor, axis: int = -1, descending: bool = False, stable: bool = True) -> Tensor:
    """Indices (int64) that sort x along an axis; equal values keep their order, NaN is largest."""
    axis = axis_of("argsort", axis, x.ndim)
    last = movedim(x, axis, -1).contiguous() if x.ndim else reshape(x, (1,))
    if last.shape[-1] >= 1 << 31:
        raise ShapeError(f"argsort: axis {axis} of size {last.shape[-1]} is longer than 2^31 - 1")
    if last.size:
        order = astype(sorted_order(last.detach(), descending), dtypes.int64)
    else:
        order = Tensor.empty(last.shape, dtypes.int64, x.device)
    return movedim(order, -1, axis) if x.ndim else reshape(order, ())


def picked(kind: Any, x: Tensor, indices: Tensor, axis: int, keepdim: bool = True) -> Any:
    """A pair of `kind`: the elements of x at `indices` along an axis, and these; the gradient goes
    to those places. Without keepdim that axis, of size 1, is left out."""
    values = take_along_axis(x, indices, axis)
    if not keepdim and x.ndim:
        values, indices = squeeze(values, axis), squeeze(indices, axis)
    return kind(values, indices)


@composite
def sort(
    x: Tensor, dim: int = -1, descending: bool = False, stable: bool = True, *,
    axis: Any = NOT_GIVEN,
) -> Any:  # fmt: skip
    """x sorted along `dim`: a pair of values and indices; with `axis`, NumPy's keyword, the values.

    Equal values keep their order.
    """
    by_axis = axis is not NOT_GIVEN
    if by_axis and axis is None:
        x, axis = reshape(x, (-1,)), 0
    dim = axis_of("sort", axis if by_axis else dim, x.ndim)
    found = picked(return_types.sort, x, argsort(x, dim, descending, stable), dim)
    return found.values if by_axis else found


@composite
def topk(
    x: Tensor, k: int, axis: int = -1, largest: bool = True, sorted: bool = True
) -> return_types.topk:
    """The k largest (or smallest) elements along an axis, in order, and their indices."""
    axis, k = axis_of("topk", axis, x.ndim), whole("topk", "k", k)
    if x.ndim == 0:
        found = topk(reshape(x, (1,)), k, 0, largest, sorted)
        return return_types.topk(*[reshape(y, ()) if k else y for y in found])
    if k > x.shape[axis]:
        raise ShapeError(f"topk: {k} elements of axis {axis} of size {x.shape[axis]}")
    indices = narrow(argsort(x, axis, descending=largest), axis, 0, k)
    return picked(return_types.topk, x, indices, axis)

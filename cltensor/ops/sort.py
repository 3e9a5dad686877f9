"""Sorting, and the largest k. NaN is the largest value; equal values keep their order."""

from __future__ import annotations

from typing import Any

from cltensor import dtypes, return_types
from cltensor.core.batched import of_whole
from cltensor.core.checks import NOT_GIVEN, axis_of, whole
from cltensor.core.composite import composite
from cltensor.core.op import Op, primitive
from cltensor.core.tensor import Tensor
from cltensor.errors import ShapeError
from cltensor.ops.index.gather import gather_backward, run_gather, take_along_axis
from cltensor.ops.kernels.radix_sort import radix_sorted
from cltensor.ops.kernels.select import best, picks_best
from cltensor.ops.kernels.sorting import is_short, sorted_order
from cltensor.ops.shape.cut import cut_view
from cltensor.ops.shape.view import movedim, reshape, squeeze

_MOST = (1 << 31) - 1  # elements of an axis that places of 32 bits name


def _nothing(x: Tensor, shape: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    return Tensor.empty(shape, x.dtype, x.device), Tensor.empty(shape, dtypes.int64, x.device)


def _run_sort(x: Tensor, descending: bool) -> tuple[Tensor, Tensor]:
    if not x.size:
        return _nothing(x, x.shape)
    x = x.contiguous()
    if is_short(x):
        order = sorted_order(x, descending, dtypes.int64)
        return run_gather(x, order, x.ndim - 1, "sort"), order
    values, places = radix_sorted(x, descending, True, dtypes.int64)
    assert values is not None
    assert places is not None
    return values, places


def _run_values(x: Tensor, descending: bool) -> Tensor:
    """The elements in order without their places, which is less to move."""
    values = radix_sorted(x.contiguous(), descending, True, None)[0]
    assert values is not None
    return values


def _run_topk(x: Tensor, k: int, largest: bool) -> tuple[Tensor, Tensor]:
    shape = (*x.shape[:-1], k)
    if 0 in shape or 0 in x.shape:
        return _nothing(x, shape)
    x = x.contiguous()
    if picks_best(x, k):
        return best(x, k, largest)
    part = (*[(0, 1, n) for n in x.shape[:-1]], (0, 1, k))
    values, places = [cut_view(y, part) for y in _run_sort(x, largest)]
    return values, places


def _to_places(g: Any, out: Any, x_shape: tuple[int, ...]) -> Tensor:
    """The gradient of values picked along the last axis goes to where they were."""
    return gather_backward(g[0], out[1], len(x_shape) - 1, x_shape, "sort")


_sort: Op = primitive("sort(x, descending)", _run_sort, takes_halves=True, dx=_to_places)
_topk: Op = primitive("topk(x, k, largest)", _run_topk, takes_halves=True, dx=_to_places)


def _rows(operation: str, x: Tensor, axis: int) -> Tensor:
    """x with `axis` as its last. Raises ShapeError if places along it need more than 32 bits."""
    rows = movedim(x, axis, -1) if x.ndim else reshape(x, (1,))
    if rows.shape[-1] > _MOST:
        raise ShapeError(
            f"{operation}: axis {axis} of size {rows.shape[-1]} is longer than 2^31 - 1; sort parts"
        )
    return rows


def _back(x: Tensor, found: Tensor, axis: int) -> Tensor:
    """What was found along the last axis of `_rows`, as x has its axes."""
    if x.ndim:
        return movedim(found, -1, axis)
    return reshape(found, ()) if found.size else found


def order_along(operation: str, x: Tensor, axis: int, descending: bool = False) -> Tensor:
    """Indices (int64) that sort x along an axis."""
    rows = _rows(operation, x, axis).detach().contiguous()
    if rows.size:
        order = of_whole(sorted_order, rows, descending, dtypes.int64)
    else:
        order = Tensor.empty(rows.shape, dtypes.int64, x.device)
    return _back(x, order, axis)


@composite
def argsort(x: Tensor, axis: int = -1, descending: bool = False, stable: bool = True) -> Tensor:
    """Indices (int64) that sort x along an axis; equal values keep their order, NaN is largest.

    >>> ct.argsort(ct.tensor([3, 1, 2]))
    tensor([1, 2, 0])
    """
    return order_along("argsort", x, axis_of("argsort", axis, x.ndim), bool(descending))


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

    >>> ct.sort(ct.tensor([3, 1, 2]))
    cltensor.return_types.sort(
    values=tensor([1, 2, 3]),
    indices=tensor([1, 2, 0]))
    """
    by_axis = axis is not NOT_GIVEN
    if by_axis and axis is None:
        x, axis = reshape(x, (-1,)), 0
    dim = axis_of("sort", axis if by_axis else dim, x.ndim)
    rows = _rows("sort", x, dim)
    if by_axis and not rows.requires_grad and rows.size and not is_short(rows):
        return _back(x, of_whole(_run_values, rows, bool(descending)), dim)
    values, indices = [_back(x, y, dim) for y in _sort(rows, bool(descending))]
    return values if by_axis else return_types.sort(values, indices)


@composite
def msort(x: Tensor) -> Tensor:
    """x sorted along its first axis.

    >>> ct.msort(ct.tensor([3, 1, 2]))
    tensor([1, 2, 3])
    """
    return sort(x, axis=0)


@composite
def topk(
    x: Tensor, k: int, axis: int = -1, largest: bool = True, sorted: bool = True
) -> return_types.topk:
    """The k largest (or smallest) elements along an axis, in order, and their indices.

    >>> ct.topk(ct.tensor([3, 1, 2]), 2)
    cltensor.return_types.topk(
    values=tensor([3, 2]),
    indices=tensor([0, 2]))
    """
    axis, k = axis_of("topk", axis, x.ndim), whole("topk", "k", k)
    rows = _rows("topk", x, axis)
    if k > rows.shape[-1]:
        raise ShapeError(f"topk: {k} elements of axis {axis} of size {rows.shape[-1]}")
    values, indices = _topk(rows, k, bool(largest))
    return return_types.topk(_back(x, values, axis), _back(x, indices, axis))


@composite(method=False)
def lexsort(keys: Any, axis: int = -1) -> Tensor:
    """Indices (int64) that sort by several keys along an axis, the last key first (NumPy's).

    keys: a sequence of tensors of one shape, or a tensor whose first axis is that sequence.

    >>> ct.lexsort(ct.tensor([[1, 2, 1], [0, 0, 1]]))
    tensor([0, 1, 2])
    """
    rows = [keys[i] for i in range(len(keys))]
    if not rows or any(not isinstance(row, Tensor) or row.shape != rows[0].shape for row in rows):
        raise ShapeError("lexsort: keys are no tensors of one shape; give at least one")
    axis = axis_of("lexsort", axis, rows[0].ndim)
    order = argsort(rows[0], axis)
    for row in rows[1:]:
        order = take_along_axis(order, argsort(take_along_axis(row, order, axis), axis), axis)
    return order

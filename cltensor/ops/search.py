"""Values and where they are: the largest, the smallest, those so far, the k-th, the middle, the
most frequent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cltensor import return_types
from cltensor.core.batched import of_whole, whole_of
from cltensor.core.checks import NOT_GIVEN, axis_of, whole
from cltensor.core.composite import composite
from cltensor.core.op import Op
from cltensor.core.tensor import Tensor, show
from cltensor.dtypes import int32
from cltensor.errors import DTypeError, ShapeError
from cltensor.ops.create import arange
from cltensor.ops.elementwise.cast import astype
from cltensor.ops.elementwise.cast import full as filled
from cltensor.ops.elementwise.compare import eq, isnan, logical_and, logical_or, not_equal
from cltensor.ops.elementwise.select import clip, maximum, minimum, where
from cltensor.ops.index.gather import gather, take_along_axis
from cltensor.ops.kernels.select import finds_rank, of_rank
from cltensor.ops.reduce.fold import argmax, argmin, max_over, mean, min_over, sum
from cltensor.ops.reduce.running import cummax
from cltensor.ops.shape.cut import narrow
from cltensor.ops.shape.view import expand, movedim, reshape, squeeze
from cltensor.ops.sort import argsort, order_along, picked, sort


def _extreme(
    name: str, x: Tensor, dim: Any, keepdim: bool, other: Any, axis: Any,
    over: Callable[..., Any], place: Callable[..., Any], of_two: Callable[..., Any],
) -> Any:  # fmt: skip
    """`max` or `min`, by the three operations that it is made of."""
    given = [what for what in (dim, other) if what is not None]
    if len(given) + (axis is not NOT_GIVEN) > 1:
        raise TypeError(
            f"{name}: give a dimension (dim), NumPy's axis, or another tensor (other), and no two "
            "of them"
        )
    if isinstance(dim, Tensor):
        other, dim = dim, None
    if other is not None:
        if not isinstance(other, Tensor):
            raise DTypeError(f"{name}: other is {show(other)}, not a tensor; use clamp for numbers")
        return of_two(x, other)
    if axis is not NOT_GIVEN:
        return over(x, axis, keepdim)
    if dim is None:
        return over(x, None, keepdim)
    if isinstance(dim, (tuple, list)):
        raise TypeError(f"{name}: dim is {dim!r}, not one integer; use a{name} for several")
    dim = axis_of(name, dim, x.ndim)
    row = x if x.ndim else reshape(x, (1,))
    indices = place(row.detach(), dim, True)
    kind = getattr(return_types, name)
    return picked(kind, x, indices if x.ndim else reshape(indices, ()), dim, keepdim)


@composite
def max_(
    x: Any, dim: Any = None, keepdim: bool = False, *, other: Any = None, axis: Any = NOT_GIVEN
) -> Any:
    """The largest element; NaN wins.

    ``max(x)``: of all, with the gradient shared by equals. ``max(x, dim)``: a pair of the values
    along `dim` and their indices (the first of equals, which gets the gradient). ``max(x, axis=)``:
    NumPy's values over one or more axes. ``max(x, other)``: `maximum` of two tensors.

    >>> ct.max(ct.tensor([[1, 5], [7, 2]]), 1)
    cltensor.return_types.max(
    values=tensor([5, 7]),
    indices=tensor([1, 0]))
    """
    return _extreme("max", x, dim, keepdim, other, axis, max_over, argmax, maximum)


@composite
def min_(
    x: Any, dim: Any = None, keepdim: bool = False, *, other: Any = None, axis: Any = NOT_GIVEN
) -> Any:
    """The smallest element; NaN wins. The forms are those of `max`.

    >>> ct.min(ct.tensor([3, 1, 2]))
    tensor(1)
    """
    return _extreme("min", x, dim, keepdim, other, axis, min_over, argmin, minimum)


# ---------------------------------------------------------------------- places in a sorted order


def _row(operation: str, x: Tensor, axis: int) -> int:
    """How many elements there are along `axis`. Raises ShapeError for none."""
    count = x.shape[axis] if x.ndim else 1
    if not count:
        raise ShapeError(
            f"{operation}: axis {axis} of shape {tuple(x.shape)} is empty, and there is no "
            f"{operation} of nothing; give a tensor with elements"
        )
    return count


def _place(operation: str, x: Tensor, axis: int, rank: int | Tensor) -> Tensor:
    """Where the element number `rank` of the sorted order is, with the axis kept."""
    if not x.ndim:
        return order_along(operation, x, axis)
    rows = movedim(x, axis, -1).detach().contiguous()
    if finds_rank(whole_of(rows)):
        ranks = rank if isinstance(rank, Tensor) else filled(rows.shape[:-1], rank, int32, x.device)
        ranks = astype(movedim(ranks, axis, -1) if ranks.ndim == x.ndim else ranks, int32)
        return movedim(of_whole(of_rank, rows, ranks.clone()), -1, axis)
    order = order_along(operation, x, axis)
    if isinstance(rank, int):
        return narrow(order, axis, rank, 1)
    return take_along_axis(order, rank, axis)


@composite
def kthvalue(x: Tensor, k: int, axis: int = -1, keepdims: bool = False) -> return_types.kthvalue:
    """The k-th smallest element along an axis, counted from 1, and its index.

    >>> ct.kthvalue(ct.tensor([3, 1, 2]), 2)
    cltensor.return_types.kthvalue(
    values=tensor(2),
    indices=tensor(2))
    """
    axis = axis_of("kthvalue", axis, x.ndim)
    k = whole("kthvalue", "k", k, 1, _row("kthvalue", x, axis))
    return picked(return_types.kthvalue, x, _place("kthvalue", x, axis, k - 1), axis, keepdims)


def _middle(kind: Any, x: Tensor, axis: int, keepdim: bool, skips: bool) -> Any:
    """The lower of the two middle elements: of the others if NaN `skips`, else NaN wins."""
    name = kind.__name__
    axis = axis_of(name, axis, x.ndim)
    n = _row(name, x, axis)
    place: Any = (n - 1) // 2
    if x.dtype.kind == "f" and x.ndim:
        nans = sum(isnan(x.detach()), axis, True)
        if skips:
            place = clip((n - 1 - nans) // 2, 0)
        else:
            place = where(not_equal(nans, 0), n - nans, place)
    return picked(kind, x, _place(name, x, axis, place), axis, keepdim)


def _shared(g: Any, x: Any, out: Any) -> Any:
    """g shared equally among the elements that are the middle one."""
    hit = astype(logical_or(eq(x, out), logical_and(isnan(x), isnan(out))), x.dtype)
    return hit * (g / sum(hit))


#: The middle of all elements of x, with the gradient of a value that has no one place.
_middle_of_all = Op(
    "middle_of_all(x, value)", lambda x, value: value.detach(), {"dx": _shared}
)  # fmt: skip


def _of_all(kind: Any, x: Tensor, skips: bool) -> Tensor:
    found = _middle(kind, reshape(x.detach(), (-1,)), 0, False, skips).values
    return _middle_of_all(x, found)


@composite
def median(
    x: Tensor, dim: int | None = None, keepdim: bool = False, *, axis: Any = NOT_GIVEN
) -> Any:
    """The lower of the two middle elements; NaN if there is one.

    Of all elements, where those that are it share the gradient; along `dim`, a pair of values and
    indices; with `axis`, NumPy's keyword, the mean of the two middle elements.

    >>> ct.median(ct.tensor([3.0, 1.0, 2.0]))
    tensor(2.)
    """
    if axis is not NOT_GIVEN:
        return _mean_of_middle(x, axis, keepdim)
    if dim is None:
        return _of_all(return_types.median, x, False)
    return _middle(return_types.median, x, dim, keepdim, False)


@composite
def nanmedian(x: Tensor, dim: int | None = None, keepdim: bool = False) -> Any:
    """`median` of the elements that are not NaN; NaN if there are none.

    >>> ct.nanmedian(ct.tensor([math.nan, 1.0, 3.0]))
    tensor(1.)
    """
    if dim is None:
        return _of_all(return_types.nanmedian, x, True)
    return _middle(return_types.nanmedian, x, dim, keepdim, True)


def _mean_of_middle(x: Tensor, axis: int | None, keepdims: bool) -> Tensor:
    """NumPy's median."""
    flat = reshape(x, (-1,)) if axis is None else x
    along = axis_of("median", 0 if axis is None else axis, flat.ndim)
    n = _row("median", flat, along)
    flat = flat if flat.ndim else reshape(flat, (1,))
    in_order = sort(flat, axis=along)
    found = mean(narrow(in_order, along, (n - 1) // 2, 2 - n % 2), along, True)
    if x.dtype.kind == "f":
        largest = narrow(in_order, along, n - 1, 1)
        found = where(isnan(largest), largest, found)
    if axis is None or not x.ndim:
        return reshape(found, (1,) * x.ndim if keepdims else ())
    return found if keepdims else squeeze(found, along)


@composite
def mode(x: Tensor, axis: int = -1, keepdims: bool = False) -> return_types.mode:
    """The most frequent element along an axis, the smallest of several, and where it is last.

    >>> ct.mode(ct.tensor([1, 2, 2]))
    cltensor.return_types.mode(
    values=tensor(2),
    indices=tensor(2))
    """
    axis = axis_of("mode", axis, x.ndim)
    n = _row("mode", x, axis)
    order = argsort(x, axis)
    if not x.ndim:
        return picked(return_types.mode, x, order, axis, keepdims)
    in_order = take_along_axis(x.detach(), order, axis)
    places = reshape(arange(n, device=x.device), (n,) + (1,) * (x.ndim - 1 - axis))
    places = expand(places, x.shape)
    before = gather(in_order, axis, clip(places - 1, 0))
    starts = cummax(where(eq(in_order, before), 0, places), axis).values
    run_end = argmax(places - starts, axis, True)
    return picked(return_types.mode, x, take_along_axis(order, run_end, axis), axis, keepdims)

"""The statistical and the utility functions of the standard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cltensor import dtypes
from cltensor.array_api.array import common, main, require_dimensions, standard

Axes = int | tuple[int, ...] | None


def _sum_dtype(x: Any, dtype: Any) -> Any:
    """The dtype of a sum: integers add up in the widest type of their kind."""
    if dtype is not None:
        return dtypes.as_dtype(dtype)
    return {"u": dtypes.uint64, "i": dtypes.int64, "b": dtypes.int64}.get(x.dtype.kind, x.dtype)


def _running(
    name: str, function: Callable[..., Any], first: int, x: Any, axis: int | None, dtype: Any,
    include_initial: bool,
) -> Any:  # fmt: skip
    """`cumsum` or `cumprod`, with what nothing gives (`first`) in front if wanted."""
    require_dimensions(name, x, 1, 1 if axis is None else None)
    axis = 0 if axis is None else axis
    found = function(x, axis, _sum_dtype(x, dtype))
    if not include_initial:
        return found
    shape = list(x.shape)
    shape[axis] = 1
    return main.concat([main.full(tuple(shape), first, found.dtype, x.device), found], axis)


@standard
def cumulative_prod(
    x: Any, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False
) -> Any:
    """The products of all elements so far along `axis`, which vectors need not name.

    include_initial: with the 1 before the first.

    >>> xp.cumulative_prod(xp.asarray([1, 2, 3]), include_initial=True)
    tensor([1, 1, 2, 6])
    """
    return _running("cumulative_prod", main.cumprod, 1, x, axis, dtype, include_initial)


@standard
def cumulative_sum(
    x: Any, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False
) -> Any:
    """The sums of all elements so far along `axis`, which vectors need not name.

    include_initial: with the 0 before the first.

    >>> xp.cumulative_sum(xp.asarray([1, 2, 3]), include_initial=True)
    tensor([0, 1, 3, 6])
    """
    return _running("cumulative_sum", main.cumsum, 0, x, axis, dtype, include_initial)


@standard
def max(x: Any, /, *, axis: Axes = None, keepdims: bool = False) -> Any:
    """The largest element; NaN wins.

    >>> xp.max(xp.asarray([[1, 5], [7, 2]]), axis=0)
    tensor([7, 5])
    """
    return main.max(x, axis=axis, keepdim=keepdims)


@standard
def mean(x: Any, /, *, axis: Axes = None, keepdims: bool = False) -> Any:
    """The mean.

    >>> xp.mean(xp.asarray([[1.0, 2.0], [3.0, 6.0]]), axis=1)
    tensor([1.5000, 4.5000])
    """
    return main.mean(x, axis, keepdims)


@standard
def min(x: Any, /, *, axis: Axes = None, keepdims: bool = False) -> Any:
    """The smallest element; NaN wins.

    >>> xp.min(xp.asarray([[1, 5], [7, 2]]), axis=0, keepdims=True)
    tensor([[1, 2]])
    """
    return main.min(x, axis=axis, keepdim=keepdims)


@standard
def prod(x: Any, /, *, axis: Axes = None, dtype: Any = None, keepdims: bool = False) -> Any:
    """The product; integers multiply in the widest type of their kind.

    >>> xp.prod(xp.asarray([2, 3, 4]))
    tensor(24)
    """
    return main.prod(x, axis, keepdims, dtype=_sum_dtype(x, dtype))


@standard
def std(x: Any, /, *, axis: Axes = None, correction: float = 0.0, keepdims: bool = False) -> Any:
    """The standard deviation; the divisor is the number of elements less `correction`.

    >>> xp.std(xp.asarray([1.0, 3.0])), xp.std(xp.asarray([1.0, 1.0, 4.0]), correction=1)
    (tensor(1.), tensor(1.7321))
    """
    return main.std(x, axis, correction=correction, keepdim=keepdims)


@standard
def sum(x: Any, /, *, axis: Axes = None, dtype: Any = None, keepdims: bool = False) -> Any:
    """The sum; integers add up in the widest type of their kind.

    >>> xp.sum(xp.asarray([100, 100], dtype=xp.int8))
    tensor(200)
    """
    return main.sum(x, axis, keepdims, dtype=_sum_dtype(x, dtype))


@standard
def var(x: Any, /, *, axis: Axes = None, correction: float = 0.0, keepdims: bool = False) -> Any:
    """The variance; the divisor is the number of elements less `correction`.

    >>> xp.var(xp.asarray([1.0, 3.0])), xp.var(xp.asarray([1.0, 3.0]), correction=1)
    (tensor(1.), tensor(2.))
    """
    return main.var(x, axis, correction=correction, keepdim=keepdims)


@standard
def all(x: Any, /, *, axis: Axes = None, keepdims: bool = False) -> Any:
    """Whether all elements are true.

    >>> xp.all(xp.asarray([[True, False], [True, True]]), axis=1)
    tensor([False,  True])
    """
    return main.all(main.ne(x, 0), axis, keepdims)


@standard
def any(x: Any, /, *, axis: Axes = None, keepdims: bool = False) -> Any:
    """Whether any element is true.

    >>> xp.any(xp.asarray([[True, False], [False, False]]), axis=1)
    tensor([ True, False])
    """
    return main.any(main.ne(x, 0), axis, keepdims)


@standard
def diff(x: Any, /, *, axis: int = -1, n: int = 1, prepend: Any = None, append: Any = None) -> Any:
    """The n-th differences of neighbours along an axis, with what is put before and behind.

    >>> xp.diff(xp.asarray([1, 4, 9]), prepend=xp.asarray([0]))
    tensor([1, 3, 5])
    """
    x, prepend, append = common(x, prepend, append)
    return main.diff(x, n, axis, prepend, append)

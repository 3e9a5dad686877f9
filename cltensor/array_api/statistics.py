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
    """
    return _running("cumulative_prod", main.cumprod, 1, x, axis, dtype, include_initial)


@standard
def cumulative_sum(
    x: Any, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False
) -> Any:
    """The sums of all elements so far along `axis`, which vectors need not name.

    include_initial: with the 0 before the first.
    """
    return _running("cumulative_sum", main.cumsum, 0, x, axis, dtype, include_initial)


@standard
def max(x: Any, /, *, axis: Axes = None, keepdims: bool = False) -> Any:
    """The largest element; NaN wins."""
    return main.max(x, axis=axis, keepdim=keepdims)


@standard
def mean(x: Any, /, *, axis: Axes = None, keepdims: bool = False) -> Any:
    """The mean."""
    return main.mean(x, axis, keepdims)


@standard
def min(x: Any, /, *, axis: Axes = None, keepdims: bool = False) -> Any:
    """The smallest element; NaN wins."""
    return main.min(x, axis=axis, keepdim=keepdims)


@standard
def prod(x: Any, /, *, axis: Axes = None, dtype: Any = None, keepdims: bool = False) -> Any:
    """The product; integers multiply in the widest type of their kind."""
    return main.prod(x, axis, keepdims, dtype=_sum_dtype(x, dtype))


@standard
def std(x: Any, /, *, axis: Axes = None, correction: float = 0.0, keepdims: bool = False) -> Any:
    """The standard deviation; the divisor is the number of elements less `correction`."""
    return main.std(x, axis, correction=correction, keepdim=keepdims)


@standard
def sum(x: Any, /, *, axis: Axes = None, dtype: Any = None, keepdims: bool = False) -> Any:
    """The sum; integers add up in the widest type of their kind."""
    return main.sum(x, axis, keepdims, dtype=_sum_dtype(x, dtype))


@standard
def var(x: Any, /, *, axis: Axes = None, correction: float = 0.0, keepdims: bool = False) -> Any:
    """The variance; the divisor is the number of elements less `correction`."""
    return main.var(x, axis, correction=correction, keepdim=keepdims)


@standard
def all(x: Any, /, *, axis: Axes = None, keepdims: bool = False) -> Any:
    """Whether all elements are true."""
    return main.all(main.ne(x, 0), axis, keepdims)


@standard
def any(x: Any, /, *, axis: Axes = None, keepdims: bool = False) -> Any:
    """Whether any element is true."""
    return main.any(main.ne(x, 0), axis, keepdims)


@standard
def diff(x: Any, /, *, axis: int = -1, n: int = 1, prepend: Any = None, append: Any = None) -> Any:
    """The n-th differences of neighbours along an axis, with what is put before and behind."""
    x, prepend, append = common(x, prepend, append)
    return main.diff(x, n, axis, prepend, append)

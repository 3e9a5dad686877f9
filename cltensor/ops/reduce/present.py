"""Reductions of what is there: without NaN, or by counting; both extremes; distances."""

from __future__ import annotations

from typing import Any

from cltensor import dtypes, return_types
from cltensor.core.composite import composite
from cltensor.core.declare import reduction
from cltensor.errors import ShapeError
from cltensor.ops.elementwise.arithmetic import divide
from cltensor.ops.elementwise.cast import astype
from cltensor.ops.elementwise.compare import isnan, logical_not, not_equal
from cltensor.ops.elementwise.select import where
from cltensor.ops.reduce.fold import Axis, amax, amin, floating, sum
from cltensor.ops.shape.view import ints, reshape, view


@composite
def count_nonzero(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """How many elements over `axis` (all for None) are not 0: int64.

    >>> ct.count_nonzero(ct.tensor([0, 1, 2]))
    tensor(2)
    """
    return sum(not_equal(x, 0), axis, keepdims)


def _as(x: Any, dtype: Any) -> Any:
    return x if dtype is None else astype(x, dtype)


@composite
def nansum(x: Any, axis: Axis = None, keepdims: bool = False, dtype: Any = None) -> Any:
    """The sum over `axis` (all for None) of what is not NaN.

    >>> ct.nansum(ct.tensor([math.nan, 1.0, 3.0]))
    tensor(4.)
    """
    x = _as(x, dtype)
    return sum(where(isnan(x), 0, x) if x.dtype.kind == "f" else x, axis, keepdims)


@composite
def nanmean(x: Any, axis: Axis = None, keepdims: bool = False, dtype: Any = None) -> Any:
    """The mean over `axis` (all for None) of what is not NaN; that of nothing is NaN.

    >>> ct.nanmean(ct.tensor([math.nan, 1.0, 3.0]))
    tensor(2.)
    """
    x = floating(x, dtype)
    count = sum(logical_not(isnan(x)), axis, keepdims)
    return divide(nansum(x, axis, keepdims), astype(count, x.dtype))


@composite
def aminmax(x: Any, *, axis: int | None = None, keepdims: bool = False) -> return_types.aminmax:
    """The smallest and the largest element over `axis` (all for None), as `amin` and `amax`.

    >>> ct.aminmax(ct.tensor([3.0, 1.0, 2.0]))
    aminmax(min=tensor(1.), max=tensor(3.))
    """
    row = reshape(x, (1,)) if axis is not None and not x.ndim else x
    found = [f(row, axis, keepdims) for f in (amin, amax)]
    return return_types.aminmax(*[f if x.ndim else reshape(f, ()) for f in found])


_xor = reduction("xor(x, axis, keepdims)", "0", "acc ^ x", public=False)


@composite
def hash_tensor(x: Any, axis: Axis = (), keepdims: bool = False, mode: int = 0) -> Any:
    """The exclusive or over `axis` (all for None or ()) of the elements' bits, as uint64: those of
    integers as int64, of floats as float64. mode: 0.

    >>> ct.hash_tensor(ct.arange(3)).item() == ct.hash_tensor(ct.arange(3)).item()
    True
    """
    if mode != 0:
        raise ValueError(f"hash_tensor: mode is {mode}; there is 0")
    wide = astype(x.detach(), dtypes.float64 if x.dtype.kind == "f" else dtypes.int64)
    return _xor(view(wide, dtypes.uint64), None if axis == () else axis, keepdims)


@composite
def sum_to_size(x: Any, *size: Any) -> Any:
    """x summed over the axes along which a tensor of shape `size` would be broadcast to it.

    Raises ShapeError if it would not be.

    >>> ct.ones(2, 3).sum_to_size(1, 3)
    tensor([[2., 2., 2.]])
    """
    wanted = ints(size)
    new = x.ndim - len(wanted)
    pairs = zip(wanted, x.shape[max(new, 0) :], strict=True) if new >= 0 else ()
    if new < 0 or any(n not in (1, m) for n, m in pairs):
        raise ShapeError(
            f"sum_to_size: a tensor of shape {wanted} does not broadcast to shape {x.shape}; sizes "
            "must be equal or 1, counted from the last"
        )
    axes = [d for d in range(x.ndim) if d < new or (wanted[d - new] == 1 and x.shape[d] != 1)]
    if not wanted:  # a sum of bools, which are counted, even of a single one
        return sum(x)
    return reshape(sum(x, tuple(axes), True), wanted) if axes else x

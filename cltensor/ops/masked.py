"""Reductions of what a mask keeps (`ct.masked`): bools, True for what counts, that broadcast to the
input. What is masked out is replaced by what changes nothing; where nothing is left, results are
what that gives, or NaN.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from cltensor import dtypes
from cltensor.core.composite import composite
from cltensor.errors import DTypeError
from cltensor.ops import search
from cltensor.ops.elementwise.arithmetic import divide, square
from cltensor.ops.elementwise.cast import astype, full
from cltensor.ops.elementwise.functions import sqrt
from cltensor.ops.elementwise.select import clip, where
from cltensor.ops.linalg import norms
from cltensor.ops.reduce import fold, running, scan
from cltensor.ops.shape.view import broadcast_to, reshape
from cltensor.ops.special import entropy

Dims = int | tuple[int, ...] | None
_SPACE = "masked"


def _as(x: Any, dtype: Any) -> Any:
    return x if dtype is None else astype(x, dtypes.as_dtype(dtype))


def _kept(x: Any, mask: Any, value: float) -> Any:
    """x, and `value` where the mask does not hold."""
    return x if mask is None else where(astype(mask, dtypes.bool_), x, value)


def _dims(dim: Any) -> Any:
    """PyTorch's () is all of them here."""
    return None if isinstance(dim, (tuple, list)) and not dim else dim


def _extreme(x: Any, largest: bool) -> float:
    """What no element is beyond."""
    if x.dtype.kind == "f":
        return -math.inf if largest else math.inf
    limits = np.iinfo(x.dtype)
    return int(limits.min if largest else limits.max)


def _count(x: Any, mask: Any, dim: Any, keepdim: bool) -> Any:
    """How many elements count."""
    held = full((), True, dtypes.bool_, x.device) if mask is None else astype(mask, dtypes.bool_)
    return fold.sum(broadcast_to(held, x.shape), dim, keepdim)


@composite(space=_SPACE)
def sum(
    input: Any, dim: Dims = None, *, keepdim: bool = False, dtype: Any = None, mask: Any = None
) -> Any:
    """The sum.

    >>> ct.masked.sum(ct.tensor([1.0, 3.0, 9.0]), 0, mask=ct.tensor([True, True, False]))
    tensor(4.)
    """
    return _as(fold.sum(_as(_kept(input, mask, 0), dtype), _dims(dim), keepdim), dtype)


@composite(space=_SPACE)
def prod(
    input: Any, dim: Dims = None, *, keepdim: bool = False, dtype: Any = None, mask: Any = None
) -> Any:
    """The product.

    >>> ct.masked.prod(ct.tensor([2.0, 3.0]), 0, mask=ct.tensor([True, False]))
    tensor(2.)
    """
    return _as(fold.prod(_as(_kept(input, mask, 1), dtype), _dims(dim), keepdim), dtype)


@composite(space=_SPACE)
def cumsum(input: Any, dim: int, *, dtype: Any = None, mask: Any = None) -> Any:
    """The running sum, in the dtype of the input.

    >>> ct.masked.cumsum(ct.tensor([2.0, 3.0, 4.0]), 0, mask=ct.tensor([True, False, True]))
    tensor([2., 2., 6.])
    """
    return _running(scan.cumsum, input, mask, 0, dim, dtype)


@composite(space=_SPACE)
def cumprod(input: Any, dim: int, *, dtype: Any = None, mask: Any = None) -> Any:
    """The running product, in the dtype of the input.

    >>> ct.masked.cumprod(ct.tensor([2.0, 3.0, 4.0]), 0, mask=ct.tensor([True, False, True]))
    tensor([2., 2., 8.])
    """
    return _running(running.cumprod, input, mask, 1, dim, dtype)


def _running(function: Any, x: Any, mask: Any, neutral: int, dim: int, dtype: Any) -> Any:
    dtype = x.dtype if dtype is None else dtypes.as_dtype(dtype)
    return astype(function(_as(_kept(x, mask, neutral), dtype), dim), dtype)


@composite(space=_SPACE)
def median(
    input: Any, dim: int = -1, *, keepdim: bool = False, dtype: Any = None, mask: Any = None
) -> Any:
    """The lower median of what is not NaN; NaN where nothing counts. Raises DTypeError for integers
    with a mask, which cannot say so.

    >>> ct.masked.median(ct.tensor([1.0, 3.0, 9.0]), 0, mask=ct.tensor([True, False, False]))
    tensor(1.)
    """
    if input.dtype.kind != "f":
        if mask is not None:
            raise DTypeError(
                f"median: under a mask, rows of {input.dtype.name} may have none; use .float()"
            )
        return search.nanmedian(input, dim, keepdim).values
    return search.nanmedian(_kept(input, mask, math.nan), dim, keepdim).values


@composite(space=_SPACE)
def amax(
    input: Any, dim: Dims = None, *, keepdim: bool = False, dtype: Any = None, mask: Any = None
) -> Any:
    """The largest element.

    >>> ct.masked.amax(ct.tensor([1.0, 5.0]), 0, mask=ct.tensor([True, False]))
    tensor(1.)
    """
    x = _kept(_as(input, dtype), mask, _extreme(_as(input, dtype), True))
    return fold.amax(x, _dims(dim), keepdim)


@composite(space=_SPACE)
def amin(
    input: Any, dim: Dims = None, *, keepdim: bool = False, dtype: Any = None, mask: Any = None
) -> Any:
    """The smallest element.

    >>> ct.masked.amin(ct.tensor([1.0, 5.0]), 0, mask=ct.tensor([False, True]))
    tensor(5.)
    """
    x = _kept(_as(input, dtype), mask, _extreme(_as(input, dtype), False))
    return fold.amin(x, _dims(dim), keepdim)


@composite(space=_SPACE)
def argmax(
    input: Any, dim: int | None = None, *, keepdim: bool = False, dtype: Any = None,
    mask: Any = None,
) -> Any:  # fmt: skip
    """The index of the largest element, in the dtype of the input, as PyTorch gives it.

    >>> ct.masked.argmax(ct.tensor([1.0, 5.0]), 0, mask=ct.tensor([True, False]))
    tensor(0.)
    """
    x = _as(input, dtype)
    return astype(fold.argmax(_kept(x, mask, _extreme(x, True)), dim, keepdim), x.dtype)


@composite(space=_SPACE)
def argmin(
    input: Any, dim: int | None = None, *, keepdim: bool = False, dtype: Any = None,
    mask: Any = None,
) -> Any:  # fmt: skip
    """The index of the smallest element, in the dtype of the input, as PyTorch gives it.

    >>> ct.masked.argmin(ct.tensor([1.0, 5.0]), 0, mask=ct.tensor([False, True]))
    tensor(1.)
    """
    x = _as(input, dtype)
    return astype(fold.argmin(_kept(x, mask, _extreme(x, False)), dim, keepdim), x.dtype)


@composite(space=_SPACE)
def mean(
    input: Any, dim: Dims = None, *, keepdim: bool = False, dtype: Any = None, mask: Any = None
) -> Any:
    """The mean; NaN where nothing counts.

    >>> ct.masked.mean(ct.tensor([1.0, 3.0, 9.0]), 0, mask=ct.tensor([True, True, False]))
    tensor(2.)
    """
    x = fold.floating(input, dtype)
    total = fold.sum(_kept(x, mask, 0), _dims(dim), keepdim)
    return divide(total, astype(_count(x, mask, _dims(dim), keepdim), x.dtype))


@composite(space=_SPACE)
def logsumexp(
    input: Any, dim: Dims = None, *, keepdim: bool = False, dtype: Any = None, mask: Any = None
) -> Any:
    """log(sum(exp(x))).

    >>> ct.masked.logsumexp(ct.tensor([0.0, 9.0]), 0, mask=ct.tensor([True, False]))
    tensor(0.)
    """
    x = fold.floating(input, dtype)
    return fold.logsumexp(_kept(x, mask, -math.inf), _dims(dim), keepdim)


@composite(space=_SPACE)
def logaddexp(
    input: Any, other: Any, *, dtype: Any = None, input_mask: Any = None, other_mask: Any = None
) -> Any:
    """log(exp(input) + exp(other)), elementwise.

    >>> ct.masked.logaddexp(ct.tensor([0.0]), ct.tensor([0.0]))
    tensor([0.6931])
    """
    a, b = fold.floating(input, dtype), fold.floating(other, dtype)
    return entropy.logaddexp(_kept(a, input_mask, -math.inf), _kept(b, other_mask, -math.inf))


@composite(space=_SPACE)
def norm(
    input: Any, ord: float | None = 2.0, dim: Dims = None, *, keepdim: bool = False,
    dtype: Any = None, mask: Any = None,
) -> Any:  # fmt: skip
    """The norm of that order.

    >>> ct.masked.norm(ct.tensor([3.0, 4.0, 9.0]), 2, 0, mask=ct.tensor([True, True, False]))
    tensor(5.)
    """
    x = fold.floating(input, dtype)
    nothing = math.inf if ord == -math.inf else 0
    return norms.norm(_kept(x, mask, nothing), ord, _dims(dim), keepdim)


def _variance(
    operation: str, input: Any, dim: Dims, unbiased: bool | None, correction: float | None,
    keepdim: bool, dtype: Any, mask: Any,
) -> Any:  # fmt: skip
    if unbiased is not None and correction is not None:
        raise TypeError(f"{operation}: unbiased and correction are given; leave out one")
    if correction is None:
        correction = 1 if unbiased is None else int(unbiased)
    x = fold.floating(input, dtype)
    count = astype(_count(x, mask, _dims(dim), True), x.dtype)
    middle = divide(fold.sum(_kept(x, mask, 0), _dims(dim), True), count)
    squares = _kept(square(x - middle), mask, 0)
    total = fold.sum(squares, _dims(dim), keepdim)
    return divide(total, clip(reshape(count, total.shape) - correction, 0))


@composite(space=_SPACE)
def var(
    input: Any, dim: Dims = None, unbiased: bool | None = None, *, correction: float | None = None,
    keepdim: bool = False, dtype: Any = None, mask: Any = None,
) -> Any:  # fmt: skip
    """The variance, with a correction of 1 if none is given.

    >>> ct.masked.var(ct.tensor([1.0, 3.0, 9.0]), 0, mask=ct.tensor([True, True, False]))
    tensor(2.)
    """
    return _variance("var", input, dim, unbiased, correction, keepdim, dtype, mask)


@composite(space=_SPACE)
def std(
    input: Any, dim: Dims = None, unbiased: bool | None = None, *, correction: float | None = None,
    keepdim: bool = False, dtype: Any = None, mask: Any = None,
) -> Any:  # fmt: skip
    """The square root of `var`.

    >>> ct.masked.std(ct.tensor([1.0, 3.0, 9.0]), 0, mask=ct.tensor([True, True, False]))
    tensor(1.4142)
    """
    return sqrt(_variance("std", input, dim, unbiased, correction, keepdim, dtype, mask))


@composite(space=_SPACE)
def softmax(input: Any, dim: int, *, dtype: Any = None, mask: Any = None) -> Any:
    """exp(x) / sum(exp(x)) along `dim`; NaN where nothing counts.

    >>> ct.masked.softmax(ct.tensor([1.0, 1.0, 9.0]), 0, mask=ct.tensor([True, True, False]))[
    ...     :2
    ... ]
    tensor([0.5000, 0.5000])
    """
    return fold.softmax(_kept(fold.floating(input, dtype), mask, -math.inf), dim)


@composite(space=_SPACE)
def log_softmax(input: Any, dim: int, *, dtype: Any = None, mask: Any = None) -> Any:
    """The logarithm of `softmax`.

    >>> ct.masked.log_softmax(
    ...     ct.tensor([1.0, 1.0, 9.0]), 0, mask=ct.tensor([True, True, False])
    ... )[:2]
    tensor([-0.6931, -0.6931])
    """
    return fold.log_softmax(_kept(fold.floating(input, dtype), mask, -math.inf), dim)


@composite(space=_SPACE)
def softmin(input: Any, dim: int, *, dtype: Any = None, mask: Any = None) -> Any:
    """`softmax` of -input.

    >>> ct.masked.softmin(ct.tensor([1.0, 1.0, 9.0]), 0, mask=ct.tensor([True, True, False]))[
    ...     :2
    ... ]
    tensor([0.5000, 0.5000])
    """
    return fold.softmax(-_kept(fold.floating(input, dtype), mask, math.inf), dim)


@composite(space=_SPACE)
def normalize(
    input: Any, ord: float, dim: int, *, eps: float = 1e-12, dtype: Any = None, mask: Any = None
) -> Any:
    """x divided by its norm along `dim`, or by eps where that is smaller; 0 where masked out.

    >>> ct.masked.normalize(ct.tensor([3.0, 4.0]), 2.0, 0)
    tensor([0.6000, 0.8000])
    """
    x = fold.floating(input, dtype)
    length = norm(x, ord, dim, keepdim=True, mask=mask)
    return divide(_kept(x, mask, 0), clip(length, eps))

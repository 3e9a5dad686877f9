"""Spread and length: variance, standard deviation, norms."""

from __future__ import annotations

import math
from typing import Any

from cltensor.core.checks import NOT_GIVEN, normalize_axes
from cltensor.core.composite import composite
from cltensor.core.declare import pointwise
from cltensor.core.op import Op
from cltensor.dtypes import real_of
from cltensor.ops.elementwise.arithmetic import square
from cltensor.ops.elementwise.cast import astype
from cltensor.ops.elementwise.compare import eq, logical_or, not_equal
from cltensor.ops.elementwise.functions import sqrt
from cltensor.ops.elementwise.power import pow
from cltensor.ops.elementwise.rounding import abs_, direction, sign
from cltensor.ops.elementwise.select import where
from cltensor.ops.reduce.fold import (
    Axis,
    count_of,
    floating,
    max_over,
    mean,
    min_over,
    moments,
    restore,
    sum,
)
from cltensor.ops.shape.parts import imag, real
from cltensor.ops.shape.view import reshape

# ------------------------------------------------------------------------------- variance


def _arguments(
    operation: str, dim: Any, unbiased: Any, axis: Any, correction: float | None
) -> tuple[Axis, float]:
    """The axes, and by how much the number of elements is corrected.

    That is 1 as in PyTorch; with `axis`, NumPy's keyword, 0 as in NumPy.
    """
    by_axis = axis is not NOT_GIVEN
    if isinstance(dim, bool):
        if unbiased is not None:
            raise TypeError(f"{operation}: dim is {dim}, not an axis")
        dim, unbiased = None, dim
    if by_axis and dim is not None:
        raise TypeError(
            f"{operation}: dim and axis are given, which are one parameter; leave out one"
        )
    if unbiased is None:
        corrected = (0 if by_axis else 1) if correction is None else correction
    elif correction is not None:
        raise TypeError(f"{operation}: unbiased and correction are given; leave out one")
    elif not isinstance(unbiased, bool):
        raise TypeError(
            f"{operation}: unbiased is {unbiased!r}, not True or False; a number is correction="
        )
    else:
        corrected = int(unbiased)
    return axis if by_axis else dim, corrected


def _variance(operation: str, x: Any, axis: Axis, correction: float, keepdims: bool) -> Any:
    axes = normalize_axes(operation, axis, x.ndim)
    if x.dtype.kind == "c":  # the squared distance from the mean
        of_parts = [
            _variance(operation, part, axes, correction, keepdims) for part in (real(x), imag(x))
        ]
        return of_parts[0] + of_parts[1]
    count = count_of(operation, x, axes)
    degrees = count - correction
    factor = 1 / degrees if degrees > 0 else float("inf")
    if not count:
        return sum(x, axes, keepdims) * float("nan")
    _, squares = moments(x, axes)
    if not keepdims:
        squares = reshape(squares, tuple([n for d, n in enumerate(x.shape) if d not in axes]))
    return squares * factor


@composite
def var(
    x: Any, dim: Axis = None, unbiased: bool | None = None, keepdim: bool = False, *,
    correction: float | None = None, axis: Any = NOT_GIVEN,
) -> Any:  # fmt: skip
    """The variance over `dim` (all for None): sum((x - mean)^2) / max(0, n - correction).

    correction is 1 as in PyTorch, or 0 with unbiased=False; with `axis`, NumPy's keyword, it is 0
    unless given. ``var(True)`` is var(unbiased=True). NaN for nothing.

    >>> ct.var(ct.tensor([1.0, 3.0]))
    tensor(2.)
    """
    axes, correction = _arguments("var", dim, unbiased, axis, correction)
    return _variance("var", floating(x), axes, correction, keepdim)


# No spread, no direction: the gradient where all elements are equal is 0, as PyTorch's.
_spread_of = pointwise(
    "spread_of(x)", "sqrt(x)", "float",
    dx=lambda g, out: where(eq(out, 0), 0, g * 0.5 / out),
)  # fmt: skip


@composite
def std(
    x: Any, dim: Axis = None, unbiased: bool | None = None, keepdim: bool = False, *,
    correction: float | None = None, axis: Any = NOT_GIVEN,
) -> Any:  # fmt: skip
    """The square root of `var` with the same arguments.

    >>> ct.std(ct.tensor([1.0, 3.0]))
    tensor(1.4142)
    """
    axes, correction = _arguments("std", dim, unbiased, axis, correction)
    return _spread_of(_variance("std", floating(x), axes, correction, keepdim))


@composite(method=False)
def var_mean(
    x: Any, dim: Axis = None, unbiased: bool | None = None, keepdim: bool = False, *,
    correction: float | None = None, axis: Any = NOT_GIVEN,
) -> tuple[Any, Any]:  # fmt: skip
    """`var` and `mean` over the same axes.

    >>> ct.var_mean(ct.tensor([1.0, 3.0]))
    (tensor(2.), tensor(2.))
    """
    axes, correction = _arguments("var_mean", dim, unbiased, axis, correction)
    x = floating(x)
    return _variance("var_mean", x, axes, correction, keepdim), mean(x, axes, keepdim)


@composite(method=False)
def std_mean(
    x: Any, dim: Axis = None, unbiased: bool | None = None, keepdim: bool = False, *,
    correction: float | None = None, axis: Any = NOT_GIVEN,
) -> tuple[Any, Any]:  # fmt: skip
    """`std` and `mean` over the same axes.

    >>> ct.std_mean(ct.tensor([1.0, 3.0]))
    (tensor(1.4142), tensor(2.))
    """
    axes, correction = _arguments("std_mean", dim, unbiased, axis, correction)
    x = floating(x)
    spread = _spread_of(_variance("std_mean", x, axes, correction, keepdim))
    return spread, mean(x, axes, keepdim)


# ---------------------------------------------------------------------------------- norms


def _norm_run(x: Any, p: float, axis: Axis, keepdims: bool) -> Any:
    if p == 0:
        return astype(sum(not_equal(x, 0), axis, keepdims), real_of(x.dtype))
    if x.dtype.kind == "c":
        x = abs_(x)
    if p == 2:
        return sqrt(sum(square(x), axis, keepdims))
    size = abs_(x)
    if p == 1:
        return sum(size, axis, keepdims)
    if math.isinf(p):
        return (max_over if p > 0 else min_over)(size, axis, keepdims)
    return pow(sum(pow(size, p), axis, keepdims), 1 / p)


def _norm_rule(g: Any, x: Any, out: Any, p: float, axis: Axis) -> Any:
    """g sign(x) (|x| / out)^(p - 1), and 0 where |x| or out is 0; of complex numbers sgn(x)."""
    if x.dtype.kind == "c":
        return direction(x) * _norm_rule(g, abs_(x), out, p, axis)
    g, length = restore(g, x.shape, axis), restore(out, x.shape, axis)
    if p == 0:
        return g * (0 * sign(x))
    if p == 1:
        return g * sign(x)
    if math.isinf(p):
        hit = astype(eq(abs_(x), length), x.dtype)
        return sign(x) * hit * (g / sum(hit, axis, True))
    nothing = eq(length, 0)
    length = where(nothing, 1, length)
    if p == 2:
        return g * (x / length)
    nothing = logical_or(nothing, eq(x, 0))
    ratio = where(nothing, 1, abs_(x)) / length
    return where(nothing, 0, g * sign(x) * pow(ratio, p - 1))


#: The p-norm over axes; `ops.linalg.norms` has the functions.
norm_over: Op = Op("norm(x, p, axis, keepdims)", _norm_run, {"dx": _norm_rule})

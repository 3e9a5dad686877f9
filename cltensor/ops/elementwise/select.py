"""One of several elements: by a condition, by size, or held between bounds."""

from __future__ import annotations

from typing import Any

import numpy as np

from cltensor.core.composite import composite
from cltensor.core.declare import pointwise
from cltensor.core.op import Op, require_tensor
from cltensor.errors import ShapeError
from cltensor.ops.elementwise.cast import astype, clone, flat, scalar_of
from cltensor.ops.elementwise.compare import eq, greater, greater_equal, less, less_equal, not_equal


def _ties(g: Any, a: Any, b: Any, loses: Any) -> Any:
    """The share of g that goes to the operand, 0 where it `loses`; equals get half each. Where one
    is NaN none loses, and both get all, as in PyTorch."""
    return where(eq(a, b), g * 0.5, where(loses, flat(g), g))


maximum = pointwise(
    "maximum(a, b)", "(a > b || a != a) ? a : b",
    da=lambda g, a, b: _ties(g, a, b, less(a, b)),
    db=lambda g, a, b: _ties(g, a, b, greater(a, b)),
)  # fmt: skip
minimum = pointwise(
    "minimum(a, b)", "(a < b || a != a) ? a : b",
    da=lambda g, a, b: _ties(g, a, b, greater(a, b)),
    db=lambda g, a, b: _ties(g, a, b, less(a, b)),
)  # fmt: skip
_where: Op = pointwise(
    "where(condition, a, b)",
    {**dict.fromkeys("biuf", "condition != 0 ? a : b"), "c": "condition.s0 != 0 ? a : b"},
    da=lambda g, condition: _where(condition, g, flat(g)),
    db=lambda g, condition: _where(condition, flat(g), g),
)  # fmt: skip


def where(condition: Any, a: Any, b: Any) -> Any:
    """a where `condition` holds, b elsewhere; what index/where.py makes public."""
    if not isinstance(condition, (bool, int, np.generic)):
        require_tensor("where", "condition", condition)
        if condition.dtype.kind != "b":
            condition = not_equal(condition, 0)
    return _where(condition, a, b)


@composite
def masked_fill(x: Any, mask: Any, value: Any) -> Any:
    """x with `value`, a number or a tensor of no dimensions, where `mask` holds.

    The dtype of x stays: `value` is cast to it. Raises DTypeError for a number that it does not
    hold, ShapeError for a value with dimensions.

    >>> ct.masked_fill(ct.zeros(2), ct.tensor([True, False]), 9.0)
    tensor([9., 0.])
    """
    if isinstance(value, (bool, int, float, complex, np.generic)):
        value = scalar_of("masked_fill", value, x.dtype)
    else:
        require_tensor("masked_fill", "value", value)
        if value.ndim:
            raise ShapeError(
                f"masked_fill: a value of shape {tuple(value.shape)} is not one number; use "
                "where(mask, value, x)"
            )
        value = astype(value, x.dtype)
    return where(mask, value, x)


# A bound that is NaN makes every result NaN.
_clip_low = pointwise(
    "clip_low(x, low)", "(x < low || low != low) ? low : x",
    dx=lambda g, x, low: where(greater_equal(x, low), g, flat(g)),
    dlow=lambda g, x, low: where(less(x, low), g, flat(g)),
)  # fmt: skip
_clip_high = pointwise(
    "clip_high(x, high)", "(x > high || high != high) ? high : x",
    dx=lambda g, x, high: where(less_equal(x, high), g, flat(g)),
    dhigh=lambda g, x, high: where(greater(x, high), g, flat(g)),
)  # fmt: skip


@composite
def clip(x: Any, min: Any = None, max: Any = None) -> Any:
    """x held between `min` and `max`, numbers or tensors; None leaves a side open, and both a copy.

    NaN stays NaN, and where a bound is NaN so is the result. Where min > max the result is max.

    >>> ct.clamp(ct.tensor([-2.0, 0.5, 2.0]), -1, 1)
    tensor([-1.0000,  0.5000,  1.0000])
    """
    if min is None:
        return clone(x) if max is None else _clip_high(x, max)
    x = _clip_low(x, min)
    return x if max is None else _clip_high(x, max)


clamp = clip


@composite
def clamp_min(x: Any, min: Any) -> Any:
    """x, and `min` where x is below it.

    >>> ct.clamp_min(ct.tensor([1, 5]), 3)
    tensor([3, 5])
    """
    return clip(x, min)


@composite
def clamp_max(x: Any, max: Any) -> Any:
    """x, and `max` where x is above it.

    >>> ct.clamp_max(ct.tensor([1, 5]), 3)
    tensor([1, 3])
    """
    return clip(x, None, max)

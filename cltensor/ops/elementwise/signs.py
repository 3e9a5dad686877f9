"""Parts of floating-point numbers, their signs, and what stands for infinities and NaN."""

from __future__ import annotations

from typing import Any

from cltensor import dtypes, return_types
from cltensor.core.composite import composite
from cltensor.core.declare import pointwise
from cltensor.core.op import Op
from cltensor.halves import limits_of
from cltensor.ops.elementwise.arithmetic import multiply, positive
from cltensor.ops.elementwise.cast import astype, flat
from cltensor.ops.elementwise.compare import isfinite
from cltensor.ops.elementwise.functions import exp2
from cltensor.ops.elementwise.select import where

frac = pointwise(
    "frac(x)", "x - trunc(x)", accepts="f", dx=lambda g: g,
    doc="What is behind the point, with the sign of x.",
)  # fmt: skip
signbit = pointwise(
    "signbit(x)", {"f": "signbit(x) != 0", "i": "x < 0", "u": "0", "b": "0"}, "bool",
    doc="Whether the sign is set: of -0 it is.",
)  # fmt: skip
isposinf = pointwise(
    "isposinf(x)", {"f": "x == INFINITY", "i": "0", "u": "0", "b": "0"}, "bool",
    doc="Whether x is infinity.",
)  # fmt: skip
isneginf = pointwise(
    "isneginf(x)", {"f": "x == -INFINITY", "i": "0", "u": "0", "b": "0"}, "bool",
    doc="Whether x is minus infinity.",
)  # fmt: skip

_WHOLE = "(x == 0 || x - x != 0)"
_mantissa: Op = pointwise(
    "mantissa(x)", f"{_WHOLE} ? x : (T)ldexp(x, -(ilogb(x) + 1))", accepts="f",
    dx=lambda g, x: g * exp2(-_exponent(x)),
)  # fmt: skip
_exponent: Op = pointwise(
    "exponent(x)", f"{_WHOLE} ? (T)0 : (T)(ilogb(x) + 1)", accepts="f", dx=flat
)
_finite: Op = pointwise(
    "finite(x, nan, high, low)", "x != x ? nan : x == INFINITY ? high : x == -INFINITY ? low : x",
    accepts="f", dx=lambda g, x: where(isfinite(x), g, 0),
)  # fmt: skip


@composite
def frexp(x: Any) -> return_types.frexp:
    """x as mantissa * 2^exponent, the mantissa's magnitude from 0.5 to below 1; of 0, infinities
    and NaN the exponent is 0. The exponent, int32, is not differentiable.

    >>> ct.frexp(ct.tensor([8.0]))
    frexp(mantissa=tensor([0.5000]), exponent=tensor([4], dtype=int32))
    """
    mantissa = _mantissa(x)
    return return_types.frexp(mantissa, astype(_exponent(x.detach()), dtypes.int32))


@composite
def nan_to_num(
    x: Any, nan: float | None = None, posinf: float | None = None, neginf: float | None = None
) -> Any:
    """x with numbers for NaN (0 if not given) and the infinities (the largest and the least of the
    dtype).

    >>> ct.nan_to_num(ct.tensor([math.nan, 1.0]))
    tensor([0., 1.])
    """
    if x.dtype.kind != "f":
        return positive(x)
    limits = limits_of(x.dtype)
    high = float(limits.max) if posinf is None else posinf
    low = float(limits.min) if neginf is None else neginf
    return _finite(x, 0.0 if nan is None else nan, high, low)


@composite
def deg2rad(x: Any) -> Any:
    """Degrees as radians.

    >>> ct.deg2rad(ct.tensor([180.0]))
    tensor([3.1416])
    """
    return multiply(x, 0.017453292519943295)


@composite
def rad2deg(x: Any) -> Any:
    """Radians as degrees.

    >>> ct.rad2deg(ct.tensor([3.14159265]))
    tensor([180.])
    """
    return multiply(x, 57.29577951308232)

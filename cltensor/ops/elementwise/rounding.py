"""Rounding, signs and magnitudes."""

from __future__ import annotations

from typing import Any

from cltensor.core.checks import whole
from cltensor.core.declare import pointwise
from cltensor.core.op import Op
from cltensor.ops.elementwise.cast import conj, flat
from cltensor.ops.elementwise.compare import eq
from cltensor.ops.elementwise.select import where

abs_ = pointwise(
    "abs(x)", {"f": "fabs(x)", "i": "x < 0 ? -x : x", "u": "x", "c": "cx_abs(x)"}, "real",
    accepts="iuf",
    dx=lambda g, x: g * direction(x),
)  # fmt: skip
_SIGN = "(T)((x > 0) - (x < 0))"
sign: Op = pointwise(
    "sign(x)",
    {"f": f"x != x ? x : {_SIGN}", "i": _SIGN, "u": "(T)(x > 0)", "b": "x"},
    dx=flat,
)


def _sgn_rule(g: Any, x: Any, out: Any) -> Any:
    """Of complex numbers, the part of g across the direction of x, by |x|; flat where x is real,
    and at 0."""
    if x.dtype.kind != "c":
        return flat(g)
    across = g - out * (g * conj(out)).real
    size = abs_(x)
    nothing = eq(size, 0)
    return where(nothing, flat(g), across / where(nothing, 1, size))


sgn: Op = pointwise(
    "sgn(x)",
    {"f": f"x != x ? x : {_SIGN}", "i": _SIGN, "u": "(T)(x > 0)", "b": "x", "c": "cx_sgn(x)"},
    dx=_sgn_rule,
)
sgn.holomorphic = False


_abs_slope: Op = pointwise("abs_slope(x)", _SIGN, dx=flat)
_abs_slope.public = False


def direction(x: Any) -> Any:
    """The derivative of magnitudes: `sgn` of complex numbers, `sign` of real ones, but 0 for NaN,
    as in PyTorch."""
    return sgn(x) if x.dtype.kind == "c" else _abs_slope(x)


floor = pointwise("floor(x)", {"f": "floor(x)", "i": "x", "u": "x"}, accepts="iuf", dx=flat)
ceil = pointwise("ceil(x)", {"f": "ceil(x)", "i": "x", "u": "x"}, accepts="iuf", dx=flat)
trunc: Op = pointwise("trunc(x)", {"f": "trunc(x)", "i": "x", "u": "x"}, accepts="iuf", dx=flat)
round_ = pointwise(
    "round(x)", {"f": "rint(x)", "i": "x", "u": "x", "c": "(T)(rint(x.s0), rint(x.s1))"},
    accepts="iuf", dx=flat,
)  # fmt: skip
copysign = pointwise(
    "copysign(a, b)", "copysign(a, b)", "float", da=lambda g, a, out: g * sign(a) * sign(out),
    db=flat,
)  # fmt: skip
absolute, fix = abs_, trunc  # PyTorch's and NumPy's other names

_DECIMALS = 300  # beyond, their power of ten is no float64


@round_.option("decimals")
def _round_at(x: Any, decimals: int) -> Any:
    """x rounded to that many decimal places; half goes to the even neighbour."""
    decimals = whole("round", "decimals", decimals, -_DECIMALS, _DECIMALS)
    if decimals == 0 or x.dtype.kind in "iu":
        return round_(x)
    scale = 10.0 ** abs(decimals)
    return round_(x * scale) / scale if decimals > 0 else round_(x / scale) * scale

"""Functions of analysis: exponentials, logarithms, roots, angles and the error function."""

from __future__ import annotations

from typing import Any

from cltensor.core.declare import pointwise
from cltensor.core.op import Op
from cltensor.ops.elementwise.cast import flat
from cltensor.ops.elementwise.compare import eq
from cltensor.ops.elementwise.select import where

# Exponentials, powers and logarithms.
exp = pointwise("exp(x)", "exp(x)", "float", dx=lambda g, out: g * out)
exp2 = pointwise("exp2(x)", "exp2(x)", "float", dx=lambda g, out: g * out * 0.6931471805599453)
expm1 = pointwise("expm1(x)", "expm1(x)", "float", dx=lambda g, out: g * (out + 1))
log: Op = pointwise("log(x)", "log(x)", "float", dx=lambda g, x: g / x)
log2 = pointwise("log2(x)", "log2(x)", "float", dx=lambda g, x: g / (x * 0.6931471805599453))
log10 = pointwise("log10(x)", "log10(x)", "float", dx=lambda g, x: g / (x * 2.302585092994046))
log1p = pointwise("log1p(x)", "log1p(x)", "float", dx=lambda g, x: g / (x + 1))
sqrt = pointwise("sqrt(x)", "sqrt(x)", "float", dx=lambda g, out: g * 0.5 / out)
rsqrt = pointwise("rsqrt(x)", "rsqrt(x)", "float", dx=lambda g, out: g * -0.5 * out * out * out)
hypot = pointwise(
    "hypot(a, b)", "hypot(a, b)", "float",
    da=lambda g, a, out: g * a / out, db=lambda g, b, out: g * b / out,
)  # fmt: skip

# Trigonometric and hyperbolic functions.
sin = pointwise("sin(x)", "sin(x)", "float", dx=lambda g, x: g * cos(x))
cos: Op = pointwise("cos(x)", "cos(x)", "float", dx=lambda g, x: -g * sin(x))
tan = pointwise("tan(x)", "tan(x)", "float", dx=lambda g, out: g * (1 + out * out))
asin = pointwise("asin(x)", "asin(x)", "float", dx=lambda g, x: g * rsqrt(1 - x * x))
acos = pointwise("acos(x)", "acos(x)", "float", dx=lambda g, x: -g * rsqrt(1 - x * x))
atan = pointwise("atan(x)", "atan(x)", "float", dx=lambda g, x: g / (1 + x * x))
sinh = pointwise("sinh(x)", "sinh(x)", "float", dx=lambda g, x: g * cosh(x))
cosh: Op = pointwise("cosh(x)", "cosh(x)", "float", dx=lambda g, x: g * sinh(x))
tanh = pointwise("tanh(x)", "tanh(x)", "float", dx=lambda g, out: g * (1 - out * out))
asinh = pointwise("asinh(x)", "asinh(x)", "float", dx=lambda g, x: g * rsqrt(x * x + 1))
acosh = pointwise("acosh(x)", "acosh(x)", "float", dx=lambda g, x: g * rsqrt(x * x - 1))
atanh = pointwise("atanh(x)", "atanh(x)", "float", dx=lambda g, x: g / (1 - x * x))
atan2 = pointwise(
    "atan2(a, b)", "atan2(a, b)", "float",
    da=lambda g, a, b: _per_square(g * b, a, b), db=lambda g, a, b: _per_square(-g * a, a, b),
)  # fmt: skip


def _per_square(x: Any, a: Any, b: Any) -> Any:
    """x / (a^2 + b^2), and 0 at the origin, where atan2 has no slope."""
    squares = a * a + b * b
    origin = eq(squares, 0)
    return where(origin, flat(x), x / where(origin, 1, squares))


erf = pointwise(
    "erf(x)",
    "ct_erf(x)",
    "float",
    dx=lambda g, x: g * (1.1283791670955126 * exp(-(x * x))),
    doc="The error function, elementwise. Accurate to 3 ulp.",
)

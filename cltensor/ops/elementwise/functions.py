"""Functions of analysis: exponentials, logarithms, roots, angles and the error function."""

from __future__ import annotations

from typing import Any

from cltensor.core.declare import pointwise
from cltensor.core.op import Op
from cltensor.ops.elementwise.cast import flat
from cltensor.ops.elementwise.compare import eq
from cltensor.ops.elementwise.select import where


def _both(text: str, of_complex: str = "") -> dict[str, str]:
    """C for floats, and for complex numbers: of_complex, or the function cx_... of that name."""
    return {"f": text, "c": of_complex or f"cx_{text}"}


# Exponentials, powers and logarithms.
exp = pointwise("exp(x)", _both("exp(x)"), "float", dx=lambda g, out: g * out)
exp2 = pointwise(
    "exp2(x)",
    _both("exp2(x)", "cx_exp(cx_scaled(x, 0.6931471805599453))"),
    "float",
    dx=lambda g, out: g * out * 0.6931471805599453,
)
expm1 = pointwise("expm1(x)", _both("expm1(x)"), "float", dx=lambda g, out: g * (out + 1))
log: Op = pointwise("log(x)", _both("log(x)"), "float", dx=lambda g, x: g / x)
log2 = pointwise(
    "log2(x)",
    _both("log2(x)", "cx_scaled(cx_log(x), 1.4426950408889634)"),
    "float",
    dx=lambda g, x: g / (x * 0.6931471805599453),
)
log10 = pointwise(
    "log10(x)",
    _both("log10(x)", "cx_scaled(cx_log(x), 0.4342944819032518)"),
    "float",
    dx=lambda g, x: g / (x * 2.302585092994046),
)
log1p = pointwise("log1p(x)", _both("log1p(x)"), "float", dx=lambda g, x: g / (x + 1))
sqrt = pointwise("sqrt(x)", _both("sqrt(x)"), "float", dx=lambda g, out: g * 0.5 / out)
rsqrt = pointwise(
    "rsqrt(x)", _both("rsqrt(x)"), "float", dx=lambda g, out: g * -0.5 * out * out * out
)
hypot = pointwise(
    "hypot(a, b)", "hypot(a, b)", "float",
    da=lambda g, a, out: g * a / out, db=lambda g, b, out: g * b / out,
)  # fmt: skip

# Trigonometric and hyperbolic functions.
sin = pointwise("sin(x)", _both("sin(x)"), "float", dx=lambda g, x: g * cos(x))
cos: Op = pointwise("cos(x)", _both("cos(x)"), "float", dx=lambda g, x: -g * sin(x))
tan = pointwise("tan(x)", _both("tan(x)"), "float", dx=lambda g, out: g * (1 + out * out))
asin = pointwise("asin(x)", _both("asin(x)"), "float", dx=lambda g, x: g * rsqrt(1 - x * x))
acos = pointwise("acos(x)", _both("acos(x)"), "float", dx=lambda g, x: -g * rsqrt(1 - x * x))
atan = pointwise("atan(x)", _both("atan(x)"), "float", dx=lambda g, x: g / (1 + x * x))
sinh = pointwise("sinh(x)", _both("sinh(x)"), "float", dx=lambda g, x: g * cosh(x))
cosh: Op = pointwise("cosh(x)", _both("cosh(x)"), "float", dx=lambda g, x: g * sinh(x))
tanh = pointwise("tanh(x)", _both("tanh(x)"), "float", dx=lambda g, out: g * (1 - out * out))
asinh = pointwise("asinh(x)", _both("asinh(x)"), "float", dx=lambda g, x: g * rsqrt(x * x + 1))
acosh = pointwise("acosh(x)", _both("acosh(x)"), "float", dx=lambda g, x: g * _acosh_slope(x))
atanh = pointwise("atanh(x)", _both("atanh(x)"), "float", dx=lambda g, x: g / (1 - x * x))
atan2 = pointwise(
    "atan2(a, b)", "atan2(a, b)", "float",
    da=lambda g, a, b: _per_square(g * b, a, b), db=lambda g, a, b: _per_square(-g * a, a, b),
)  # fmt: skip
# PyTorch's and NumPy's other names.
arcsin, arccos, arctan, arctan2 = asin, acos, atan, atan2
arcsinh, arccosh, arctanh = asinh, acosh, atanh


def _acosh_slope(x: Any) -> Any:
    """1 / sqrt(x^2 - 1); of complex numbers the factors apart, whose product has the branch cut."""
    if x.dtype.kind == "c":
        return rsqrt(x + 1) * rsqrt(x - 1)
    return rsqrt(x * x - 1)


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
